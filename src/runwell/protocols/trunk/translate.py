"""Trunk event -> canonical event, its sequence, and the answer. Pure: no clock, no store."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from runwell.errors import BadEvent
from runwell.model import Event, Kind, Outcome, Status, Write, Written, join_id
from runwell.model.bounds import check_event
from runwell.protocols.trunk import wire
from runwell.protocols.trunk.attempts import join_attempts
from runwell.protocols.trunk.decode import (
    Message,
    normal_platform,
    read_event,
)
from runwell.protocols.trunk.derived import MILLISECOND_US, derived
from runwell.protocols.trunk.errors import BadPlace

SOURCE = "trunk"
SEQUENCES = "sequences"
METRIC_MS_MAX = 1e15  # thirty thousand years: what a time's unit can be mistaken for

STATUSES = {
    None: Status.UNKNOWN,
    "UNSPECIFIED": Status.UNKNOWN,
    "SUCCESS": Status.SUCCEEDED,
    "FAILURE": Status.FAILED,
    "CANCELLED": Status.CANCELLED,
    "TIMED_OUT": Status.TIMED_OUT,
    "SKIPPED": Status.SKIPPED,
    # not documented; the names are those of GitHub's checks
    "NEUTRAL": Status.UNKNOWN,
    "ACTION_REQUIRED": Status.UNKNOWN,
    "STALE": Status.UNKNOWN,
    "STARTUP_FAILURE": Status.FAILED,
}
KINDS = {
    "pipeline": Kind.PIPELINE,
    "nested_pipeline": Kind.PIPELINE,
    "workflow": Kind.PIPELINE,
    "job": Kind.JOB,
    "stage": Kind.STAGE,
    "step": Kind.STEP,
    "task": Kind.TASK,
    "test": Kind.TEST,
    "build": Kind.BUILD,
    "deploy": Kind.DEPLOY,
    "deployment": Kind.DEPLOY,
}
PULL_REQUEST = re.compile(r"PR-(\d+)")


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that decide what an event means."""

    allowed_hosts: frozenset[str]  # empty: any
    branch_from_name: bool
    bounds: tuple[int, int, int]  # most tags, longest key, largest value (see model/bounds.py)


@dataclass(frozen=True, slots=True)
class _Origin:
    """What all events of a request share."""

    scope: str
    repo: str
    client: str  # what the sender calls itself
    rules: Rules


class Placed(NamedTuple):
    """A write, and where in the request it comes from."""

    write: Write
    place: str


def to_writes(request: wire.TrackEvents, rules: Rules, client: str) -> list[Placed]:
    """A write for each event in its order, then one for each sequence that they name.

    Raises:
        BadPlace: names what is wrong; nothing of the request may be stored then.
    """
    if rules.allowed_hosts and request.repo.host not in rules.allowed_hosts:
        allowed = ", ".join(sorted(rules.allowed_hosts))
        raise BadPlace("repo.host", f"only {allowed} may send here")
    repo = request.repo
    scope = join_id(repo.host, repo.owner, repo.name)
    origin = _Origin(scope, f"{repo.owner}/{repo.name}", client, rules)
    messages = [read_event(text, f"events[{place}]") for place, text in enumerate(request.events)]
    places = [f"events[{place}]" for place in range(len(messages))]
    events = [
        _to_event(message, place, origin) for message, place in zip(messages, places, strict=True)
    ]
    writes = [
        Placed(Write(event, attempts=join_attempts), f"{place}.payload")
        for event, place in zip(events, places, strict=True)
    ]
    sequences: dict[str, Event] = {}
    for message, event, place in zip(messages, events, places, strict=True):
        if message.sequence:
            sequence = _to_sequence(message.sequence, message.sequence_text, event)
            _check(sequence, f"{place}.sequence.payload", rules)
            sequences[sequence.id] = newest(sequences.get(sequence.id), sequence)
    # each was checked at its own place, so that no error is about one of these
    return writes + [Placed(Write(sequence, newest), "events") for sequence in sequences.values()]


def _check(sequence: Event, place: str, rules: Rules) -> None:
    """Every sequence must keep to the bounds, not only the newest of a request."""
    try:
        check_event(sequence, *rules.bounds)
    except BadEvent as error:
        raise BadPlace(f"{place}.{error.pointer}", error.problem) from error


def newest(stored: Event | None, incoming: Event) -> Event:
    """A rule: a sequence is as its newest event says, in whatever order events arrive.

    Its tags are those of the newest event that says any.
    """
    if stored is None:
        return incoming
    named = incoming if _age(stored) < _age(incoming) else stored
    tagged = incoming if _tags_age(stored) < _tags_age(incoming) else stored
    if named is tagged:
        return named
    return msgspec.structs.replace(named, tags=tagged.tags, memo=tagged.memo)


