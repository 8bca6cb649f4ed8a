"""What travels: one report of a finished pipeline. Durations in seconds."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from runwell.http.shapes import Time, said

# Numbers are read leniently, as the original's database did: see `numbers.py`.
INT4 = 2**31 - 1
Digits = Annotated[str, said(pattern="^-?[0-9]{1,9}$")]
Seconds = (
    Annotated[int, said(minimum=-INT4, maximum=INT4)]
    | Annotated[float, said(minimum=-INT4, maximum=INT4)]
    | Digits
)
Number = Seconds | None


Id = Annotated[int, said(minimum=-(2**63), maximum=2**63 - 1)] | Digits


class Job(msgspec.Struct, frozen=True, gc=False):
    """One E2E job; `up`, `e2e`, `pull` and `up_without_pull` are steps of it."""

    name: str
    duration: Number
    up: Number = None
    e2e: Number = None
    pull: Number = None
    up_without_pull: Number = None


class FailedJob(msgspec.Struct, frozen=True, gc=False):
    """One job that failed, retried or not."""

    name: str
    duration: Number


class ReportFields(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The body of `POST /save_metrics`, without its lists."""

    pipeline_id: Id
    created_at: Time
    project: Annotated[str, said(maxLength=4096)]
    duration: Number
    duration_e2e: Number
    ref: str | None
    has_restarts: bool | int | None
    build: Number = None


class Report(ReportFields, frozen=True, gc=False, kw_only=True):
    """The body of `POST /save_metrics`. Lists hold their objects' own bytes, to be kept as sent."""

    jobs: list[msgspec.Raw]
    jobs_failed: list[msgspec.Raw]
    builds: list[msgspec.Raw] | None = None


Truth = bool | Annotated[int, msgspec.Meta(ge=0, le=1)] | None


class ReportBody(ReportFields, frozen=True, gc=False, kw_only=True):
    """A report as the document shows it."""

    has_restarts: Truth
    jobs: list[Job]
    jobs_failed: list[FailedJob]
    builds: list[dict[str, Number]]


class OldReportBody(ReportFields, frozen=True, gc=False, kw_only=True):
    """A report of before there were several builds."""

    has_restarts: Truth
    jobs: list[Job]
    jobs_failed: list[FailedJob]
    builds: None = None
    build: Seconds


class Head(msgspec.Struct, frozen=True, gc=False):
    """What the original read before it looked for the pipeline: enough to know a repeat."""

    pipeline_id: int | str
    created_at: str
    project: Any = ""


class Refused(msgspec.Struct, frozen=True):
    """What was wrong and where."""

    message: str
    field: str = ""
