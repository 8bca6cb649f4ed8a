"""What any event may hold, whoever made it: the last check before the queue. Pure."""

from __future__ import annotations

from collections.abc import Collection

from runwell.errors import BadEvent
from runwell.model.event import Event
from runwell.model.times import EARLIEST_US, LATEST_US

INT32 = 2**31
INT64 = 2**63
METRICS_MAX = 1_024
LINKS_MAX = 1_024
HOUR_US = 3_600_000_000
# An end may lie beyond the last start by as long as work takes.
LATEST_END_US = LATEST_US + 1_000_000 * HOUR_US


def check_event(event: Event, tags_max: int, key_chars_max: int, value_bytes_max: int) -> None:
    """Refuse what the columns could not take in, so that no event can ever stop the projector.

    Raises:
        BadEvent: names the field.
    """
    for name in ("created", "queued", "started", "finished", "recorded", "updated"):
        moment = getattr(event, name)
        if moment is not None and not EARLIEST_US <= moment < LATEST_END_US:
            raise BadEvent(name, "not between 1970 and 2200")
    if event.duration is not None and not -INT64 <= event.duration < INT64:
        raise BadEvent("duration", "out of range")
    if not 0 <= event.attempt < INT32:
        raise BadEvent("attempt", "out of range")
    _check_names("metrics", event.metrics, METRICS_MAX, key_chars_max)
    _check_names("tags", event.tags, tags_max, key_chars_max)
    _check_names("links", event.links, LINKS_MAX, key_chars_max)
    for key, values in event.tags.items():
        for value in values:
            _check_value(f"tags.{key}", value, value_bytes_max)
    for key, value in event.links.items():
        _check_value(f"links.{key}", value, value_bytes_max)


def _check_value(field: str, value: str, bytes_max: int) -> None:
    # a character is at most four bytes: most texts need no closer look
    if len(value) * 4 > bytes_max and len(value.encode()) > bytes_max:
        raise BadEvent(field, f"a value beyond {bytes_max} bytes")


def _check_names(field: str, names: Collection[str], most: int, chars_max: int) -> None:
    if len(names) > most:
        raise BadEvent(field, f"{len(names)} {field}; {most} is the most")
    for name in names:
        if len(name) > chars_max:
            raise BadEvent(field, f"a key of {len(name)} characters; {chars_max} is the most")
