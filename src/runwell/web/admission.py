"""Events as our own API takes them -> writes, and the rules of these. Pure: no request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import MAXYEAR, MINYEAR, tzinfo
from functools import partial
from typing import Any

import msgspec

from runwell.errors import AttemptGap, BadEvent
from runwell.model import Event, Kind, Status, Write
from runwell.model.times import EARLIEST_US, EPOCH, LATEST_US, MICROSECOND, read_moment
from runwell.web.native import SHOWN_CHARS, NativeEvent, bad

MICROSECONDS = 1_000_000
BLANKS = " \t\r\n"
LINE_BREAKS = str.maketrans("\r\n", "  ")
TEXTS = (
    *("uid", "chain", "parent", "event_type", "name", "repo", "namespace", "pipeline", "ref"),
    *("sha", "component", "platform", "description"),
)
TIMES = ("created", "queued", "started", "finished", "recorded", "updated")

Admit = Callable[[Event], Event]


def to_writes(
    sent: Sequence[NativeEvent], admits: Mapping[str, Admit], zone: tzinfo, client: str
) -> list[Write]:
    """A write for each event in its order; `admits` has what a protocol needs of its own.

    Raises:
        BadBody: names the place.
    """
    return [
        _to_write(one, f"events[{place}]", admits, zone, client) for place, one in enumerate(sent)
    ]


def _to_write(
    sent: NativeEvent, place: str, admits: Mapping[str, Admit], zone: tzinfo, client: str
) -> Write:
    event = _to_event(sent, place, zone, client)
    if admit := admits.get(event.source):
        try:
            event = admit(event)
        except BadEvent as error:
            raise bad(f"{place}.{error.pointer}", error.problem) from error
    if event.attempt == 1:
        return Write(event, stored_as)
    # all attempts of an id are asked for by the key of the first
    rule = partial(with_attempt, number=event.attempt)
    return Write(msgspec.structs.replace(event, attempt=1), attempts=rule)


def _to_event(sent: NativeEvent, place: str, zone: tzinfo, client: str) -> Event:
    fields: dict[str, Any] = {name: getattr(sent, name) or "" for name in TEXTS}
    for name in TIMES:
        if (text := getattr(sent, name)) is not None:
            fields[name] = _instant(text, f"{place}.{name}", zone)
    payload = bytes(sent.payload).decode().strip(BLANKS)
    return Event(
        source=sent.source,
        scope=sent.scope,
        id=sent.id,
        attempt=sent.attempt or 1,
        kind=sent.kind or Kind.EVENT,
        status=sent.status or Status.UNKNOWN,
        duration=None if sent.duration is None else to_microseconds(sent.duration),
        metrics=sent.metrics or {},
        tags={name: _values(value) for name, value in (sent.tags or {}).items()},
        links=sent.links or {},
        payload="" if payload == "null" else payload,
        client=client if sent.client is None else sent.client,
        **fields,
    )


def _values(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def _instant(text: str, place: str, zone: tzinfo) -> int:
    """An end may lie beyond the last start, by as much as the bounds of all events let it."""
    try:
        moment = read_moment(text)
    except ValueError as error:
        raise bad(place, f"not an RFC 3339 time: {text[:SHOWN_CHARS]!r}") from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    # the first and the last year that there are cannot be moved to every zone
    us = (aware - EPOCH) // MICROSECOND if MINYEAR < aware.year < MAXYEAR else -1
    if not us >= EARLIEST_US or (us >= LATEST_US and not place.endswith(".finished")):
        raise bad(place, f"not between 1970 and 2200: {text[:SHOWN_CHARS]!r}")
    return us


def to_microseconds(seconds: float) -> int:
    """The nearest microsecond: exact up to 272 years, no product of floats stands in between.

    >>> to_microseconds(3_600_000_000.000001)
    3600000000000001
    """
    numerator, denominator = seconds.as_integer_ratio()
    return (2 * MICROSECONDS * numerator + denominator) // (2 * denominator)


def stored_as(stored: Event | None, incoming: Event) -> Event:
    """A rule: new content takes the place of the stored one, the same content changes nothing.

    What only the protocol's own rules read stays, and who sent it is no content.
    """
    if stored is None:
        return incoming
    same = _is_same_text(stored.payload, incoming.payload)
    kept = msgspec.structs.replace(
        incoming,
        payload=stored.payload if same else incoming.payload,
        memo=stored.memo,
        owner=incoming.owner or stored.owner,
    )
    return stored if msgspec.structs.replace(kept, client=stored.client) == stored else kept


def _is_same_text(stored: str, incoming: str) -> bool:
    """A text that travelled in a line has lost its line breaks, and the blanks around it."""
    if stored == incoming:
        return True
    return stored.translate(LINE_BREAKS).strip() == incoming.translate(LINE_BREAKS).strip()


def with_attempt(attempts: Sequence[Event], incoming: Event, *, number: int) -> Sequence[Event]:
    """A rule for all attempts of an id: a known one is as `stored_as` says, the next one is added.

    Raises:
        AttemptGap: attempts have no gap in their numbers.
    """
    if number > len(attempts) + 1:
        raise AttemptGap(number, len(attempts))
    event = msgspec.structs.replace(incoming, attempt=number)
    known = attempts[number - 1] if number <= len(attempts) else None
    return [*attempts[: number - 1], stored_as(known, event), *attempts[number:]]
