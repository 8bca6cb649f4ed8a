"""A batch of requests and what is stored -> answers and changes: the rules, in memory. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from runwell.errors import Error
from runwell.model import Event, Outcome, Write, Written
from runwell.model.event import key_of
from runwell.store.ledger.base import Answer

State = Mapping[bytes, Event | None]  # key -> event, None where it was removed


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


def fold(
    requests: Sequence[Sequence[Write]], keys: Sequence[Sequence[bytes]], stored: State
) -> Folded:
    """Run the rules over a batch in memory.

    Later requests see what earlier ones of the batch did. A request whose rule raises leaves no
    trace.
    """
    changed: dict[bytes, Event | None] = {}
    answers: list[Answer] = []
    for request, request_keys in zip(requests, keys, strict=True):
        staged: dict[bytes, Event | None] = {}
        now = _Now(staged, changed, stored)
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
    return Folded(answers, {key: event for key, event in changed.items() if event or key in stored})


class _Now:
    """What is stored, as the request under way sees it: by itself, by the batch, by the ledger."""

    __slots__ = ("_attempts", "_before", "_staged", "_stored")

    def __init__(self, staged: dict[bytes, Event | None], before: State, stored: State) -> None:
        self._staged = staged
        self._before = before
        self._stored = stored
        self._attempts: dict[bytes, list[Event]] = {}  # by the key of the first

    def get(self, key: bytes) -> Event | None:
        if key in self._staged:
            return self._staged[key]
        if key in self._before:
            return self._before[key]
        return self._stored.get(key)

    def set(self, key: bytes, event: Event | None) -> None:
        self._staged[key] = event

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
        return _remove(before, write.event, key, now)
    if after is before:
        return Written(after, Outcome.EXISTED)
    now.set(key, after)
    if before is None:
        return Written(after, Outcome.CREATED)
    return Written(after, Outcome.REPLACED if after is write.event else Outcome.MERGED)


def _remove(before: Event | None, incoming: Event, key: bytes, now: _Now) -> Written:
    if before is None:
        return Written(incoming, Outcome.ABSENT)
    now.set(key, None)
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


def _numbered(event: Event, number: int) -> Event:
    return event if event.attempt == number else msgspec.structs.replace(event, attempt=number)
