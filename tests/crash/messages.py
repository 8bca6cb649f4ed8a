"""What a client sends by each protocol, and what must be stored once it was acknowledged."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import NamedTuple

CONTEXT = "5d66639084e1543c6611e128cb58040a"
START_MS = 1_717_400_000_000
RESULTS = "/apis/results.tekton.dev/v1alpha2/parents/crash/results"
RECORDS = f"{RESULTS}/all/records"
RESULT = {"name": "crash/results/all"}  # what all records of these tests lie under
DONE = frozenset({200, 201, 208})


class Row(NamedTuple):
    """A stored event, as far as these tests look at it."""

    source: str
    attempt: int
    payload: str
    values: tuple[str, ...] = ()  # of the tag that ETS merges grow


class Message(NamedTuple):
    """A request; once it is acknowledged each of these names has that row, or none."""

    method: str
    path: str
    body: bytes = b""
    makes: dict[str, Row | None] = {}  # noqa: RUF012 - nobody changes it
    done: frozenset[int] = DONE  # what the first of its kind is answered
    again: frozenset[int] = DONE  # what a repeat is answered
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it

    def zipped(self) -> Message:
        headers = {**self.headers, "Content-Encoding": "gzip"}
        return self._replace(body=gzip.compress(self.body, 1), headers=headers)


def messages(label: str) -> Iterator[Message]:
    """Without end; no other label has these names, so nobody else changes what they stand for."""
    values: list[str] = []
    for number in range(100_000):
        name = f"{label}{number:05d}"
        yield from _tests(name)
        yield from _pipelines(name)
        yield from _changes(name, label, values)
        yield from _records(name)
        yield from _batches(name)


def _tests(name: str) -> Iterator[Message]:
    plain = metric(name)
    yield _told("/api/v1/metrics/", plain, "pytest_monitor")
    yield _told("/api/v1/metrics/", metric(f"{name}-zipped"), "pytest_monitor").zipped()
    yield _told("/api/v1/contexts/", context(name), "pytest_monitor")
    yield _told("/api/v1/sessions/", session(name), "pytest_monitor")
    another = {**session(name), "scm_ref": "another"}
    yield Message("POST", "/api/v1/sessions/", dumped(another), done=frozenset({409}))


def _pipelines(name: str) -> Iterator[Message]:
    """A pipeline with what it brings along; a run with its end, and the run made again."""
    told = pipeline(name)
    parts = [told, *told["builds"], *told["jobs"]]
    rows = {
        f"{name}.pipeline{place}": _row("pipeline_metrics", part)
        for place, part in enumerate(parts)
    }
    yield Message("POST", "/save_metrics", dumped(told), rows)
    for attempt in (1, 2):
        ran = run(name, attempt)
        row = _row("trunk", ran["events"][-1], attempt)
        yield Message("POST", "/v1/metrics/trackEvents", dumped(ran), {f"{name}#{attempt}": row})


def _changes(name: str, label: str, values: list[str]) -> Iterator[Message]:
    """An ETS event that is made and deleted, and one that gets a value more each time."""
    made = merged(name, "0")
    del made["insert"]
    yield _told("/api/v1/event/", made, "ets", ("0",))._replace(method="PUT", again=_status(400))
    address = f"/api/v1/event/{name}"
    yield Message("DELETE", address, makes={_name_of(made): None}, again=_status(400))
    values.append(name)
    grown = merged(label, name)
    row = _row("ets", grown)._replace(values=tuple(values))
    yield Message("POST", "/api/v1/event/", dumped(grown), {f"{label}/grown": row})


def _records(name: str) -> Iterator[Message]:
    """A record that is updated, and one that is deleted."""
    for rest in ("kept", "gone"):
        id_ = f"{name}-{rest}"
        first, second = {"kind": "TaskRun", "name": id_}, {"kind": "TaskRun", "name": id_, "end": 1}
        yield Message(
            "POST", RECORDS, dumped(record(id_, first)), {id_: _row("tekton", first)}, DONE,
            again=_status(409),
        )  # fmt: skip
        address = f"{RECORDS}/{id_}"
        if rest == "kept":
            yield Message(
                "PATCH", address, dumped(record(id_, second)), {id_: _row("tekton", second)}
            )
        else:
            yield Message("DELETE", address, makes={id_: None}, again=_status(404))


def _batches(name: str) -> Iterator[Message]:
    """Stored whole, and, with one wrong event at its end, not at all."""
    events = [own(f"{name}/{place}") for place in range(10)]
    rows = {event["id"]: _row("crash", event["payload"]) for event in events}
    yield Message("POST", "/-/api/events", dumped({"events": events}), rows).zipped()
    wrong = [*(own(f"{name}/no/{place}") for place in range(5)), {**own(name), "attempt": 7}]
    yield Message("POST", "/-/api/events", dumped({"events": wrong}), done=_status(400, 409, 422))


def dumped(value: dict) -> bytes:
    return json.dumps(value).encode()


def _row(source: str, value: dict, attempt: int = 1) -> Row:
    return Row(source, attempt, json.dumps(value))


def _told(path: str, value: dict, source: str, values: tuple[str, ...] = ()) -> Message:
    row = _row(source, value)._replace(values=values)
    return Message("POST", path, dumped(value), {_name_of(value): row})


def _name_of(value: dict) -> str:
    return json.dumps(value)


def _status(*codes: int) -> frozenset[int]:
    """Answers of a repeat, or of a refusal: in any case not those of another kind."""
    return frozenset(codes)


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


def context(name: str) -> dict:
    return {
        "cpu_count": 2,
        "cpu_frequency": 2499.998,
        "cpu_type": "",
        "cpu_vendor": "a vendor",
        "ram_total": 24105,
        "machine_node": "node",
        "machine_type": "x86_64",
        "machine_arch": "64bit",
        "system_info": "Linux",
        "python_info": "3.11",
        "h": name,
    }


def session(name: str) -> dict:
    return {
        "session_h": name,
        "run_date": "2026-11-21T01:28:30.722652",
        "scm_ref": "4be1",
        "description": {"env": "dev"},
    }


def pipeline(number: str) -> dict:
    return {
        "pipeline_id": int("".join(filter(str.isdigit, number))),
        "created_at": "2026-06-13T14:11:24+07:00",
        "project": "crash",
        "ref": "main",
        "duration": 9,
        "duration_e2e": 5,
        "has_restarts": False,
        "builds": [{"b": 1}],
        "jobs": [{"name": f"e2e-{number}", "duration": 5}],
        "jobs_failed": [],
    }


def run(name: str, attempt: int = 1) -> dict:
    """A start and an end of one run in one request: stored together or not at all."""
    created = START_MS + attempt * 10_000
    start = {"id": name, "chainId": name, "createdAt": created}
    sequence = {"platform": "jenkins", "kind": "pipeline", "key": "crash", "name": "crash"}
    end = {**start, "finishedAt": created + 1_000, "conclusion": "SUCCESS", "sequence": sequence}
    repo = {"host": "github.com", "owner": "acme", "name": "crash"}
    return {"repo": repo, "events": [start, end]}


def merged(event: str, value: str) -> dict:
    """One more value of a tag of one event."""
    times = {"start_time": START_MS // 1_000, "end_time": START_MS // 1_000}
    return {"event": {"id": event, **times, "tags": {"value": [value]}}, "insert": True}


def record(name: str, value: dict | None = None) -> dict:
    """A record of one task."""
    text = base64.b64encode(dumped(value or {"kind": "TaskRun"})).decode()
    data = {"type": "tekton.dev/v1.TaskRun", "value": text}
    return {"name": f"crash/results/all/records/{name}", "data": data}


def own(name: str) -> dict:
    """An event by our own API."""
    return {"source": "crash", "scope": "crash", "id": name, "payload": {"name": name}}
