"""What the senders send by each protocol, told apart by names."""

from __future__ import annotations

import base64

CONTEXT = "5d66639084e1543c6611e128cb58040a"


def metric(name: str) -> dict:
    return {
        "session_h": "crash",
        "context_h": CONTEXT,
        "item_start_time": "2026-11-21T01:28:30.722652",
        "item_path": "tests.test_crash",
        "item": "test_it",
        "item_variant": f"test_it[{name}]",
        "item_fs_loc": "tests/test_crash.py",
        "kind": "function",
        "component": "",
        "total_time": 0.25,
        "user_time": 0.1,
        "kernel_time": 0.0,
        "cpu_usage": 0.4,
        "mem_usage": 1.0,
    }


def pipeline(number: str) -> dict:
    return {
        "pipeline_id": int(number),
        "created_at": "2026-06-13T14:11:24+07:00",
        "project": "crash",
        "ref": "main",
        "duration": 9,
        "duration_e2e": 5,
        "has_restarts": False,
        "builds": [{"b": 1}],
        "jobs": [{"name": "e2e", "duration": 5}],
        "jobs_failed": [],
    }


def run(name: str) -> dict:
    """A start and an end of one run in one request: stored together or not at all."""
    start = {"id": name, "chainId": name, "createdAt": 1_717_400_000_000}
    sequence = {"platform": "jenkins", "kind": "pipeline", "key": "crash", "name": "crash"}
    end = {**start, "finishedAt": 1_717_400_001_000, "conclusion": "SUCCESS", "sequence": sequence}
    repo = {"host": "github.com", "owner": "acme", "name": "crash"}
    return {"repo": repo, "events": [start, end]}


def merged(event: str, value: str) -> dict:
    """One more value of a tag of one event."""
    times = {"start_time": 1_717_400_000, "end_time": 1_717_400_000}
    return {"event": {"id": event, **times, "tags": {"value": [value]}}, "insert": True}


RESULTS = "/apis/results.tekton.dev/v1alpha2/parents/crash/results"
RECORDS = f"{RESULTS}/all/records"
RESULT = {"name": "crash/results/all"}  # what all records of these tests lie under
VALUE = base64.b64encode(b'{"kind": "TaskRun"}').decode()


def record(name: str) -> dict:
    """A record of one task."""
    data = {"type": "tekton.dev/v1.TaskRun", "value": VALUE}
    return {"name": f"crash/results/all/records/{name}", "data": data}


def name_of(path: str, body: dict) -> tuple[str, str]:
    """What a message brings: the protocol and the name that must be stored once."""
    match path:
        case "/save_metrics":
            return "pipeline_metrics", str(body["pipeline_id"])
        case "/v1/metrics/trackEvents":
            return "trunk", body["events"][0]["id"]
        case "/api/v1/event/":
            return "ets", f"{body['event']['id']}={body['event']['tags']['value'][0]}"
        case _ if path == RECORDS:
            return "tekton", body["name"].rpartition("/")[2]
    return "pytest_monitor", body["item_variant"]
