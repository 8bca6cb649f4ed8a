"""What travels: contexts, sessions and metrics, and the documented names beside the wire's."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from runwell.http.shapes import LocalTime

# Lengths are those of the original's database columns; a longer text is refused, not cut.
Hash = Annotated[str, Meta(max_length=64)]
Path4096 = Annotated[str, Meta(max_length=4096)]
Path2048 = Annotated[str, Meta(max_length=2048)]
Word = Annotated[str, Meta(max_length=64)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
SECONDS_MAX = 1e9
Seconds = Annotated[float, Meta(ge=-SECONDS_MAX, le=SECONDS_MAX)]


class Metric(msgspec.Struct, frozen=True, gc=False):
    """One run of one test. Times in seconds, memory in MiB, `cpu_usage` in cores (1.0 = one)."""

    session_h: Hash
    context_h: Hash
    item_start_time: Word  # ISO 8601, usually without a zone
    item_path: Path4096
    item: Path2048
    item_variant: Path2048
    item_fs_loc: Path2048
    kind: Word
    component: Annotated[str, Meta(max_length=512)]
    total_time: Seconds
    user_time: float
    kernel_time: float
    cpu_usage: float
    mem_usage: float


class MetricBody(Metric, frozen=True, gc=False):
    """A metric as the document shows it to senders."""

    item_start_time: LocalTime


class Context(msgspec.Struct, frozen=True, gc=False):
    """One machine with its interpreter, as the client hashed it. In MHz and MiB."""

    cpu_count: Int64
    cpu_frequency: Int64 | float
    cpu_type: Word
    ram_total: Int64
    machine_node: Annotated[str, Meta(max_length=512)]
    machine_type: Annotated[str, Meta(max_length=32)]
    machine_arch: Annotated[str, Meta(max_length=16)]
    system_info: Annotated[str, Meta(max_length=256)]
    python_info: Annotated[str, Meta(max_length=512)]
    h: Hash
    cpu_vendor: Annotated[str, Meta(max_length=256)] | None = None


class Session(msgspec.Struct, frozen=True, gc=False):
    """One run of pytest. `description` holds the CI keys and the `--tag`s."""

    session_h: Hash
    run_date: Word
    scm_ref: Annotated[str, Meta(max_length=128)] | None = None
    description: dict[str, Any] = {}


class SessionBody(Session, frozen=True, gc=False):
    """A session as the document shows it to senders."""

    run_date: LocalTime


class ContextAnswer(msgspec.Struct, frozen=True, gc=False):
    """A context as it is answered; the stock reader asks for its hash as `context_h`."""

    cpu_count: int
    cpu_frequency: int | float
    cpu_type: str
    cpu_vendor: str | None
    ram_total: int
    machine_node: str
    machine_type: str
    machine_arch: str
    system_info: str
    python_info: str
    h: str
    context_h: str


class Tag(msgspec.Struct, frozen=True, gc=False):
    """One entry of a session's description."""

    name: str
    value: str


class SessionAnswer(msgspec.Struct, frozen=True, gc=False):
    """A session as it is answered."""

    session_h: str
    run_date: str
    scm_ref: str | None
    tags: list[Tag]


class Refused(msgspec.Struct, frozen=True):
    """The body of every refusal; `errors` says what is wrong by field."""

    message: str
    errors: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class CountAnswer(msgspec.Struct, frozen=True):
    """How many there are."""

    count: int


class MetricPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page of a list; the addresses are absent where there is no such page."""

    metrics: list[Metric]
    total_page: int
    prev_url: str | None = None
    next_url: str | None = None


class ContextPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page of contexts."""

    contexts: list[ContextAnswer]
    total_page: int
    prev_url: str | None = None
    next_url: str | None = None


class SessionPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page of sessions."""

    sessions: list[SessionAnswer]
    total_page: int
    prev_url: str | None = None
    next_url: str | None = None


class ComponentPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One page of component names, the empty one included."""

    components: list[str]
    total_page: int
    prev_url: str | None = None
    next_url: str | None = None


class PipelinePage(msgspec.Struct, frozen=True):
    """One page of the pipeline family; which keys stand there depends on the path."""

    prev_url: str | None
    next_url: str | None
    total_page: int
    component: str | msgspec.UnsetType = msgspec.UNSET
    pipeline: str | msgspec.UnsetType = msgspec.UNSET
    build: str | msgspec.UnsetType = msgspec.UNSET
    pipelines: list[str] | msgspec.UnsetType = msgspec.UNSET
    builds: list[str] | msgspec.UnsetType = msgspec.UNSET
    sessions: list[str] | msgspec.UnsetType = msgspec.UNSET  # their hashes
    metrics: list[Metric] | msgspec.UnsetType = msgspec.UNSET


# documented name -> wire name
METRIC_ALIASES = {"ctx_h": "context_h", "wall_time": "total_time", "krnl_time": "kernel_time"}
CONTEXT_ALIASES = {
    "context_h": "h",
    "cpu_freq": "cpu_frequency",
    "mac_node": "machine_node",
    "mac_type": "machine_type",
    "mac_arch": "machine_arch",
    "sys_info": "system_info",
    "py_info": "python_info",
}
SESSION_ALIASES = {"h": "session_h"}
