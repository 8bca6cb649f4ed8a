"""What a protocol could not answer does not come in by our own API, and harms nobody's lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.apps import play
from tests.builders import an_event

from runwell.errors import BadEvent
from runwell.model import Kind
from runwell.protocols.pytest_monitor.native import admit

NOON = "2026-01-01T12:00:00Z"
TEKTON = {
    "source": "tekton",
    "scope": "ci",
    "id": "r/1",
    "chain": "r",
    "uid": "u-1",
    "recorded": NOON,
    "updated": NOON,
    "payload": {"kind": "TaskRun"},
}
RESULT = {**TEKTON, "kind": "result", "id": "r", "payload": {"status": 1, "annotations": {}}}
ETS = {"source": "ets", "scope": "global", "id": "1", "started": NOON, "finished": NOON}
TRUNK = {"source": "trunk", "scope": "github.com/acme/web", "id": "1", "created": NOON}
PIPELINE = {
    "source": "pipeline_metrics",
    "scope": "global",
    "id": "7",
    "chain": "7",
    "kind": "pipeline",
}
TEST = {"source": "pytest_monitor", "scope": "s", "chain": "s", "id": "1", "kind": "test"}
METRIC = {
    "session_h": "s",
    "context_h": "c",
    "item_start_time": "2026-01-01T12:00:00",
    "item_path": "tests",
    "item": "test_it",
    "item_variant": "test_it",
    "item_fs_loc": "tests.py",
    "kind": "function",
    "component": "",
    "total_time": 1.0,
    "user_time": 1.0,
    "kernel_time": 1.0,
    "cpu_usage": 1.0,
    "mem_usage": 1.0,
}
GOOD = [
    TEKTON,
    RESULT,
    {**TEKTON, "payload": None},
    ETS,
    {**ETS, "tags": {"status": [], "source_id": "7"}},
    TRUNK,
    {**TRUNK, "kind": "sequence"},
    {**PIPELINE, "metrics": {"duration": 2**31 - 1}, "tags": {"is_main": "true"}},
    {**PIPELINE, "id": "-9223372036854775808", "chain": "-9223372036854775808"},
    {**PIPELINE, "id": "7/job/0", "kind": "job"},
    {**TEST, "payload": METRIC},
    {**TEST, "kind": "deploy"},
]
BAD = [
    ({**TEKTON, "uid": ""}, "uid"),
    ({**TEKTON, "recorded": None}, "recorded"),
    ({**TEKTON, "updated": None}, "updated"),
    ({**TEKTON, "attempt": 2}, "attempt"),
    ({**TEKTON, "id": "r"}, "id"),
    ({**TEKTON, "id": "r/1/2"}, "id"),
    ({**TEKTON, "scope": "No Namespace"}, "id"),
    ({**TEKTON, "chain": "q"}, "chain"),
    ({**RESULT, "id": "r/1"}, "id"),
    ({**RESULT, "chain": ""}, "chain"),
    ({**RESULT, "payload": {"status": "x"}}, "payload"),
    ({**RESULT, "payload": None}, "payload"),
    ({**ETS, "scope": "elsewhere"}, "scope"),
    ({**ETS, "attempt": 2}, "attempt"),
    ({**ETS, "started": None}, "started"),
    ({**ETS, "finished": None}, "finished"),
    ({**ETS, "tags": {"source_id": []}}, "tags.source_id"),
    ({**ETS, "description": "x" * 65_537}, "description"),
    ({**TRUNK, "created": None}, "created"),
    ({**TRUNK, "metrics": {"duration_ms": 1e300}}, "metrics.duration_ms"),
    ({**TRUNK, "metrics": {"queue_ms": -1e300}}, "metrics.queue_ms"),
    ({**TRUNK, "kind": "sequence", "attempt": 2}, "attempt"),
    ({**PIPELINE, "id": "seven"}, "id"),
    ({**PIPELINE, "chain": ""}, "chain"),
    ({**PIPELINE, "id": "9223372036854775808"}, "id"),
    ({**PIPELINE, "id": "9" * 5_000}, "id"),
    ({**PIPELINE, "metrics": {"duration": 2**31}}, "metrics.duration"),
    ({**PIPELINE, "tags": {"is_main": ["true", "maybe"]}}, "tags.is_main"),
    (TEST, "payload"),
    ({**TEST, "payload": {**METRIC, "total_time": "x"}}, "payload.total_time"),
    ({**TEST, "payload": [1]}, "payload"),
    ({**TEST, "kind": "session", "payload": {}}, "payload.run_date"),
    ({**TEST, "kind": "context", "payload": {"h": "c"}}, "payload.cpu_count"),
]
LISTS = [
    "/api/v1/metrics/",
    "/api/v1/contexts/count",
    "/api/v1/event/",
    "/apis/results.tekton.dev/v1alpha2/parents/-/results",
    "/apis/results.tekton.dev/v1alpha2/parents/-/results/-/records",
    "/apis/results.tekton.dev/v1alpha2/parents/-/results/-/records/summary?summary=total",
]
RELATIONS = [
    "trunk_events",
    "trunk_sequences",
    "metrics_pipeline",
    "metrics_build",
    "metrics_job",
    "metrics_job_failed",
    "tekton_runs",
    "ets_events",
    "pytest_sessions",
    "pytest_tests",
    "pytest_contexts",
]


@pytest.mark.parametrize("event", GOOD)
def test_what_a_protocol_can_answer_is_taken_and_answered(event: dict[str, Any], tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.post("/-/api/events", json={"events": [event]})
        assert answer.status_code == 200, answer.text
        for address in LISTS:
            assert (await client.get(address)).status_code in (200, 204), address
        for relation in RELATIONS:
            question = {"sql": f"SELECT * FROM {relation}"}
            answer = await client.post("/-/api/sql", json=question)
            assert answer.status_code == 200, answer.text

    play(tmp_path, scenario)


@pytest.mark.parametrize(("event", "field"), BAD, ids=lambda value: str(value)[:20])
def test_what_a_protocol_could_not_answer_is_refused(
    event: dict[str, Any], field: str, tmp_path: Path
):
    async def scenario(app, client):
        answer = await client.post("/-/api/events", json={"events": [event]})
        assert answer.status_code == 400, answer.text
        assert answer.json()["pointer"] == f"events[0].{field}"
        assert app.store.ledger.count() == 0

    play(tmp_path, scenario)


def test_a_moved_ets_event_takes_merges(tmp_path: Path):
    async def scenario(_app, client):
        await client.post("/-/api/events", json={"events": [{**ETS, "tags": {"a": "1"}}]})
        merge = {"event": {"id": "1", "tags": {"a": ["2"]}}}
        assert (await client.post("/api/v1/event/", json=merge)).status_code in (200, 201)
        shown = (await client.get("/-/api/events/ets/global/1")).json()
        assert shown["tags"]["a"] == ["1", "2"]

    play(tmp_path, scenario)


def test_a_payload_that_is_no_json_is_none_of_pytest_monitor():
    with pytest.raises(BadEvent, match="payload: not a test"):
        admit(an_event(source="pytest_monitor", kind=Kind.TEST, payload="{"))
