"""Rows of old events -> the writes of one request: each event goes, and a roll-up takes them in.

What is decided is decided inside the commit's transaction: an event that has changed since it was
looked at stays, and only what really goes is added to the roll-up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runwell.model import AttemptsRule, Event, Rule, Write
from runwell.model.rollup import Member, outline, pack, unpack
from runwell.retention.aged import SAME, UNCOUNTED

Row = Mapping[str, Any]  # FIELDS of aged.py
Keeps = Callable[[Event], Event]


@dataclass(slots=True)
class Retirement:
    """What a request takes out, filled by its rules as they are applied."""

    source: str
    rows: Sequence[Row]
    taken: dict[int, tuple[Row, Event]] = field(default_factory=dict)  # by arrival

    def removals(self) -> list[Write]:
        """A write for each id: all attempts of it go, or none."""
        by_id: dict[tuple[str, str], dict[int, Row]] = {}
        for row in self.rows:
            by_id.setdefault((row["scope"], row["id"]), {})[row["attempt"]] = row
        return [write for rows in by_id.values() for write in self._of_id(rows)]

    def _of_id(self, rows: Mapping[int, Row]) -> Iterable[Write]:
        if 1 in rows:
            key = self._key(rows[1])
            yield Write(key, attempts=self._take_all(rows))
        else:  # a part of its attempts went before
            for row in rows.values():
                yield Write(self._key(row), self._take(row))

    def _key(self, row: Row) -> Event:
        return Event(source=self.source, scope=row["scope"], id=row["id"], attempt=row["attempt"])

    def _take(self, row: Row) -> Rule:
        def rule(stored: Event | None, incoming: Event) -> Event | None:  # noqa: ARG001 - only the key counts
            self.taken.pop(row["arrival"], None)  # of a commit that failed and is tried again
            if stored is None or not _is_same(stored, row):
                return stored
            self.taken[row["arrival"]] = row, stored
            return None

        return rule

    def _take_all(self, rows: Mapping[int, Row]) -> AttemptsRule:
        def rule(stored: Sequence[Event], incoming: Event) -> Sequence[Event]:  # noqa: ARG001 - only the key counts
            for row in rows.values():
                self.taken.pop(row["arrival"], None)
            known = [(rows.get(event.attempt), event) for event in stored]
            if not all(row and _is_same(event, row) for row, event in known):
                return stored
            self.taken |= {row["arrival"]: (row, event) for row, event in known if row}
            return []

        return rule

    def merged(self, keeps: Keeps, tags: Collection[str], counted_before: Collection[int]) -> Rule:
        """A rule of the roll-up: it holds what it held, and what the request takes out.

        What is in a roll-up already under its arrival, `counted_before`, is not counted again.
        """

        def rule(stored: Event | None, incoming: Event) -> Event | None:
            members = unpack(stored) if stored else []
            known = {member.arrival for member in members}.union(counted_before)
            more = [
                Member(arrival, row["received"], outline(keeps(event), tags))
                for arrival, (row, event) in self.taken.items()
                if arrival not in known and event.kind not in UNCOUNTED
            ]
            return pack(stored or incoming, [*members, *more]) if more else stored

        return rule


def _is_same(event: Event, row: Row) -> bool:
    return all(getattr(event, name) == row[name] for name in SAME)
