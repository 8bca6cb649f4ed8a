"""What travels: one report of a finished pipeline. Durations in seconds."""

from __future__ import annotations

from typing import Any

import msgspec

# Numbers are read leniently, as the original's database did: see `numbers.py`.
Number = int | float | str | None


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


class Report(msgspec.Struct, frozen=True, gc=False):
    """The body of `POST /save_metrics`. Lists hold their objects' own bytes, to be kept as sent."""

    pipeline_id: int | str
    created_at: str
    project: str
    duration: Number
    duration_e2e: Number
    ref: str | None
    has_restarts: bool | int | None
    jobs: list[msgspec.Raw]
    jobs_failed: list[msgspec.Raw]
    builds: list[msgspec.Raw] | None = None
    build: Number = None


class Head(msgspec.Struct, frozen=True, gc=False):
    """What the original read before it looked for the pipeline: enough to know a repeat."""

    pipeline_id: int | str
    created_at: str
    project: Any = ""


class Refused(msgspec.Struct, frozen=True):
    """What was wrong and where."""

    message: str
    field: str = ""
