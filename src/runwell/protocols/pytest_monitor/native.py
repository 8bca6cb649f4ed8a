"""An event of this source that came by our own API: it must be answerable by this one. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runwell.errors import BadEvent
from runwell.model import Event, Kind
from runwell.protocols.pytest_monitor.errors import Malformed, ValidationFailed
from runwell.protocols.pytest_monitor.translate import read_context, read_metric, read_session

# What the lists of this API make answers of, by kind.
READS: dict[Kind, Callable[[str, str], Any]] = {
    Kind.TEST: read_metric,
    Kind.CONTEXT: read_context,
    Kind.SESSION: read_session,
}


def admit(event: Event) -> Event:
    """The event itself.

    Raises:
        BadEvent: its payload is not what this API answers.
    """
    if read := READS.get(event.kind):
        try:
            read(event.payload, event.chain)
        except ValidationFailed as error:
            ((field, problem), *_) = error.errors.items()
            raise BadEvent(f"payload.{field}".rstrip("."), problem) from error
        except Malformed as error:
            raise BadEvent("payload", f"not a {event.kind} as pytest-monitor sends it") from error
    return event
