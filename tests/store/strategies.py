"""Random events, writes, filters and summaries, and the plain-Python store they are checked against."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import strategies as st
from tests.builders import NOON_US, remove

from runwell.errors import Conflict
from runwell.filter import (
    Among,
    And,
    Compare,
    Contains,
    Field,
    Filter,
    Metric,
    Not,
    OneOf,
    Or,
    StartsWith,
    Tag,
)
from runwell.model import Event, Outcome, Rule, Status, Write, keep_stored, replace

# Few different values, so that keys meet and filters hit; awkward ones among them.
TEXTS = st.sampled_from(
    ["", "a", "ab", "b", "A", "%", "_", "a%", "it's", '"', "\\", "é", "☃", "\U0001f600"]
)
NAMES = st.sampled_from(["k", "k2", "it's", "a.b", ""])
NUMBERS = st.one_of(
    st.sampled_from([0.0, -1.0, 1.0, 0.1, 1e300]), st.floats(allow_nan=False, allow_infinity=False)
)
TIMES = st.none() | st.sampled_from([0, NOON_US, NOON_US + 1, NOON_US + 86_400_000_000])
DURATIONS = st.none() | st.sampled_from([0, 1, 10, 10**12])

EVENTS = st.builds(
    Event,
    source=st.just("test"),
    scope=st.sampled_from(["s", "t"]),
    id=st.sampled_from(["1", "2", "3", "a/b"]),
    attempt=st.sampled_from([1, 2]),
    parent=st.sampled_from(["", "1", "2"]),
    owner=st.sampled_from(["", "1", "2"]),
    name=TEXTS,
    pipeline=TEXTS,
    status=st.sampled_from(list(Status)),
    created=TIMES,
    queued=TIMES,
    started=TIMES,
    duration=DURATIONS,
    metrics=st.dictionaries(NAMES, NUMBERS, max_size=3),
    tags=st.dictionaries(NAMES, st.lists(TEXTS, max_size=3), max_size=3),
    payload=st.sampled_from(["", "{}", '{"a" : 1.0}']),
)


def merge_tags(stored: Event | None, incoming: Event) -> Event:
    """Newer tags win, the rest stays."""
    if stored is None:
        return incoming
    return msgspec.structs.replace(stored, tags={**stored.tags, **incoming.tags})


def refuse_repeats(stored: Event | None, incoming: Event) -> Event:
    """A known key refuses the request."""
    if stored is not None:
        raise Conflict
    return incoming


def another_attempt(attempts: Sequence[Event], incoming: Event) -> Sequence[Event]:
    """A different name is a new attempt, the same changes nothing; one word leaves the first only."""
    if incoming.name == "%":
        return attempts[:1] or [incoming]
    if attempts and attempts[-1].name == incoming.name:
        return attempts
    return [*attempts, incoming]


RULES: st.SearchStrategy[Rule] = st.sampled_from(
    [keep_stored, replace, merge_tags, refuse_repeats, remove]
)
OWNED_IDS = ("2", "a/b")


def as_attempt(event: Event) -> Event:
    """For a rule of attempts. All attempts of an id have the same owner."""
    owner = "owner" if event.id in OWNED_IDS else ""
    return msgspec.structs.replace(event, attempt=1, scope="attempts", owner=owner)


ATTEMPTS = EVENTS.map(as_attempt)
# One rule for an event and one for its attempts do not mix: what owns attempts has no other.
OWNERS = st.builds(
    Event,
    source=st.just("test"),
    scope=st.just("attempts"),
    id=st.just("owner"),
    owner=st.sampled_from(["", "owner"]),
)
WRITES = st.one_of(
    st.builds(Write, EVENTS, RULES, with_owned=st.booleans()),
    st.builds(Write, EVENTS, st.just(remove), with_owned=st.just(value=True)),
    st.builds(Write, ATTEMPTS, attempts=st.just(another_attempt)),
    st.builds(Write, OWNERS, RULES, with_owned=st.just(value=True)),
)
REQUESTS = st.lists(WRITES, max_size=4)
BATCHES = st.lists(REQUESTS, max_size=4)

# Nothing but owners: few ids, so that nearly every removal finds something.
OWNING = st.builds(
    Event,
    source=st.just("test"),
    scope=st.just("s"),
    id=st.sampled_from(["1", "2", "3", "4"]),
    attempt=st.sampled_from([1, 1, 1, 2]),
    owner=st.sampled_from(["", "1", "1", "2"]),
)
OWNING_WRITES = st.one_of(
    st.builds(Write, OWNING, st.sampled_from([replace, merge_tags, refuse_repeats, remove])),
    st.builds(Write, OWNING, st.sampled_from([remove, replace]), with_owned=st.just(value=True)),
    st.builds(Write, ATTEMPTS, attempts=st.just(another_attempt)),
    st.builds(Write, OWNERS, st.sampled_from([replace, remove]), with_owned=st.just(value=True)),
)
OWNING_BATCHES = st.lists(st.lists(OWNING_WRITES, max_size=6), min_size=1, max_size=4)

TEXT_OPERANDS = st.sampled_from(
    [Field("name"), Field("pipeline"), Field("id"), Field("parent"), Field("status")]
) | st.builds(Tag, NAMES)
NUMBER_OPERANDS = st.sampled_from(
    [Field("attempt"), Field("duration"), Field("queue")]
) | st.builds(Metric, NAMES)
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
LEAVES = st.one_of(
    st.builds(Compare, TEXT_OPERANDS, OPERATORS, TEXTS),
    st.builds(Compare, NUMBER_OPERANDS, OPERATORS, NUMBERS),
    st.builds(
        Compare,
        st.sampled_from([Field("created"), Field("started")]),
        OPERATORS,
        st.sampled_from([0, NOON_US, NOON_US + 1]),
    ),
    st.builds(StartsWith, TEXT_OPERANDS, TEXTS),
    st.builds(Contains, TEXT_OPERANDS, TEXTS),
    st.builds(
        OneOf,
        st.sampled_from([Field("name"), Field("id")]),
        st.lists(TEXTS, max_size=3).map(tuple),
    ),
)


def _parts(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[tuple[Filter, ...]]:
    return st.lists(inner, max_size=3).map(tuple)


FILTERS: st.SearchStrategy[Filter] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(And, _parts(inner)),
        st.builds(Or, _parts(inner)),
        st.builds(Not, inner),
        st.builds(Among, st.just(Field("parent")), st.just(Field("id")), inner),
    ),
    max_leaves=6,
)


@dataclass
class PlainStore:
    """The ledger's promises in a dictionary: key -> (seq, arrival, event; None: removed)."""

    events: dict[tuple[Any, ...], tuple[int, int, Event | None]] = field(default_factory=dict)
    seq: int = 0

    def commit(self, batch: list[list[Write]]) -> list[Any]:
        """Apply a batch; outcomes by request, or the class of the refusal."""
        answers: list[Any] = []
        touched: dict[tuple[Any, ...], Event | None] = {}
        for request in batch:
            draft = dict(touched)
            try:
                answers.append([self._apply(write, draft) for write in request])
            except Conflict:
                answers.append(Conflict)
            else:
                touched = draft
        for key, event in touched.items():
            if event is None and key not in self.events:
                continue
            self.seq += 1
            arrival = self.events[key][1] if key in self.events else self.seq
            self.events[key] = (self.seq, arrival, event)
        return answers

    def _find(self, key: tuple[Any, ...], draft: dict[tuple[Any, ...], Event | None]) -> Any:
        return draft[key] if key in draft else self.events.get(key, (0, 0, None))[2]

    def _apply(self, write: Write, draft: dict[tuple[Any, ...], Event | None]) -> Outcome:
        event = write.event
        if write.attempts:
            return self._apply_attempts(event, draft)
        key = (event.source, event.scope, event.id, event.attempt)
        before = self._find(key, draft)
        after = write.rule(before, event)
        if after is None and before is None:
            return Outcome.ABSENT
        if after is before:
            return Outcome.EXISTED
        draft[key] = after
        if after is None:
            if write.with_owned:
                self._remove_owned(event, draft)
            return Outcome.REMOVED
        if before is None:
            return Outcome.CREATED
        return Outcome.REPLACED if after is event else Outcome.MERGED

    def _remove_owned(self, owner: Event, draft: dict[tuple[Any, ...], Event | None]) -> None:
        by_change = sorted(self.events, key=lambda key: self.events[key][0])
        for key in [*by_change, *draft]:
            event = self._find(key, draft)
            if event and (*key[:2], event.owner) == (owner.source, owner.scope, owner.id):
                draft[key] = None

    def _apply_attempts(self, event: Event, draft: dict[tuple[Any, ...], Event | None]) -> Outcome:
        keys = [(event.source, event.scope, event.id, number) for number in range(1, 1000)]
        before = list(itertools.takewhile(bool, (self._find(key, draft) for key in keys)))
        after = another_attempt(before, event)
        for key, attempt in zip(keys, after, strict=False):
            if key[3] > len(before):
                draft[key] = msgspec.structs.replace(attempt, attempt=key[3])
        for key in keys[len(after) : len(before)]:
            draft[key] = None
        if len(after) > len(before):
            return Outcome.CREATED
        return Outcome.MERGED if len(after) < len(before) else Outcome.EXISTED

    def changes(self) -> list[tuple[int, int, Event | None]]:
        """Every event by its newest change, removed ones as well."""
        return sorted(self.events.values(), key=lambda row: row[0])

    def arrived(self) -> list[Event]:
        """Every event in the order of arrival."""
        rows = sorted(self.events.values(), key=lambda row: row[1])
        return [event for _, _, event in rows if event]
