"""Events in columns, and which of them a filter finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runwell.filter import Field, Filter
from runwell.filter.cel import BadExpression
from runwell.model import Event
from runwell.query import Query, Rows, Select, StoredPath, Type
from runwell.query.vocabulary import EVENTS as LANGUAGE
from runwell.store.columns import Columns, Stopper, open_columns
from runwell.store.columns.base import Additions
from runwell.store.ledger.base import REMOVED, Change, encode_event

# Some of what `cel_texts.py` asks about, as texts and as JSON.
PATHS = (
    *(
        StoredPath(steps, Type.TEXT)
        for steps in (
            *(("t",), ("n",), ("at",), ("b",), ("nil",), ("l", "0")),
            *(("o", "k"), ("o", "it's"), ("o", "~1"), ("o", ""), ("o", '"'), ("o", "{x}")),
        )
    ),
    *(StoredPath(steps, Type.JSON) for steps in (("o",), ("l",), ("o", "a/b~c"))),
)


class Asked:
    """Columns that hold the events that were put last."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._there: list[int] = []

    def put(self, events: Sequence[Event]) -> None:
        """Take in these events instead of those before."""
        seq = self._columns.applied()
        gone = [Change(seq + n, arrival, 1, REMOVED) for n, arrival in enumerate(self._there, 1)]
        seq += len(gone)
        self._there = [seq + n for n in range(1, len(events) + 1)]
        come = [
            Change(arrival, arrival, 1, encode_event(event).decode())
            for arrival, event in zip(self._there, events, strict=True)
        ]
        self._columns.apply(gone + come)

    def find(self, condition: Filter) -> list[str]:
        """The ids of the events where it holds, in the order in which they were put."""
        return self._columns.run(Select((Field("id"),), condition), Stopper()).first()

    def run(self, query: Query) -> Rows:
        """The answer to any question."""
        return self._columns.run(query, Stopper())

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        self._columns.close()

    def ask(self, text: str) -> list[str]:
        """The same of a filter in our own language."""
        return self.find(parsed(text))


def parsed(text: str) -> Filter:
    """The filter of a text that has one."""
    try:
        condition = LANGUAGE.parse(text)
    except BadExpression as error:
        raise AssertionError(f"{text}\n{error.message}") from error
    assert condition is not None
    return condition


def refusal(text: str) -> str:
    """What is said of a text that is no filter."""
    try:
        found = LANGUAGE.parse(text)
    except BadExpression as error:
        return error.message
    raise AssertionError(f"{text}: {found}")


def with_paths(folder: Path) -> Asked:
    """Columns that store PATHS."""
    added = Additions((), PATHS)
    return Asked(open_columns(f"duckdb:///{folder}/paths", "ledger", added=added, threads=1))
