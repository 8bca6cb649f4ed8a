"""`/-/healthz`, `/-/readyz`, `/-/metrics`: what operators and their tools ask."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.observe import Labels, render

Sample = tuple[str, Labels, float]
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """How far the columns have come with what the ledger held at the start."""

    status: str
    applied: int
    needed: int


def endpoints(
    readiness: Callable[[], Readiness], samples: Callable[[], Iterable[Sample]]
) -> list[Endpoint]:
    """The routes of this file."""

    async def healthz(_: Call) -> Answer:
        return json_answer(Health("ok"))

    async def readyz(_: Call) -> Answer:
        state = readiness()
        return json_answer(state, 200 if state.status == "ready" else 503)

    async def metrics(_: Call) -> Answer:
        return Answer(200, render([*samples(), *_process()]).encode(), EXPOSITION)

    return [
        Endpoint(
            method="GET",
            path="/-/healthz",
            handle=healthz,
            scope=None,
            summary="The process answers.",
            answers={200: Health},
        ),
        Endpoint(
            method="GET",
            path="/-/readyz",
            handle=readyz,
            scope=None,
            summary="The columns have caught up with the ledger as of the start.",
            answers={200: Readiness, 503: Readiness},
        ),
        Endpoint(
            method="GET",
            path="/-/metrics",
            handle=metrics,
            scope="read",
            summary="Our own metrics as Prometheus text.",
            answers={200: None},
        ),
    ]


def _process() -> list[Sample]:
    return [("runwell_resident_memory_bytes", (), float(resident_bytes()))]


def resident_bytes() -> int:
    """Resident memory now (Linux), or at its highest where /proc is missing."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text("ascii").split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
