"""Small messages by all five protocols, told apart by names; and how to ask what is stored."""

from __future__ import annotations

import base64
import http.client
import threading
import time
from urllib.parse import urlsplit

from tests.serving import Server, exchange

CONTEXT = "5d66639084e1543c6611e128cb58040a"
RESULTS = "/apis/results.tekton.dev/v1alpha2/parents/sent/results"
RECORDS = f"{RESULTS}/all/records"
RESULT = {"name": "sent/results/all"}  # what every record lies under
VALUE = base64.b64encode(b'{"kind": "TaskRun"}').decode()
STORED = {
    "pytest_monitor": "SELECT payload->>'$.item_variant' FROM events "
    "WHERE source = 'pytest_monitor' AND kind = 'test'",
    "pipeline_metrics": "SELECT pipeline_id::VARCHAR FROM metrics_pipeline",
    "trunk": "SELECT id FROM trunk_events WHERE status = 'succeeded'",
    "tekton": "SELECT split_part(id, '/', -1) FROM events WHERE source = 'tekton'",
    "ets": "SELECT id FROM events WHERE source = 'ets'",
}


def test_of(name: str) -> tuple[str, dict]:
    return "/api/v1/metrics/", {
        "session_h": "sent",
        "context_h": CONTEXT,
        "item_start_time": "2026-11-21T01:28:30.722652",
        "item_path": "tests.test_sent",
        "item": "test_it",
        "item_variant": name,
        "item_fs_loc": "tests/test_sent.py",
        "kind": "function",
        "component": "",
        "total_time": 0.25,
        "user_time": 0.1,
        "kernel_time": 0.0,
        "cpu_usage": 0.4,
        "mem_usage": 1.0,
    }


def pipeline_of(name: str) -> tuple[str, dict]:
    """The name is a number."""
    return "/save_metrics", {
        "pipeline_id": int(name),
        "created_at": "2026-06-13T14:11:24+07:00",
        "project": "sent",
        "ref": "main",
        "duration": 9,
        "duration_e2e": 5,
        "has_restarts": False,
        "builds": [{"b": 1}],
        "jobs": [{"name": "e2e", "duration": 5}],
        "jobs_failed": [],
    }


def run_of(name: str) -> tuple[str, dict]:
    """A start and an end in one request."""
    start = {"id": name, "chainId": name, "createdAt": 1_717_400_000_000}
    sequence = {"platform": "jenkins", "kind": "pipeline", "key": "sent", "name": "sent"}
    end = {**start, "finishedAt": 1_717_400_001_000, "conclusion": "SUCCESS", "sequence": sequence}
    repo = {"host": "github.com", "owner": "acme", "name": "sent"}
    return "/v1/metrics/trackEvents", {"repo": repo, "events": [start, end]}


def event_of(name: str) -> tuple[str, dict]:
    times = {"start_time": 1_717_400_000, "end_time": 1_717_400_000}
    return "/api/v1/event/", {
        "event": {"id": name, **times, "tags": {"value": [name]}},
        "insert": True,
    }


def record_of(name: str) -> tuple[str, dict]:
    data = {"type": "tekton.dev/v1.TaskRun", "value": VALUE}
    return RECORDS, {"name": f"sent/results/all/records/{name}", "data": data}


KINDS = {
    "pytest_monitor": test_of,
    "pipeline_metrics": pipeline_of,
    "trunk": run_of,
    "ets": event_of,
    "tekton": record_of,
}


class Sender(threading.Thread):
    """A client of all protocols: remembers what was acknowledged, and how long each answer took."""

    def __init__(self, server: Server, number: int, stop: threading.Event, pause: float) -> None:
        super().__init__()
        self.server, self.number, self.halt, self.pause = server, number, stop, pause
        self.acknowledged: list[tuple[str, str]] = []
        self.took: list[tuple[float, float]] = []  # when it began, seconds
        self.refused: list[int] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=30)
        kinds = list(KINDS.items())
        number = 0
        while not self.halt.wait(self.pause):
            name = f"{self.number}{number:06d}"
            source, kind = kinds[number % len(kinds)]
            number += 1
            path, body = kind(name)
            began = time.monotonic()
            reply = exchange(connection, "POST", path, body)
            self.took.append((began, time.monotonic() - began))
            if reply.status in (200, 201, 208):
                self.acknowledged.append((source, name))
            else:
                self.refused.append(reply.status)
        connection.close()


def stored(server: Server) -> set[tuple[str, str]]:
    """The names of everything that was sent so, as the server answers them."""
    names = set()
    for source, sql in STORED.items():
        question = {"sql": f"SELECT list(name) FROM ({sql}) AS named(name)"}
        reply = server.ask("POST", "/-/api/sql", question)
        assert reply.status == 200, reply
        names |= {(source, name) for name in reply.json["rows"][0][0] or []}
    return names
