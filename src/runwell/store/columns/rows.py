"""Changes of the ledger -> rows of the columns: one an event, one for each member of a roll-up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from runwell.model.rollup import is_rollup, unpack
from runwell.store.ledger.base import REMOVED, Change, decode_event, encode_event


class Row(NamedTuple):
    """What APPLY takes; called as its parameters."""

    seq: int
    arrival: int
    received: int
    document: str
    rollup: int | None = None  # arrival of the roll-up that it is a member of


def rows_of(changes: Iterable[Change]) -> Iterator[Row]:
    """The rows of these changes; a removed event has none."""
    for change in changes:
        if is_rollup(change.document):
            for arrival, received, event in unpack(decode_event(change.document)):
                document = encode_event(event).decode()
                yield Row(change.seq, arrival, received, document, change.arrival)
        elif change.document != REMOVED:
            yield Row(*change)
