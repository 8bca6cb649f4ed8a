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


# What the Jenkins plugin sends when a stage has ended; a fleet's uploader sends many at once.
STAGE = {
    "id": "012c3b94d4cbc0bea507de8f34833f30#KEY",
    "parent": {
        "eventId": "b62eaa3042c7a02b58fa7230df4cc53b#KEY",
        "sequenceKey": "b62eaa3042c7a02b58fa7230df4cc53b",
    },
    "chainId": "b62eaa3042c7a02b58fa7230df4cc53b#KEY",
    "origin": "jenkins-plugin-1.5.0",
    "createdAt": 1717400005000,
    "finishedAt": 1717400065000,
    "conclusion": "SUCCESS",
    "payload": {
        "metrics": [{"k": "duration_ms", "v": 60000.0}],
        "tags": [
            {"k": "path", "v": "webshop-ci/Build"},
            {"k": "title", "v": "#KEY"},
            {"k": "url", "v": "https://jenkins.acme.test/job/webshop-ci/KEY/"},
            {"k": "build", "v": "KEY"},
        ],
    },
    "sequence": {
        "platform": "jenkins",
        "kind": "stage",
        "key": "012c3b94d4cbc0bea507de8f34833f30",
        "name": "Build",
        "payload": {"tags": [{"k": "url", "v": "https://jenkins.acme.test/job/webshop-ci/KEY/"}]},
    },
}
REPO = {"host": "github.com", "owner": "acme", "name": "webshop"}
BATCH = 200


def _maker(document: dict[str, object]) -> Callable[[str], bytes]:
    pieces = json.dumps(document, separators=(",", ":")).encode().split(b"KEY")
    return lambda key: key.encode().join(pieces)


def _pipeline(key: str) -> bytes:
    run, number = key.rsplit("-", 1)
    return _PIPELINE(str(sum(run.encode()) * 10_000_000 + int(number)))


def _track_events(total: int) -> Callable[[str], bytes]:
    head = b'{"repo":%s,"events":[' % json.dumps(REPO).encode()
    return lambda key: (
        head + b",".join(_STAGE(f"{key}-{number}") for number in range(total)) + b"]}"
    )


_PIPELINE = _maker(PIPELINE)
_STAGE = _maker(STAGE)
SHAPES = {
    "metric": _maker(METRIC),
    "pipeline": _pipeline,
    "trunk": _track_events(1),
    "trunk_batch": _track_events(BATCH),
}
