"""What travels: a repository and its events. Times are epoch milliseconds.

Source: the vendor's last published version of "CI Analytics API", and what the Jenkins plugin
sends. Every property that is not named here is ignored, and kept with the event's own text.
"""

from __future__ import annotations

from typing import Any

import msgspec

Milliseconds = float  # a JSON number; Java clients write 1.717400184233E12


class Repo(msgspec.Struct, frozen=True, gc=False):
    """Whose events these are."""

    host: str
    owner: str
    name: str


class TrackEvents(msgspec.Struct, frozen=True, gc=False):
    """The body of `POST /v1/metrics/trackEvents`. Events keep their own bytes."""

    repo: Repo
    events: list[msgspec.Raw]


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One number by name."""

    k: str
    v: float


class Tag(msgspec.Struct, frozen=True, gc=False):
    """One text by name; a name may come several times."""

    k: str
    v: str | int | float


class Payload(msgspec.Struct, frozen=True, gc=False):
    """What is measured and said about an event."""

    metrics: list[Metric] | None = None
    tags: list[Tag] | None = None


class Parent(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The event that contains this one; the documentation's own example has no `sequenceKey`."""

    event_id: str
    sequence_key: str | None = None
    chain_id: str | None = None


class SequencePayload(msgspec.Struct, frozen=True, gc=False):
    """Tags only: "metrics are not supported for a sequence", though an empty list is fine."""

    metrics: list[Any] | None = None
    tags: list[Tag] | None = None


class Sequence(msgspec.Struct, frozen=True, gc=False):
    """What runs again and again: a pipeline, a job, a stage."""

    platform: str
    kind: str
    key: str
    name: str
    payload: SequencePayload | None = None


class TrackedEvent(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One run of something. `sequence` keeps its own bytes, too."""

    id: str
    chain_id: str
    created_at: Milliseconds
    finished_at: Milliseconds | None = None
    conclusion: str | None = None
    parent: Parent | None = None
    payload: Payload | None = None
    sequence: msgspec.Raw = msgspec.Raw()
    origin: Any = None


class Tracked(msgspec.Struct, frozen=True):
    """How many events came, and how many of them were new or changed what is stored."""

    tracked: int
    created: int
    updated: int


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was wrong, and where."""

    code: str
    message: str
    path: str = ""


class Refused(msgspec.Struct, frozen=True):
    """The body of every refusal."""

    error: Problem