def _age(sequence: Event) -> tuple[int, int, str]:
    """The text decides between two that are equally new, so that it is not the order."""
    return sequence.created or 0, sequence.finished or 0, sequence.payload


def _tags_age(sequence: Event) -> tuple[int, ...]:
    """How new the event is that told the tags; empty where none did."""
    return tuple(map(int, sequence.memo.split()))


def to_answer(written: Iterable[Written], tracked: int) -> wire.Tracked:
    """What the request came to; sequences are not counted."""
    outcomes = [one.outcome for one in written][:tracked]
    created = outcomes.count(Outcome.CREATED)
    updated = outcomes.count(Outcome.MERGED) + outcomes.count(Outcome.REPLACED)
    return wire.Tracked(tracked, created, updated)


def _to_event(message: Message, place: str, origin: _Origin) -> Event:
    sent, sequence = message.event, message.sequence
    is_over = sent.finished_at is not None or sent.conclusion not in (None, "UNSPECIFIED")
    created = round(sent.created_at * MILLISECOND_US)
    event = Event(
        source=SOURCE,
        scope=origin.scope,
        id=sent.id,
        chain=sent.chain_id,
        parent=sent.parent.event_id if sent.parent else "",
        kind=KINDS.get(normal_platform(sequence.kind), Kind.EVENT) if sequence else Kind.EVENT,
        name=sequence.name if sequence else "",
        repo=origin.repo,
        component=sequence.key if sequence else "",
        platform=normal_platform(sequence.platform) if sequence else "",
        status=STATUSES[sent.conclusion] if is_over else Status.RUNNING,
        created=created,
        started=created,
        finished=_finished(sent, created),
        metrics=_metrics(sent, f"{place}.payload.metrics", is_over=is_over),
        tags=_tags(sent.payload.tags if sent.payload else None),
        payload=message.text,
        client=_client(sent, origin),
    )
    if origin.rules.branch_from_name:
        event = with_branch(event)
    return derived(event)


def with_branch(event: Event) -> Event:
    """The branch of a Jenkins multibranch run, which is its sequence's name, URL-encoded.

    A pull request's is `PR-12`: it becomes the tag `pr`.
    """
    if event.platform != "jenkins" or event.kind is not Kind.PIPELINE or event.parent:
        return event
    if found := PULL_REQUEST.fullmatch(event.name):
        return msgspec.structs.replace(event, tags={"pr": [found[1]], **event.tags})
    return msgspec.structs.replace(event, ref=unquote(event.name))


def _to_sequence(sequence: wire.Sequence, text: str, event: Event) -> Event:
    """A sequence is identified by its key within the repository."""
    tags = _tags(sequence.payload.tags if sequence.payload else None)
    age = f"{event.created or 0} {event.finished or 0} {zlib.crc32(repr(tags).encode())}"
    return Event(
        source=SOURCE,
        scope=f"{event.scope}/{SEQUENCES}",
        id=sequence.key,
        kind=Kind.SEQUENCE,
        name=sequence.name,
        repo=event.repo,
        component=sequence.key,
        platform=event.platform,
        created=event.created,
        finished=event.finished,
        tags=tags,
        payload=text,
        client=event.client,
        memo=age if sequence.payload and sequence.payload.tags is not None else "",
    )


def _finished(sent: wire.TrackedEvent, created: int) -> int | None:
    """What was skipped ended when it began; another conclusion without a time has no known end."""
    if sent.finished_at is not None:
        return round(sent.finished_at * MILLISECOND_US)
    return created if sent.conclusion == "SKIPPED" else None


def _metrics(sent: wire.TrackedEvent, place: str, *, is_over: bool) -> dict[str, float]:
    """By name, the last of a name; the `duration_ms` 0.0 of a start stands for nothing yet."""
    given = sent.payload.metrics if sent.payload else None
    metrics = {metric.k: metric.v for metric in given or ()}
    for name in ("duration_ms", "wait_ms", "queue_ms", "init_ms"):
        if abs(metrics.get(name, 0.0)) > METRIC_MS_MAX:
            raise BadPlace(place, f"{name}: {metrics[name]:.3g} is out of range")
    if not is_over and metrics.get("duration_ms") == 0.0:
        del metrics["duration_ms"]
    return metrics


def _tags(given: Sequence[wire.Tag] | None) -> dict[str, list[str]]:
    """All values of each name, in their order."""
    tags: dict[str, list[str]] = {}
    for tag in given or ():
        tags.setdefault(tag.k, []).append(_text(tag.v))
    return tags


def _text(value: str | float) -> str:
    """A tag's value; a whole number without a fraction, however it was written."""
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value)


def _client(sent: wire.TrackedEvent, origin: _Origin) -> str:
    """`x-source`, and the event's `origin` where there is one."""
    if not isinstance(sent.origin, str) or not sent.origin:
        return origin.client
    return f"{origin.client} {sent.origin[:200]}".strip()
