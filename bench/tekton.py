"""Tekton Results' API beside its own SQL in PostgreSQL: storing records, summaries and a list."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench import load as generator
from bench import tekton_postgres as reference
from bench.figure import Figure
from bench.postgres import postgres
from bench.serving import load, runwell
from bench.tekton_postgres import Reference
from bench.tekton_questions import PAGE, QUESTIONS, Question
from bench.tekton_records import Record, records

PARENTS = "/apis/results.tekton.dev/v1alpha2/parents"
EVERYWHERE = f"{PARENTS}/-/results/-/records"
CONNECTIONS = 32
RECORDS = 200_000
GIVEN = 518  # records/s that Tekton Results' own server is said to store; not measured here
RUNS = 7
VISIBLE_SECONDS = 900


def figures(*, quick: bool, count: int | None = None) -> list[Figure]:
    count = count or (2_000 if quick else RECORDS)
    with postgres(**reference.SETTINGS) as database:
        reference.load(database, records(count))
        theirs = [reference.ask(database, question) for question in QUESTIONS]
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    size = _prepare(folder, count)
    found = []
    with runwell(folder / "data") as server:
        found.append(_stored(server, folder, count, size))
        for question, expected in zip(QUESTIONS, theirs, strict=True):
            found.append(_compare(server, question, expected, count))
    shutil.rmtree(folder)
    return found


def _prepare(folder: Path, count: int) -> float:
    """Two files of requests, first the Results, then the Records; mean size of a document."""
    parents: dict[str, str] = {record.result_name: record.parent for record in records(count)}
    generator.prepare(
        folder / "results",
        (
            (f"{PARENTS}/{p}/results", _json({"name": f"{p}/results/{r}"}))
            for r, p in parents.items()
        ),
    )
    generator.prepare(folder / "records", map(_post, records(count)))
    return sum(len(record.json_bytes) for record in records(count)) / count


def _post(record: Record) -> tuple[str, bytes]:
    result = f"{record.parent}/results/{record.result_name}"
    value = base64.b64encode(record.json_bytes).decode()
    data = {"type": record.data_type, "value": value}
    body = {"name": f"{result}/records/{record.record_name}", "data": data}
    return f"{PARENTS}/{result}/records", _json(body)


def _stored(server: str, folder: Path, count: int, size: float) -> Figure:
    """Every 2xx is durable; afterwards as many must be found as were acknowledged."""
    load(server, connections=CONNECTIONS, file=str(folder / "results"))
    result = load(server, connections=CONNECTIONS, file=str(folder / "records"))
    began = time.perf_counter()
    total = _visible(server)
    waited = time.perf_counter() - began
    assert total == result["requests"] == count, f"{total} found, {result['requests']} sent"
    note = (
        f"documents of {size:,.0f} bytes, {CONNECTIONS} connections, p50 {result['p50_ms']:.1f} ms,"
        f" p99 {result['p99_ms']:.1f} ms; all visible {waited:.1f} s later"
    )
    rate = result["per_second"]
    name, given = f"{count:,} records stored", "Tekton Results (given, not measured here)"
    return Figure(name, rate, "records/s", given, GIVEN, rate / GIVEN, note=note)


def _visible(server: str) -> int:
    """How many records a summary counts; it may answer 503 while the columns catch up."""
    deadline = time.perf_counter() + VISIBLE_SECONDS
    while time.perf_counter() < deadline:
        status, body = _get(_connect(server), f"{EVERYWHERE}/summary?summary=total")
        if status == 200:
            return int(body["summary"][0]["total"])
        assert status == 503, (status, body)
        time.sleep(0.2)
    raise TimeoutError("the records did not become visible")


def _compare(server: str, question: Question, theirs: Reference, count: int) -> Figure:
    connection, target = _connect(server), _target(question)
    taken = []
    for _ in range(1 + RUNS):
        began = time.perf_counter()
        status, body = _get(connection, target)
        taken.append((time.perf_counter() - began) * 1000)
        assert status == 200, (status, body)
    if question.is_list:
        _check_page(server, question, body, theirs)
        note = f"{theirs.total:,} match"
    else:
        _check_groups(question.name, body["summary"], theirs.rows)
        note = f"{len(theirs.rows):,} rows"
    value = statistics.median(taken[1:])
    return Figure(
        f"{question.name}, {count:,} records",
        value,
        "ms",
        "its own SQL in PostgreSQL",
        theirs.milliseconds,
        theirs.milliseconds / value,
        note=f"{note}; ratio: times faster",
    )


def _check_groups(name: str, ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    """The same groups, and in each the same counts, times and interval texts."""
    found, expected = _by_group(ours), _by_group(theirs)
    assert found.keys() == expected.keys(), f"{name}: other groups"
    for group, row in expected.items():
        assert found[group] == row, f"{name}, {group}: {found[group]} instead of {row}"


def _by_group(rows: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    by_group = {row.get("group_value"): row for row in rows}
    assert len(by_group) == len(rows), "a group comes twice"
    return by_group


def _check_page(server: str, question: Question, page: dict[str, Any], theirs: Reference) -> None:
    """A whole page in order, of which there are as many as there should be.

    Which 50 are the newest depends on how the connections overtook each other.
    """
    rows = page["records"]
    expected = min(PAGE, theirs.total)
    assert len({row["name"] for row in rows}) == len(rows) == expected, "another number of rows"
    assert bool(page.get("next_page_token")) == (theirs.total > PAGE), "another end of the list"
    times = [datetime.fromisoformat(row["create_time"]) for row in rows]
    assert times == sorted(times, reverse=True), "not the newest first"
    for row in rows:
        document = json.loads(base64.b64decode(row["data"]["value"]))
        assert document["metadata"]["labels"]["app"] == "web", row["name"]
        assert "build" in document["metadata"]["name"], row["name"]
    asked = urlencode({"summary": "total", "filter": question.parameters["filter"]})
    _, body = _get(_connect(server), f"{EVERYWHERE}/summary?{asked}")
    assert body["summary"][0]["total"] == theirs.total, body


def _target(question: Question) -> str:
    path = EVERYWHERE if question.is_list else f"{EVERYWHERE}/summary"
    return f"{path}?{urlencode(question.parameters)}"


def _connect(server: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server).netloc, timeout=120)


def _get(connection: http.client.HTTPConnection, target: str) -> tuple[int, Any]:
    connection.request("GET", target)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
