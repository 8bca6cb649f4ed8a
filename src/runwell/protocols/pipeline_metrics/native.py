"""An event of this source that came by our own API: its relations must be able to show it. Pure."""

from __future__ import annotations

from runwell.errors import BadEvent
from runwell.model import Event, Kind

INT64, INT64_CHARS = 2**63, 20
INT32 = 2**31
TRUTHS = ("true", "false")


def admit(event: Event) -> Event:
    """The event itself.

    Raises:
        BadEvent: a relation of views.sql could not cast what it holds, and would fail for all.
    """
    for name in ("chain", "id") if event.kind is Kind.PIPELINE else ("chain",):
        if not _is_number(getattr(event, name)):
            raise BadEvent(name, "the whole number that the pipeline is known by")
    for name, value in event.metrics.items():
        if not -INT32 <= value <= INT32 - 1:
            raise BadEvent(f"metrics.{name}", "beyond 32 bits")
    for name in ("is_main", "has_restarts"):
        if any(text not in TRUTHS for text in event.tags.get(name, ())):
            raise BadEvent(f"tags.{name}", "true or false")
    return event


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(text) <= INT64_CHARS):
        return False
    return -INT64 <= int(text) < INT64
