"""What every ledger promises, and the folding of writes that all of them share. No SQL here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from runwell.errors import Error
from runwell.model import Event, Outcome, Write, Written

Answer = (
    list[Written] | Error
)  # what one request gets: a Written for each write, or why it was refused

encode_event = msgspec.json.Encoder().encode
decode_event = msgspec.json.Decoder(Event).decode


class SchemaTooNew(RuntimeError):
    """A newer version of runwell wrote this ledger; install that version, or restore a backup."""


class Change(NamedTuple):
    """One event as it stands after its newest change."""

    seq: int  # number of the newest change
    arrival: int  # number of the first change
    received: int  # when the newest change was committed, microseconds UTC
    document: str  # the event as JSON (`decode_event`)


class Ledger(Protocol):
    """key -> event, ordered by a change sequence. Everything committed is on disk.

    One thread commits; any thread reads.
    """

    last_committed: (
        int  # number of the newest change that this process committed or found at the start
    )
    identity: str  # made once when the ledger is made; columns remember whose projection they are

    def commit(self, requests: Sequence[Sequence[Write]], received: int) -> list[Answer]:
        """Apply the requests in order, in one durable transaction; a refused one stores nothing."""

    def get(self, key: bytes) -> Event | None:
        """The event of this key as it is on disk now."""

    def changes(self, after: int, limit: int) -> list[Change]:
        """The newest change of each event changed after `after`, oldest first, at most `limit`."""

    def last_seq(self) -> int:
        """The number of the newest change; 0 if there is none."""

    def count(self) -> int:
        """How many events there are."""

    def check(self) -> list[str]:
        """What is wrong with the stored data; empty if nothing is."""

    def close(self) -> None:
        """Give everything back; nothing may be asked afterwards."""


class Folded(NamedTuple):
    """What a batch comes to: an answer for each request, and the events to store by key."""

    answers: list[Answer]
    changed: dict[bytes, Event]


def keys_of(requests: Sequence[Sequence[Write]]) -> list[list[bytes]]:
    """The key of each write."""
    return [[write.event.key for write in request] for request in requests]


def fold(
    requests: Sequence[Sequence[Write]],
    keys: Sequence[Sequence[bytes]],
    stored: Mapping[bytes, Event],
) -> Folded:
    """Run the rules over a batch in memory.

    Later requests see what earlier ones of the batch did. A request whose rule raises leaves no
    trace.
    """
    changed: dict[bytes, Event] = {}
    answers: list[Answer] = []
    for request, request_keys in zip(requests, keys, strict=True):
        staged: dict[bytes, Event] = {}
        try:
            answers.append(
                [
                    _apply(*pair, staged, changed, stored)
                    for pair in zip(request, request_keys, strict=True)
                ]
            )
        except Error as refusal:
            answers.append(refusal)
        else:
            changed.update(staged)
    return Folded(answers, changed)


def _apply(
    write: Write,
    key: bytes,
    staged: dict[bytes, Event],
    changed: Mapping[bytes, Event],
    stored: Mapping[bytes, Event],
) -> Written:
    before = _first((staged, changed, stored), key)
    after = write.rule(before, write.event)
    if after is before:
        return Written(after, Outcome.EXISTED)
    staged[key] = after
    if before is None:
        return Written(after, Outcome.CREATED)
    return Written(after, Outcome.REPLACED if after is write.event else Outcome.MERGED)


def _first(places: Iterable[Mapping[bytes, Event]], key: bytes) -> Event | None:
    return next((place[key] for place in places if key in place), None)
