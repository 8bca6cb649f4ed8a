"""Every endpoint that takes a body, with a valid one; what is there at the beginning; what is watched."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TEKTON = "/apis/results.tekton.dev/v1alpha2/parents"
JSON, YAML = "application/json", "application/yaml"


def as_it_is(text: bytes) -> bytes:
    return text


@dataclass(frozen=True)
class Place:
    """Where a body goes. `make(n)`: a valid one, with names that no other number has."""

    name: str
    protocol: str
    method: str
    path: str
    make: Callable[[int], Any]
    content_type: str = JSON
    wrap: Callable[[bytes], bytes] = as_it_is  # the text into what is sent

    @property
    def body(self) -> bytes:
        """The valid body of number 0."""
        return self.wrap(json.dumps(self.make(0)).encode())


def trunk(n: int) -> Any:
    tags = [{"k": "branch", "v": "main"}, {"k": "tries", "v": 2}]
    sequence = {
        "platform": "github_actions",
        "kind": "job",
        "key": f"key-{n}",
        "name": "Build",
        "payload": {"tags": [{"k": "team", "v": "web"}], "metrics": []},
    }
    event = {
        "id": f"run-{n}",
        "chainId": f"chain-{n}",
        "createdAt": 1_767_268_800_000,
        "finishedAt": 1_767_268_860_000,
        "conclusion": "SUCCESS",
        "parent": {"eventId": f"root-{n}", "chainId": f"chain-{n}", "sequenceKey": "s"},
        "payload": {"metrics": [{"k": "duration_ms", "v": 1000}], "tags": tags},
        "sequence": sequence,
        "origin": "jenkins",
    }
    return {"repo": {"host": "git.test", "owner": "acme", "name": "web"}, "events": [event]}


def report(n: int) -> Any:
    return {
        "pipeline_id": 1_000 + n,
        "created_at": "2026-01-01T12:00:00.029+07:00",
        "project": "acme/web",
        "ref": "master",
        "duration": 97,
        "duration_e2e": 27,
        "has_restarts": False,
        "jobs": [
            {"name": "e2e", "duration": 27, "up": 7, "e2e": 5, "pull": 1, "up_without_pull": 6}
        ],
        "jobs_failed": [{"name": "lint", "duration": 3}],
        "builds": [{"build-e2e": 64}],
        "build": 64,
    }


def ets(n: int) -> Any:
    event = {
        "id": f"ets-{n}",
        "source_id": "s",
        "parent_id": "",
        "start_time": "2026-01-01T12:00:00Z",
        "end_time": 1_767_268_860,
        "description": "a deploy",
        "detail_urls": {"log": "http://log.test/1"},
        "tags": {"service": ["web"], "status": "ok"},
    }
    return {"event": event}


def ets_post(n: int) -> Any:
    return {**ets(n), "operation": "update", "insert": True}


def metric(n: int) -> Any:
    return {
        "session_h": "s1",
        "context_h": "c1",
        "item_start_time": "2026-01-01T12:00:00.5",
        "item_path": "tests.a",
        "item": "test_it",
        "item_variant": f"test_it[{n}]",
        "item_fs_loc": "tests/a.py",
        "kind": "function",
        "component": "web",
        "total_time": 1.5,
        "user_time": 1,
        "kernel_time": 0.25,
        "cpu_usage": 0.8,
        "mem_usage": 0.5,
    }


def context(n: int) -> Any:
    return {
        "cpu_count": 2,
        "cpu_frequency": 2499.998,
        "cpu_type": "x",
        "cpu_vendor": "V",
        "ram_total": 24105,
        "machine_node": "host",
        "machine_type": "x86_64",
        "machine_arch": "64bit",
        "system_info": "Linux",
        "python_info": "3.11",
        "h": f"c-{n}",
    }


def session(n: int) -> Any:
    described = {"pipeline_branch": "main", "pipeline_build_no": "7", "description": "mine"}
    return {
        "session_h": f"s-{n}",
        "run_date": "2026-01-01T12:00:00",
        "scm_ref": "cafe",
        "description": described,
    }


def result(n: int) -> Any:
    return {
        "name": f"shop/results/r{n}",
        "annotations": {"repo": "acme/web"},
        "summary": {
            "record": f"shop/results/r{n}/records/x",
            "type": "tekton.dev/v1.PipelineRun",
            "start_time": "2026-01-01T12:00:00Z",
            "end_time": "2026-01-01T12:01:00Z",
            "status": "SUCCESS",
            "annotations": {"object.metadata.name": "build"},
        },
    }


def record(n: int) -> Any:
    value = base64.b64encode(json.dumps(run(n)).encode()).decode()
    return {
        "name": f"shop/results/r0/records/n{n}",
        "data": {"type": "tekton.dev/v1.PipelineRun", "value": value},
    }


def run(_: int) -> Any:
    condition = {"type": "Succeeded", "status": "True", "reason": "Succeeded", "message": "m"}
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {
            "name": "build",
            "namespace": "shop",
            "uid": "u",
            "creationTimestamp": "2026-01-01T11:59:00Z",
            "labels": {"tekton.dev/pipeline": "build-web", "app": "web"},
            "annotations": {"a": "b"},
        },
        "spec": {"pipelineRef": {"name": "build-web"}},
        "status": {
            "conditions": [condition],
            "startTime": "2026-01-01T12:00:00Z",
            "completionTime": "2026-01-01T12:01:00Z",
        },
    }


def inside(name: str) -> Callable[[bytes], bytes]:
    """The text as the value of a record."""

    def wrap(text: bytes) -> bytes:
        value = base64.b64encode(text).decode()
        data = {"type": "tekton.dev/v1.PipelineRun", "value": value}
        return json.dumps({"name": name, "data": data}).encode()

    return wrap


def native(n: int) -> Any:
    times = ("created", "queued", "started", "finished", "recorded", "updated")
    event = {
        "source": "script",
        "scope": "nightly",
        "id": f"own-{n}",
        "attempt": 1,
        **dict.fromkeys(("uid", "chain", "parent", "event_type", "name", "repo"), "x"),
        **dict.fromkeys(("namespace", "pipeline", "ref", "sha", "component", "platform"), "y"),
        "kind": "pipeline",
        "status": "succeeded",
        **dict.fromkeys(times, "2026-01-01T12:00:00Z"),
        "duration": 1.5,
        "description": "d",
        "metrics": {"load": 0.5},
        "tags": {"team": "web", "os": ["a", "b"]},
        "links": {"log": "http://log.test/1"},
        "payload": {"a": [1, "x", None]},
        "client": "c",
    }
    return {"events": [event]}


def question(_: int) -> Any:
    return {"sql": "SELECT ?, ?", "params": [1, "x"]}


BODIES = [
    Place("trunk", "trunk", "POST", "/v1/metrics/trackEvents", trunk),
    Place("report", "pipeline_metrics", "POST", "/save_metrics", report),
    Place("ets put", "ets", "PUT", "/api/v1/event/", ets),
    Place("ets post", "ets", "POST", "/api/v1/event/", ets_post),
    Place("ets yaml", "ets", "PUT", "/api/v1/event/", ets, YAML),
    Place("metric", "pytest_monitor", "POST", "/api/v1/metrics/", metric),
    Place("context", "pytest_monitor", "POST", "/api/v1/contexts/", context),
    Place("context at", "pytest_monitor", "POST", "/api/v1/contexts/abc", context),
    Place("session", "pytest_monitor", "POST", "/api/v1/sessions/", session),
    Place("session at", "pytest_monitor", "POST", "/api/v1/sessions/abc", session),
    Place("result", "tekton", "POST", f"{TEKTON}/shop/results", result),
    Place("result patch", "tekton", "PATCH", f"{TEKTON}/shop/results/patched", result),
    Place("record", "tekton", "POST", f"{TEKTON}/shop/results/r0/records", record),
    Place("record patch", "tekton", "PATCH", f"{TEKTON}/shop/results/r0/records/patched", record),
    Place(
        "record value",
        "tekton",
        "PATCH",
        f"{TEKTON}/shop/results/r0/records/patched",
        run,
        wrap=inside("shop/results/r0/records/patched"),
    ),
    Place("events", "runwell", "POST", "/-/api/events", native),
    Place("sql", "runwell", "POST", "/-/api/sql", question),
]
BY_NAME = {place.name: place for place in BODIES}


def _named(place: Place, value: Any) -> Place:
    return Place(place.name, place.protocol, place.method, place.path, lambda _: value)


# In this order: a record lies in a result.
SEEDS = [
    *(place for place in BODIES if place.method != "PATCH" and place.wrap is as_it_is),
    _named(BY_NAME["result"], {"name": "shop/results/patched"}),
    _named(BY_NAME["record"], {**record(0), "name": "shop/results/r0/records/patched"}),
]
SEEDS.remove(BY_NAME["ets yaml"])
SEEDS.remove(BY_NAME["ets post"])

# What every protocol answers of the seeds, and of nothing else.
WATCHED = [
    "/-/api/events/script/nightly/own-0",
    "/-/api/events/pipeline_metrics/global/1000",
    "/-/api/events/trunk/git.test%2Facme%2Fweb/run-0",
    "/api/v1/event/ets-0",
    "/api/v1/contexts/c-0",
    "/api/v1/sessions/s-0",
    f"{TEKTON}/shop/results/r0",
    f"{TEKTON}/shop/results/r0/records/n0",
]
# Everything that lists: it must go on answering, whatever was stored.
LISTS = [
    "/-/api/events?limit=10000&fields=payload,tags,metrics,links,name,started,duration",
    "/-/api/events?format=ndjson",
    "/-/api/export?format=csv",
    "/-/api/summary?group_by=source,kind",
    "/-/api/series?summary=total&bucket=year",
    "/-/api/fields",
    "/api/v1/event/?count=0",
    "/api/v1/metrics/?per_page=10000",
    "/api/v1/contexts/?per_page=10000",
    "/api/v1/sessions/?per_page=10000",
    "/api/v1/components/",
    "/api/v1/pipelines/",
    f"{TEKTON}/-/results?page_size=10000",
    f"{TEKTON}/-/results/-/records?page_size=10000",
    f"{TEKTON}/-/results/-/records/summary?summary=total,succeeded&group_by=hour",
]
