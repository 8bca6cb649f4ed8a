"""Messages about one id -> its attempts, the same ones in whatever order the messages arrive. Pure.

A message tells when a run started (`created`) and maybe how it ended. All messages of an id, put
in the order of their starts, fall into attempts: one that started after the attempt before it had
ended is a new attempt, because build numbers restart when a job is made again and a retried stage
keeps its id. Within an attempt the message that knows more about the end wins, property by property
and name by name; what it leaves out stays as another message told it.

An attempt is stored as the event that its messages come to. Messages that still matter beside that
event are kept in its `memo`, without their payloads: a start whose own end may yet come, say.
Usually there are none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import reduce

import msgspec

from runwell.errors import TooLarge
from runwell.model import Event, Status
from runwell.protocols.trunk.derived import OPEN, derived

ATTEMPTS_MAX = 1_000
MESSAGES_MAX = 16  # of one attempt, as far as they matter; then the two that know least become one
MEMO_BYTES_MAX = 262_144
NAMES_MAX = 1_024  # metrics, or tags, that the messages of an attempt may come to
TEXTS = ("chain", "parent", "name", "repo", "ref", "component", "platform", "client")

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
    first, after, groups = _regrouped(attempts, incoming)
    made = [
        *(_kept(attempts, _attempt(group), place) for place, group in enumerate(groups, first)),
        *attempts[after:],
    ]
    if first + len(made) > ATTEMPTS_MAX:
        raise TooLarge(f"{incoming.id[:80]!r} names {ATTEMPTS_MAX} runs already; give each its id")
    return [*attempts[:first], *made]


def _regrouped(attempts: Sequence[Event], incoming: Event) -> tuple[int, int, list[list[Event]]]:
    """The attempts that a message can change, from the first of them up to `after`, grouped anew.

    Earlier attempts had ended before it; later ones begin after what is grouped here has ended.
    """
    first = max(0, bisect_right(attempts, incoming.created or 0, key=_start) - 1)
    messages = {rank(message): message for message in _messages(attempts[first])}
    place = rank(incoming)
    messages[place] = _overlaid(messages[place], incoming) if place in messages else incoming
    groups = Groups(messages.values())
    after = first + 1
    while after < len(attempts) and groups.reaches(_start(attempts[after])):
        groups.take(_messages(attempts[after]))
        after += 1
    return first, after, groups.found


class Groups:
    """Messages by attempt, in the order of their starts; what is taken later starts later."""

    def __init__(self, messages: Iterable[Event]) -> None:
        self.found: list[list[Event]] = []
        self._end: int | None = None  # when the last of them had ended, as far as it is known
        self.take(messages)

    def reaches(self, start: int) -> bool:
        """Does what starts then belong to the last attempt?"""
        return bool(self.found) and (self._end is None or start <= self._end)

    def take(self, messages: Iterable[Event]) -> None:
        """Put each message where it belongs.

        What is over at an unknown time was so at its start at the earliest.
        """
        for message in sorted(messages, key=rank):
            created = message.created or 0
            if not self.reaches(created):
                self.found.append([])
                self._end = None
            self.found[-1].append(message)
            if message.status not in OPEN:
                self._end = max(self._end or 0, message.finished or 0, created)


def _start(attempt: Event) -> int:
    if not attempt.memo:
        return attempt.created or 0
    return min(message.created or 0 for message in decode_memo(attempt.memo))


def rank(event: Event) -> Rank:
    """When it started, and how much it knows of the end: nothing, that it is over, when."""
    if event.finished is not None:
        return event.created or 0, 2, event.finished
    return event.created or 0, 0 if event.status in OPEN else 1, 0


def _messages(attempt: Event) -> list[Event]:
    if attempt.memo:
        *others, newest = decode_memo(attempt.memo)
        return [*others, msgspec.structs.replace(newest, payload=attempt.payload)]
    return [msgspec.structs.replace(attempt, attempt=1) if attempt.attempt > 1 else attempt]


def _attempt(group: list[Event]) -> Event:
    """The event that the messages of an attempt come to."""
    kept = _without_covered(group)
    spare = max(0, len(kept) - MESSAGES_MAX)
    kept = [reduce(_overlaid, kept[: spare + 1]), *kept[spare + 1 :]]
    memo = _memo(kept)
    while len(memo) > MEMO_BYTES_MAX:
        kept = [_overlaid(kept[0], kept[1]), *kept[2:]]
        memo = _memo(kept)
    event = kept[0]
    for message in kept[1:]:
        event = _overlaid(event, message)
    if max(len(event.metrics), len(event.tags)) > NAMES_MAX:
        raise TooLarge(f"{event.id[:80]!r} would have more than {NAMES_MAX} metrics or tags")
    return msgspec.structs.replace(event, memo=memo) if memo else event


def _memo(messages: list[Event]) -> str:
    """The messages, the most knowing last, if there is more than that one to remember."""
    if len(messages) == 1:
        return ""
    return encode_memo([msgspec.structs.replace(m, payload="") for m in messages]).decode()


def _without_covered(group: list[Event]) -> list[Event]:
    """Least knowing first; without what a more knowing one of the same start makes needless."""
    ordered = sorted(group, key=lambda message: (rank(message)[1:], message.created))
    by_start: dict[int | None, list[Event]] = {}
    for message in ordered:
        by_start.setdefault(message.created, []).append(message)
    needless = {
        id(message)
        for together in by_start.values()
        for place, message in enumerate(together)
        if any(_covers(other, message) for other in together[place + 1 :])
    }
    return [message for message in ordered if id(message) not in needless]


def _covers(more: Event, less: Event) -> bool:
    """Does `more` say something wherever `less` does?"""
    return (
        less.metrics.keys() <= more.metrics.keys()
        and less.tags.keys() <= more.tags.keys()
        and all(getattr(more, name) or not getattr(less, name) for name in TEXTS)
        and (more.status is not Status.UNKNOWN or less.status in (*OPEN, Status.UNKNOWN))
    )


def _overlaid(less: Event, more: Event) -> Event:
    """`more`, with what it leaves out from `less`."""
    is_told = more.status is not Status.UNKNOWN or less.status in OPEN
    return derived(
        msgspec.structs.replace(
            more,
            kind=more.kind if more.component else less.kind,
            **{name: getattr(more, name) or getattr(less, name) for name in TEXTS},
            status=more.status if is_told else less.status,
            finished=less.finished if more.finished is None else more.finished,
            metrics=less.metrics | more.metrics,
            tags=less.tags | more.tags,
            attempt=1,
            memo="",
        )
    )


def _kept(attempts: Sequence[Event], made: Event, place: int) -> Event:
    """The stored attempt itself where nothing changed, so that nothing is written.

    What became stale stays so until something new is told of it.
    """
    known = attempts[place] if place < len(attempts) else None
    made = msgspec.structs.replace(made, attempt=place + 1)
    if known is None:
        return made
    if known.status is Status.STALE and made.status is Status.RUNNING:
        stale = msgspec.structs.replace(made, status=Status.STALE)
        return known if stale == known else made
    return known if made == known else made
