"""Request bodies by shape; `key` makes each one new to the server."""

from __future__ import annotations

import json
from collections.abc import Callable

METRIC = {
    "session_h": "a408d2e1444457fd9a4f7260ec409f21",
    "context_h": "5d66639084e1543c6611e128cb58040a",
    "item_start_time": "2026-11-21T01:28:30.722652",
    "item_path": "tests.unit.billing.test_invoices",
    "item": "test_total_is_rounded",
    "item_variant": "test_total_is_rounded[KEY]",
    "item_fs_loc": "tests/unit/billing/test_invoices.py",
    "kind": "function",
    "component": "billing",
    "total_time": 0.03937411308288574,
    "user_time": 0.01,
    "kernel_time": 0.0,
    "cpu_usage": 0.2539739695126,
    "mem_usage": 0.21875,
}
PIPELINE = {
    "jobs": [{"name": "e2e", "duration": 27, "up": 7, "e2e": 5}],
    "builds": [{"build-e2e": 64}],
    "build": 64,
    "created_at": "2026-06-13T14:11:24.029+07:00",
    "ref": "master",
    "duration": 97,
    "duration_e2e": 27,
    "jobs_failed": [],
    "has_restarts": False,
    "project": "test/project",
    "pipeline_id": "KEY",
}


def _maker(document: dict[str, object]) -> Callable[[str], bytes]:
    before, after = json.dumps(document).encode().split(b"KEY")
    return lambda key: before + key.encode() + after


def _pipeline(key: str) -> bytes:
    run, number = key.rsplit("-", 1)
    return _PIPELINE(str(sum(run.encode()) * 10_000_000 + int(number)))


_PIPELINE = _maker(PIPELINE)
SHAPES = {"metric": _maker(METRIC), "pipeline": _pipeline}
