"""Our own questions without a server around: columns that hold some events, and who asks them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from starlette.datastructures import Headers, QueryParams
from tests.filter.asking import Asked
from tests.store.engines import COLUMNS

from runwell.config import Config
from runwell.errors import Error
from runwell.filter.evaluate import evaluate
from runwell.http import Answer, Call
from runwell.model import Event
from runwell.query import Query, Rows
from runwell.web import events, series, summary
from runwell.web.problem import render_problem

RECEIVED_US = 1  # when every event was received

Asking = Mapping[str, str | Sequence[str]]


class Answering:
    """`/-/api/summary`, `series` and `events`, as their handlers answer them."""

    def __init__(self, folder: Path, engine: str = "duckdb", **settings: Any) -> None:
        self._asked = Asked(COLUMNS[engine](folder, "ledger"))
        self.put = self._asked.put
        self.close = self._asked.close
        services: Any = SimpleNamespace(config=Config(**settings), run=self.run)
        self._handles = {
            endpoint.path.removeprefix("/-/api/"): endpoint.handle
            for module in (summary, series, events)
            for endpoint in module.endpoints(services)
            if endpoint.method == "GET"
        }

    async def run(self, query: Query) -> Rows:
        """What services do, in this thread."""
        return self._asked.run(query)

    def ask(self, path: str, query: Asking) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        pairs = [
            (name, text)
            for name, texts in query.items()
            for text in ([texts] if isinstance(texts, str) else texts)
        ]
        call = Call(f"/-/api/{path}", {}, QueryParams(pairs), Headers({}))
        answer = asyncio.run(self._answer(path, call))
        return answer.status, json.loads(answer.body)

    async def _answer(self, path: str, call: Call) -> Answer:
        try:
            return await self._handles[path](call)
        except Error as error:
            return render_problem(error)

    def get(self, path: str, **query: str | Sequence[str]) -> Any:
        """The answer, which is a good one; `from_` is the parameter `from`."""
        status, body = self.ask(path, {name.rstrip("_"): text for name, text in query.items()})
        assert status == 200, body
        return body

    def refuse(self, path: str, **query: str | Sequence[str]) -> tuple[int, str, str]:
        """Status, pointer and detail of the problem."""
        status, body = self.ask(path, {name.rstrip("_"): text for name, text in query.items()})
        assert status >= 400, body
        return status, body["pointer"], body["detail"]


class Shown:
    """An event as questions see it, with what the store adds."""

    def __init__(self, event: Event, arrival: int) -> None:
        self.event, self.arrival, self.seq, self.received = event, arrival, arrival, RECEIVED_US
        times = (event.started, event.created, RECEIVED_US)
        self.time = next(us for us in times if us is not None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.event, name)

    def value(self, expression: Any) -> Any:
        """What an expression gives."""
        found = evaluate(expression, self)  # type: ignore[arg-type]
        return str(found) if isinstance(found, str) else found


def shown(events: Sequence[Event]) -> list[Shown]:
    """Events in the order of their arrival."""
    return [Shown(event, arrival) for arrival, event in enumerate(events, 1)]


def in_order(rows: Sequence[Any], orders: Sequence[tuple[Any, bool]]) -> list[Any]:
    """By each key, whether it descends; what has none comes last either way."""
    found = list(rows)
    for key, descending in reversed(orders):
        there = [row for row in found if key(row) is not None]
        missing = [row for row in found if key(row) is None]
        found = sorted(there, key=key, reverse=descending) + missing
    return found
