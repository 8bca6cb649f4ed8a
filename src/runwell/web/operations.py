"""`/-/healthz`, `/-/readyz`, `/-/metrics`: what operators and their tools ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.observe import Sample, render

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
        return Answer(200, render(samples()).encode(), EXPOSITION)

    return [
        Endpoint(
            method="GET",
            path="/-/healthz",
            handle=healthz,
            scope=None,
            is_vital=True,
            summary="The process answers.",
            answers={200: Health},
        ),
        Endpoint(
            method="GET",
            path="/-/readyz",
            handle=readyz,
            scope=None,
            is_vital=True,
            summary="The columns have caught up with the ledger as of the start.",
            answers={200: Readiness, 503: Readiness},
        ),
        Endpoint(
            method="GET",
            path="/-/metrics",
            handle=metrics,
            scope="read",
            is_vital=True,
            summary="Our own metrics as Prometheus text.",
            answers={200: None},
            media=(EXPOSITION,),
        ),
    ]
