"""Small builders: an event or a write with only what a test is about."""

from __future__ import annotations

from typing import Any

from runwell.model import Event, Rule, Write, keep_stored

NOON_US = 1_767_268_800_000_000  # 2026-01-01T12:00:00Z
HOUR_US = 3_600_000_000


def an_event(id: str = "1", **fields: Any) -> Event:  # noqa: A002 - the field's name
    """An event of the source "test"."""
    return Event(**{"source": "test", "scope": "tests", "id": id, **fields})


def remove(stored: Event | None, incoming: Event) -> None:
    """A rule: nothing is left."""
    return


def a_write(id: str = "1", rule: Rule = keep_stored, **fields: Any) -> Write:  # noqa: A002
    """A write of such an event."""
    return Write(an_event(id, **fields), rule)
