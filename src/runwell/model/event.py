"""The canonical event: what every protocol translates to, and its key. Pure data."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """Where a unit of work stands; `unknown` where the protocol does not say."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    STALE = "stale"  # it ran, and its end was never told
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What sort of thing an event tells about."""

    PIPELINE = "pipeline"
    JOB = "job"
    STAGE = "stage"
    STEP = "step"
    TASK = "task"
    TEST = "test"
    BUILD = "build"
    SESSION = "session"
    CONTEXT = "context"
    DEPLOY = "deploy"
    COMMIT = "commit"
    INCIDENT = "incident"
    SEQUENCE = "sequence"  # what runs again and again: the series that a run belongs to
    RESULT = "result"  # what holds the records of one run: a summary of events, and none itself
    EVENT = "event"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One unit of CI work, or one thing that happened, of any protocol.

    `(source, scope, id, attempt)` is the key. Times are integer microseconds UTC, durations integer
    microseconds; `None` means that the protocol did not say.
    """

    source: str  # the protocol that brought it
    scope: str  # what makes the id unique: a repository, namespace, session, project
    id: str
    attempt: int = 1
    uid: str = ""  # another name that is unique everywhere, where the system gives one
    chain: str = ""  # id of the root of the run this belongs to
    parent: str = ""  # id of the event that contains this one
    owner: str = ""  # id of the event that this one can be removed with; no question sees it
    kind: Kind = Kind.EVENT
    event_type: str = ""  # the sender's own word for the kind
    name: str = ""
    repo: str = ""
    namespace: str = ""
    pipeline: str = ""
    ref: str = ""
    sha: str = ""
    component: str = ""
    platform: str = ""  # the system that did the work: jenkins, github_actions ...
    status: Status = Status.UNKNOWN
    created: int | None = None
    queued: int | None = None
    started: int | None = None
    finished: int | None = None
    recorded: int | None = None  # when the record of it was made
    updated: int | None = None  # when that record last changed
    duration: int | None = None
    description: str = ""
    metrics: dict[str, float] = {}
    tags: dict[str, list[str]] = {}
    links: dict[str, str] = {}
    payload: str = ""  # the original JSON text, byte for byte
    client: str = ""  # what the sender calls itself (User-Agent)
    memo: str = ""  # what only the protocol's own rule reads; no question sees it

    @property
    def key(self) -> bytes:
        """The 16 bytes that the ledger finds this event by."""
        return key_of(self.source, self.scope, self.id, self.attempt)

    @property
    def queue(self) -> int | None:
        """How long it waited: from `queued` to the start, else from `created` if that was earlier.

        None where nothing tells: some protocols fill `created` and `started` with one time, which
        is no wait of zero. One that knows of such a wait fills `queued`.
        """
        if self.started is None:
            return None
        if self.queued is not None:
            return self.started - self.queued if self.queued <= self.started else None
        if self.created is not None and self.created < self.started:
            return self.started - self.created
        return None


_pack = msgspec.msgpack.Encoder().encode


def key_of(source: str, scope: str, id: str, attempt: int = 1) -> bytes:  # noqa: A002 - the field's name
    """Hash the four parts of a key; 128 bits, so that two events never meet by chance."""
    return hashlib.blake2b(_pack((source, scope, id, attempt)), digest_size=16).digest()


def join_id(*parts: str) -> str:
    """Make one readable id of several texts so that different parts never give the same id.

    >>> join_id("function", "tests/a", "b")
    'function/tests%2Fa/b'
    """
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)
