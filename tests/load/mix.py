"""The requests of a busy server: many single events by every protocol, some batches, few large."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from itertools import count

START = 1_717_400_000
REPO = {"host": "github.com", "owner": "acme", "name": "load"}
SEQUENCE = {"platform": "jenkins", "kind": "pipeline", "key": "load", "name": "load"}
LOG_LINE = "collected 4821 items / 12 skipped, nothing to report about this one; "


def metric(number: int) -> tuple[str, object]:
    return "/api/v1/metrics/", {
        "session_h": "load",
        "context_h": "5d66639084e1543c6611e128cb58040a",
        "item_start_time": "2026-11-21T01:28:30.722652",
        "item_path": "tests.test_load",
        "item": "test_it",
        "item_variant": f"test_it[{number}]",
        "item_fs_loc": "tests/test_load.py",
        "kind": "function",
        "component": "",
        "total_time": 0.25,
        "user_time": 0.1,
        "kernel_time": 0.0,
        "cpu_usage": 0.4,
        "mem_usage": 1.0,
    }


def pipeline(number: int) -> tuple[str, object]:
    return "/save_metrics", {
        "pipeline_id": number,
        "created_at": "2026-06-13T14:11:24+07:00",
        "project": "load",
        "ref": "main",
        "duration": 9,
        "duration_e2e": 5,
        "has_restarts": False,
        "builds": [{"b": 1}],
        "jobs": [{"name": "e2e", "duration": 5}],
        "jobs_failed": [],
    }


def run(number: int) -> tuple[str, object]:
    begin = {"id": f"load-{number}", "chainId": f"load-{number}", "createdAt": START * 1000}
    ended = {"finishedAt": START * 1000 + 900, "conclusion": "SUCCESS", "sequence": SEQUENCE}
    return "/v1/metrics/trackEvents", {"repo": REPO, "events": [begin, {**begin, **ended}]}


def merged(number: int) -> tuple[str, object]:
    event = {"id": f"load{number % 1000}", "start_time": START, "end_time": START}
    return "/api/v1/event/", {"event": {**event, "tags": {"value": ["x"]}}, "insert": True}


def one(number: int) -> tuple[str, object]:
    return "/-/api/events", {"events": [{"source": "load", "scope": "load", "id": str(number)}]}


def batch(number: int, events: int = 200, size: int = 200) -> tuple[str, object]:
    text = (LOG_LINE * (size // len(LOG_LINE) + 1))[:size]
    made = [
        {"source": "load", "scope": "batch", "id": f"{number}-{place}", "payload": {"log": text}}
        for place in range(events)
    ]
    return "/-/api/events", {"events": made}


def megabyte(number: int) -> tuple[str, object]:
    return batch(number, 500, 2_000)


def large(number: int) -> tuple[str, object]:
    return batch(number, 7_500, 2_000)


WEIGHTS: dict[Callable[[int], tuple[str, object]], int] = {
    metric: 300,
    pipeline: 200,
    run: 200,
    merged: 100,
    one: 180,
    batch: 18,
    megabyte: 2,
}


def request(path: str, body: bytes, *more: str) -> bytes:
    lines = ["POST " + path + " HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [*more, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def requests(first: int) -> Iterator[bytes]:
    """Without end, each with names of its own. Small ones are cheap to make."""
    chance = random.Random(first)
    kinds = chance.choices(list(WEIGHTS), list(WEIGHTS.values()), k=5_000)
    for number, kind in zip(count(first), cycle(kinds), strict=False):
        path, body = kind(number)
        yield request(path, json.dumps(body).encode())


def cycle(kinds: list[Callable[[int], tuple[str, object]]]) -> Iterator:
    while True:
        yield from kinds


def bomb(bytes_inflated: int = 60 * 1024 * 1024) -> bytes:
    """A valid batch that shrinks as much as the server lets pass: 150 to 1 or so."""
    noise = random.Random(1).randbytes(300)
    text = noise.hex() + "a" * 60_000
    made = [
        {"source": "load", "scope": "bomb", "id": str(place), "payload": {"log": text}}
        for place in range(bytes_inflated // len(text))
    ]
    body = gzip.compress(json.dumps({"events": made}).encode(), 9)
    return request("/-/api/events", body, "Content-Encoding: gzip")
