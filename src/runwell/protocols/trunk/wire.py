"""What travels: a repository and its events. Times are epoch milliseconds.

Source: the vendor's last published version of "CI Analytics API", and what the Jenkins plugin
sends. Every property that is not named here is ignored, and kept with the event's own text.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from runwell.http.shapes import said

CONCLUSIONS = (
    *("SUCCESS", "FAILURE", "CANCELLED", "TIMED_OUT", "SKIPPED"),  # documented
    "UNSPECIFIED",  # on every start that the Jenkins plugin sends: none yet
    *("NEUTRAL", "ACTION_REQUIRED", "STALE", "STARTUP_FAILURE"),  # in the plugin's own list
)
# a JSON number from 1973 to 2199; Java clients write 1.717400184233E12
Milliseconds = Annotated[float, said(minimum=10**11, maximum=7_258_118_399_999)]
Name = Annotated[str, said(minLength=1, maxLength=4096)]
Id = Annotated[str, said(minLength=1, maxLength=1024)]
Key = Annotated[str, said(minLength=1, maxLength=127)]
Platform = Annotated[str, said(pattern="^[a-z0-9]+(_[a-z0-9]+)*$")]
Conclusion = Annotated[str, said(enum=CONCLUSIONS)]


class Repo(msgspec.Struct, frozen=True, gc=False):
    """Whose events these are."""

    host: Name
    owner: Name
    name: Name


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

    event_id: Id
    sequence_key: str | None = None
    chain_id: str | None = None


class SequencePayload(msgspec.Struct, frozen=True, gc=False):
    """Tags only: "metrics are not supported for a sequence", though an empty list is fine."""

    metrics: Annotated[list[Any], said(maxItems=0)] | None = None
    tags: list[Tag] | None = None


class Sequence(msgspec.Struct, frozen=True, gc=False):
    """What runs again and again: a pipeline, a job, a stage."""

    platform: Platform
    kind: Name
    key: Key
    name: Name
    payload: SequencePayload | None = None


class TrackedFields(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One run of something, without its sequence."""

    id: Id
    chain_id: Id
    created_at: Milliseconds
    finished_at: Milliseconds | None = None
    conclusion: Conclusion | None = None
    parent: Parent | None = None
    payload: Payload | None = None
    origin: Any = None


class TrackedEvent(TrackedFields, frozen=True, gc=False):
    """One run of something. `sequence` keeps its own bytes, too."""

    sequence: msgspec.Raw = msgspec.Raw()


class TrackedEventBody(TrackedFields, frozen=True, gc=False):
    """One run of something, as the document shows it."""

    sequence: Sequence | None = None


class TrackEventsBody(msgspec.Struct, frozen=True, gc=False):
    """The whole body, as the document shows it."""

    repo: Repo
    events: list[TrackedEventBody]


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
