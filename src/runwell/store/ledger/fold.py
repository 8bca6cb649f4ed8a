"""A batch of requests and what is stored -> answers and changes: the rules, in memory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from runwell.errors import Error
from runwell.model import Event, Outcome, Write, Written
from runwell.model.event import key_of
from runwell.store.ledger.base import Answer

State = Mapping[bytes, Event | None]  # key -> event, None where it was removed
Owned = Mapping[bytes, Sequence[bytes]]  # key of an owner's attempt 1 -> keys of what it owns


class Folded(NamedTuple):
    """What a batch comes to: an answer for each request, and what to store or remove by key."""

    answers: list[Answer]
    changed: dict[bytes, Event | None]


def keys_of(requests: Sequence[Sequence[Write]]) -> list[list[bytes]]:
    """The key of each write."""
    return [[write.event.key for write in request] for request in requests]


def firsts_of(requests: Sequence[Sequence[Write]], keys: Sequence[Sequence[bytes]]) -> list[bytes]:
    """The keys whose later attempts the rules will ask for, each once."""
    found = {
        key: None
        for request, request_keys in zip(requests, keys, strict=True)
        for write, key in zip(request, request_keys, strict=True)
        if write.attempts
    }
    return list(found)


def owners_of(requests: Sequence[Sequence[Write]]) -> list[bytes]:
    """The keys that owned events know their owner by, of each that may be removed with them."""
    found = {
        _owner_key(write.event): None
        for request in requests
        for write in request
        if write.with_owned
    }
    return list(found)


def fold(
    requests: Sequence[Sequence[Write]],
    keys: Sequence[Sequence[bytes]],
    stored: State,
    owned: Owned,
) -> Folded:
    """Run the rules over a batch in memory.

    `owned` is what the ledger holds for `owners_of`; such an event need not be in `stored` unless
    a rule will look at it. Later requests see what earlier ones of the batch did. A request whose
    rule raises leaves no trace.
    """
    changed: dict[bytes, Event | None] = {}
    ownership = _Ownership(owned)
    answers: list[Answer] = []
    for request, request_keys in zip(requests, keys, strict=True):
        staged: dict[bytes, Event | None] = {}
        now = _Now(staged, changed, stored, ownership)
        written: list[Written] = []
        try:
            for write, key in zip(request, request_keys, strict=True):
                written.append(_apply(write, key, now))
        except Error as refusal:
            refusal.place = len(written)
            answers.append(refusal)
        else:
            answers.append(written)
            changed.update(staged)
    known = stored.keys() | {key for found in owned.values() for key in found} if owned else stored
    return Folded(answers, {key: event for key, event in changed.items() if event or key in known})


class _Ownership:
    """Whom an event may own: by the ledger, and by what the batch set. The state has the say."""

    __slots__ = ("_stored", "_was_set")

    def __init__(self, stored: Owned) -> None:
        self._stored = stored
        self._was_set: dict[tuple[str, str, str], dict[bytes, None]] = {}

    def note(self, key: bytes, event: Event) -> None:
        """A request sets this event; it may be refused yet."""
        if event.owner:
            owner = (event.source, event.scope, event.owner)
            self._was_set.setdefault(owner, {})[key] = None

    def in_ledger(self, owner: Event) -> Sequence[bytes]:
        """What it owned before the batch."""
        return self._stored.get(_owner_key(owner), ())

    def in_batch(self, owner: Event) -> Iterable[bytes]:
        """What was its own at some time in the batch, if only in a request that was refused."""
        return self._was_set.get((owner.source, owner.scope, owner.id), ())


class _Now:
    """What is stored, as the request under way sees it: by itself, by the batch, by the ledger."""

    __slots__ = ("_attempts", "_before", "_ownership", "_staged", "_stored")

    def __init__(
        self,
        staged: dict[bytes, Event | None],
        before: State,
        stored: State,
        ownership: _Ownership,
    ) -> None:
        self._staged = staged
        self._before = before
        self._stored = stored
        self._ownership = ownership
        self._attempts: dict[bytes, list[Event]] = {}  # by the key of the first

    def get(self, key: bytes) -> Event | None:
        if key in self._staged:
            return self._staged[key]
        if key in self._before:
            return self._before[key]
        return self._stored.get(key)

    def set(self, key: bytes, event: Event | None) -> None:
        self._staged[key] = event
        if event:
            self._ownership.note(key, event)

    def remove_owned(self, owner: Event) -> None:
        """Remove what names this event as its owner now: what the ledger had, then the batch."""
        for key in self._ownership.in_ledger(owner):
            if key not in self._staged and key not in self._before:
                self._staged[key] = None
        for key in self._ownership.in_batch(owner):
            event = self.get(key)
            if event and event.owner == owner.id:
                self._staged[key] = None
        self._attempts.clear()

    def attempts(self, event: Event, first: bytes) -> list[Event]:
        """The attempts that there are, by number; there is no gap between them."""
        if first not in self._attempts:
            found: list[Event] = []
            key = first
            while attempt := self.get(key):
                found.append(attempt)
                key = key_of(event.source, event.scope, event.id, len(found) + 1)
            self._attempts[first] = found
        return self._attempts[first]

    def set_attempts(self, first: bytes, attempts: list[Event]) -> None:
        """What `attempts` gives from now on; the events themselves are set one by one."""
        self._attempts[first] = attempts


def _apply(write: Write, key: bytes, now: _Now) -> Written:
    if write.attempts:
        return _apply_attempts(write, key, now)
    before = now.get(key)
    after = write.rule(before, write.event)
    if after is None:
        return _remove(before, write, key, now)
    if after is before:
        return Written(after, Outcome.EXISTED)
    now.set(key, after)
    if before is None:
        return Written(after, Outcome.CREATED)
    return Written(after, Outcome.REPLACED if after is write.event else Outcome.MERGED)


def _remove(before: Event | None, write: Write, key: bytes, now: _Now) -> Written:
    if before is None:
        return Written(write.event, Outcome.ABSENT)
    now.set(key, None)
    if write.with_owned:
        now.remove_owned(before)
    return Written(before, Outcome.REMOVED)


def _apply_attempts(write: Write, key: bytes, now: _Now) -> Written:
    """Ask the rule for all attempts, then store those that changed under their numbers."""
    assert write.attempts
    before = now.attempts(write.event, key)
    after = list(write.attempts(before, write.event))
    newest = after[-1] if after else write.event
    outcome = Outcome.EXISTED
    for place, event in enumerate(after):
        known = before[place] if place < len(before) else None
        if event is known:
            continue
        outcome = Outcome.MERGED if known else Outcome.CREATED
        newest = after[place] = _numbered(event, place + 1)
        now.set(newest.key if place else key, newest)
    for event in before[len(after) :]:
        now.set(event.key, None)
        outcome = Outcome.MERGED
    now.set_attempts(key, after)
    return Written(newest, outcome)


def _owner_key(event: Event) -> bytes:
    """An owner is named by its id, so whichever its attempt, by the key of the first."""
    return key_of(event.source, event.scope, event.id)


def _numbered(event: Event, number: int) -> Event:
    return event if event.attempt == number else msgspec.structs.replace(event, attempt=number)
