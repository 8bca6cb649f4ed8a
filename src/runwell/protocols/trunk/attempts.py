"""Messages about one id -> its attempts, the same ones in whatever order the messages arrive. Pure.

A message tells when a run started (`created`) and maybe how it ended. All messages of an id, put
in the order of their starts, fall into attempts: one that started after the attempt before it had
ended is a new attempt, because build numbers restart when a job is made again and a retried stage
keeps its id. Within an attempt the message that knows more about the end wins, property by property
and name by name; what it leaves out stays as another message told it.

An attempt is stored as the event that its messages come to. Messages that still matter beside that
event are kept in its `memo`: a start whose own end may yet come, say. Usually there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from runwell.errors import TooLarge
from runwell.model import Event, Status

ATTEMPTS_MAX = 1_000
MESSAGES_MAX = 16  # of one attempt, as far as they matter; the two that know least become one
NAMES_MAX = 1_024  # metrics, or tags, that the messages of an attempt may come to
MILLISECOND_US = 1_000
WAITS = ("wait_ms", "queue_ms", "init_ms")
TEXTS = (
    *("chain", "parent", "name", "repo", "pipeline", "ref", "sha", "component", "platform"),
    "client",
)
OPEN = (Status.RUNNING, Status.STALE)

encode_memo = msgspec.json.Encoder().encode
decode_memo = msgspec.json.Decoder(list[Event]).decode

Rank = tuple[int, int, int]


def join_attempts(attempts: Sequence[Event], incoming: Event) -> Sequence[Event]:
    """A rule for all attempts of an id (see the top of this file).

    Raises:
        TooLarge: more attempts, or more metrics or tags, than anything honest has.
    """
    if not attempts:
        return [incoming]
    messages = {rank(message): message for attempt in attempts for message in _messages(attempt)}
    place = rank(incoming)
    known = messages.get(place)
    messages[place] = _overlaid(known, incoming) if known else incoming
    made = [_attempt(group) for group in _groups(messages.values())]
    if len(made) > ATTEMPTS_MAX:
        raise TooLarge(f"{incoming.id[:80]!r} names {ATTEMPTS_MAX} runs already; give each its id")
    return [_kept(attempts, event, number) for number, event in enumerate(made)]


def rank(event: Event) -> Rank:
    """When it started, and how much it knows of the end: nothing, that it is over, when."""
    if event.finished is not None:
        return event.created or 0, 2, event.finished
    return event.created or 0, 0 if event.status in OPEN else 1, 0


def timed(event: Event) -> Event:
    """The event with the times that follow from what it says.

    The wait is `wait_ms`, `queue_ms` or `init_ms`. The duration is `duration_ms` where it is above
    zero, else end minus start, and only known once the run is over; an end before the start is
    flagged by the metric `clock_skew_ms` and never becomes a negative duration.
    """
    created = event.created or 0
    waited = next((event.metrics[name] for name in WAITS if name in event.metrics), None)
    queued = None if waited is None else created - round(waited * MILLISECOND_US)
    skew = max(0, created - event.finished) if event.finished is not None else 0
    metrics = {name: value for name, value in event.metrics.items() if name != "clock_skew_ms"}
    if skew:
        metrics["clock_skew_ms"] = skew / MILLISECOND_US
    return msgspec.structs.replace(
        event,
        queued=queued if queued is not None and 0 <= queued <= created else None,
        duration=None if event.status in OPEN else _duration(event, created),
        metrics=metrics,
    )


def _duration(event: Event, created: int) -> int | None:
    if event.metrics.get("duration_ms", 0.0) > 0:
        return round(event.metrics["duration_ms"] * MILLISECOND_US)
    return None if event.finished is None else max(0, event.finished - created)


def _messages(attempt: Event) -> list[Event]:
    if attempt.memo:
        return decode_memo(attempt.memo)
    return [msgspec.structs.replace(attempt, attempt=1) if attempt.attempt > 1 else attempt]


def _groups(messages: Iterable[Event]) -> list[list[Event]]:
    """Messages by attempt, in the order of their starts."""
    groups: list[list[Event]] = []
    end: int | None = None  # of the newest group, as far as it is known
    for message in sorted(messages, key=rank):
        created = message.created or 0
        if not groups or (end is not None and created > end):
            groups.append([])
            end = None
        groups[-1].append(message)
        if message.finished is not None:
            end = max(end or 0, message.finished, created)
    return groups


def _attempt(group: list[Event]) -> Event:
    """The event that the messages of an attempt come to."""
    kept = _bounded(_without_covered(group))
    event = kept[0]
    for message in kept[1:]:
        event = _overlaid(event, message)
    if max(len(event.metrics), len(event.tags)) > NAMES_MAX:
        raise TooLarge(f"{event.id[:80]!r} would have more than {NAMES_MAX} metrics or tags")
    if len(kept) == 1:
        return event
    return msgspec.structs.replace(event, memo=encode_memo(kept).decode())


def _without_covered(group: list[Event]) -> list[Event]:
    """Least knowing first; without what a more knowing one of the same start makes needless."""
    ordered = sorted(group, key=lambda message: (rank(message)[1:], message.created))
    return [
        message
        for place, message in enumerate(ordered)
        if not any(
            message.created == other.created and _covers(other, message)
            for other in ordered[place + 1 :]
        )
    ]


def _covers(more: Event, less: Event) -> bool:
    """Does `more` say something wherever `less` does?"""
    return (
        less.metrics.keys() <= more.metrics.keys()
        and less.tags.keys() <= more.tags.keys()
        and less.links.keys() <= more.links.keys()
        and all(getattr(more, name) or not getattr(less, name) for name in TEXTS)
        and (more.status is not Status.UNKNOWN or less.status in (*OPEN, Status.UNKNOWN))
    )


def _bounded(messages: list[Event]) -> list[Event]:
    while len(messages) > MESSAGES_MAX:
        messages = [_overlaid(messages[0], messages[1]), *messages[2:]]
    return messages


def _overlaid(less: Event, more: Event) -> Event:
    """`more`, with what it leaves out from `less`."""
    is_told = more.status is not Status.UNKNOWN or less.status in OPEN
    return timed(
        msgspec.structs.replace(
            more,
            **{name: getattr(more, name) or getattr(less, name) for name in TEXTS},
            status=more.status if is_told else less.status,
            finished=less.finished if more.finished is None else more.finished,
            metrics=less.metrics | more.metrics,
            tags=less.tags | more.tags,
            links=less.links | more.links,
            attempt=1,
            memo="",
        )
    )


def _kept(attempts: Sequence[Event], made: Event, place: int) -> Event:
    """The stored attempt itself where nothing changed, so that nothing is written."""
    made = msgspec.structs.replace(made, attempt=place + 1)
    return attempts[place] if place < len(attempts) and attempts[place] == made else made
