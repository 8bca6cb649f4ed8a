"""An event of this source that came by our own API: it must be answerable by this one. Pure."""

from __future__ import annotations

from runwell.errors import BadEvent
from runwell.model import Event
from runwell.protocols.ets.merge import bounded
from runwell.protocols.ets.translate import SCOPE, SOURCE_ID


def admit(event: Event) -> Event:
    """The event itself.

    Raises:
        BadEvent: this API could not answer it, or not merge another one into it.
    """
    if event.attempt != 1:
        raise BadEvent("attempt", "an event has one")
    if event.scope != SCOPE:
        raise BadEvent("scope", f"{SCOPE!r} for every event")
    for name in ("started", "finished"):
        if getattr(event, name) is None:
            raise BadEvent(name, "is required; an event that is a moment ends when it starts")
    if event.tags.get(SOURCE_ID) == []:
        raise BadEvent(f"tags.{SOURCE_ID}", "is empty")
    return bounded(event)
