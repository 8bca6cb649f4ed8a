"""An event of this source that came by our own API: messages must find their place in it. Pure."""

from __future__ import annotations

from runwell.errors import BadEvent
from runwell.model import Event, Kind
from runwell.protocols.trunk.derived import WAITS
from runwell.protocols.trunk.translate import METRIC_MS_MAX


def admit(event: Event) -> Event:
    """The event itself.

    Raises:
        BadEvent: later messages about it could not be joined with it.
    """
    if event.created is None:
        raise BadEvent("created", "is required: attempts are told apart by it")
    if event.kind is Kind.SEQUENCE and event.attempt != 1:
        raise BadEvent("attempt", "a sequence has one")
    for name in ("duration_ms", *WAITS):
        if abs(event.metrics.get(name, 0.0)) > METRIC_MS_MAX:
            raise BadEvent(f"metrics.{name}", "out of range")
    return event
