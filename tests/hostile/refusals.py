"""What a refusal must be: a 4xx in the protocol's own shape, short, and nothing changed by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.hostile.world import ANSWER_BYTES_MAX, Said, World


def is_trunk(told: Any) -> bool:
    error = told["error"]
    return set(told) == {"error"} and {"code", "message"} <= set(error) <= {
        "code",
        "message",
        "path",
    }


def is_report(told: Any) -> bool:
    return {"message"} <= set(told) <= {"message", "field"}


def is_ets(told: Any) -> bool:
    return set(told) == {"result", "code", "headers", "success"} and told["success"] is False


def is_pytest_monitor(told: Any) -> bool:
    return {"message"} <= set(told) <= {"message", "errors"}


def is_tekton(told: Any) -> bool:
    return set(told) == {"code", "message"} and isinstance(told["code"], int)


def is_problem(told: Any) -> bool:
    known = {"type", "title", "status", "detail", "pointer", "code", "message"}
    return {"type", "title", "status", "detail"} <= set(told) <= known


SHAPES: dict[str, Callable[[Any], bool]] = {
    "trunk": is_trunk,
    "pipeline_metrics": is_report,
    "ets": is_ets,
    "pytest_monitor": is_pytest_monitor,
    "tekton": is_tekton,
    "runwell": is_problem,
}
MEDIA = ("application/json", "application/problem+json")


def check_refusal(protocol: str, said: Said) -> str:
    """What it says, in one text."""
    assert 400 <= said.status < 500, said
    assert len(said.body) <= ANSWER_BYTES_MAX, (len(said.body), said)
    assert said.headers.get("content-type") in MEDIA, said
    assert SHAPES[protocol](said.json), said
    return json.dumps(said.json, ensure_ascii=False)


@contextmanager
def nothing_stored(world: World) -> Iterator[None]:
    """No change in the ledger, and no error in the log."""
    before = world.newest
    yield
    assert world.newest == before
    assert world.errors() == []
