"""`POST /-/api/events`: created, existed or replaced, all or none, and every mistake by its place."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.apps import play
from tests.serving import Server

from runwell.tokens import Tokens

EVENT = {"source": "nightly-bench", "scope": "web", "id": "1"}
STARTED = "2026-01-01T12:00:00.123456Z"
FULL = {
    **EVENT,
    "uid": "u-1",
    "chain": "0",
    "parent": "0",
    "kind": "job",
    "event_type": "bench",
    "name": "render",
    "repo": "acme/web",
    "namespace": "ci",
    "pipeline": "nightly",
    "ref": "main",
    "sha": "cafe",
    "component": "renderer",
    "platform": "cron",
    "status": "failed",
    "created": "2026-01-01T11:59:58Z",
    "queued": "2026-01-01T11:59:59Z",
    "started": STARTED,
    "finished": "2026-01-01T12:00:01.623457Z",
    "recorded": "2026-01-01T12:00:02Z",
    "updated": "2026-01-01T12:00:03Z",
    "duration": 1.500001,
    "description": "slow",
    "metrics": {"rss": 12.5, "pages": 3.0},
    "tags": {"team": ["growth", "web"]},
    "links": {"log": "https://ci.example.test/1"},
    "payload": {"a": [1, {"b": None}]},
    "client": "bench 1.0",
}


async def write(client: httpx.AsyncClient, *events: Any) -> httpx.Response:
    return await client.post("/-/api/events", json={"events": events})


async def written(client: httpx.AsyncClient, *events: Any) -> tuple[int, int, int]:
    answer = await write(client, *events)
    assert answer.status_code == 200, answer.text
    return tuple(answer.json()[name] for name in ("created", "existed", "replaced"))


async def read(client: httpx.AsyncClient, path: str = "nightly-bench/web/1") -> Any:
    answer = await client.get(f"/-/api/events/{path}")
    return answer.json() if answer.status_code == 200 else None


async def seq_of(client: httpx.AsyncClient) -> int:
    return (await read(client))["seq"]


def test_an_event_is_shown_as_it_was_sent(tmp_path: Path):
    async def scenario(_app, client):
        assert await written(client, FULL) == (1, 0, 0)
        shown = await read(client)
        assert {name: shown[name] for name in FULL} == FULL
        assert shown["attempt"] == 1
        assert shown["time"] == STARTED

    play(tmp_path, scenario)


def test_what_is_left_out_and_what_is_null_are_the_same(tmp_path: Path):
    async def scenario(_app, client):
        nothing = dict.fromkeys(name for name in FULL if name not in (*EVENT, "client"))
        assert await written(client, {**EVENT, "client": "me"}) == (1, 0, 0)
        assert await written(client, {**nothing, **EVENT, "attempt": None}) == (0, 1, 0)

    play(tmp_path, scenario)


def test_the_same_content_changes_nothing_and_other_content_replaces_it(tmp_path: Path):
    async def scenario(_app, client):
        await written(client, FULL)
        first = await seq_of(client)
        assert await written(client, FULL) == (0, 1, 0)
        assert await seq_of(client) == first
        assert await written(client, {**FULL, "status": "succeeded"}) == (0, 0, 1)
        assert await seq_of(client) > first
        assert (await read(client))["status"] == "succeeded"
        assert (await read(client))["arrival"] == 1

    play(tmp_path, scenario)


def test_who_sends_it_is_no_content_and_is_its_user_agent_unless_it_says(tmp_path: Path):
    async def scenario(_app, client):
        client.headers["user-agent"] = "curl/8"
        assert await written(client, EVENT) == (1, 0, 0)
        client.headers["user-agent"] = "curl/9"
        assert await written(client, EVENT, {**EVENT, "client": "script"}) == (0, 2, 0)
        assert (await read(client))["client"] == "curl/8"

    play(tmp_path, scenario)


def test_one_request_may_bring_an_event_twice(tmp_path: Path):
    async def scenario(_app, client):
        assert await written(client, EVENT, EVENT, {**EVENT, "name": "x"}) == (1, 1, 1)
        assert await written(client) == (0, 0, 0)

    play(tmp_path, scenario)


def test_derived_fields_are_taken_and_mean_nothing(tmp_path: Path):
    async def scenario(_app, client):
        derived = {"seq": 9, "arrival": 9, "received": STARTED, "time": "x", "queue": {}}
        assert await written(client, {**EVENT, **derived}) == (1, 0, 0)
        assert (await read(client))["seq"] == 1

    play(tmp_path, scenario)


def test_a_tag_may_be_a_single_text(tmp_path: Path):
    async def scenario(_app, client):
        await written(client, {**EVENT, "tags": {"team": "growth", "all": ["a", "b"]}})
        assert (await read(client))["tags"] == {"team": ["growth"], "all": ["a", "b"]}

    play(tmp_path, scenario)


PAYLOADS = [
    b'{"a" : [1,  2.50, 1e2],\n "b":"\\u00e9"}',
    b"[]",
    b'"text"',
    b"-0.0",
    b"[" * 62 + b"]" * 62,
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_is_kept_byte_for_byte(payload: bytes, tmp_path: Path):
    async def scenario(app, client):
        head = msgspec.json.encode(EVENT)[:-1]
        body = b'{"events": [' + head + b', "payload":  ' + payload + b" }]}"
        assert (await client.post("/-/api/events", content=body)).status_code == 200
        stored = app.store.ledger.changes(0, 1)[0].document
        assert msgspec.json.decode(stored)["payload"].encode() == payload
        assert payload in (await client.get("/-/api/events/nightly-bench/web/1")).content

    play(tmp_path, scenario)


def test_a_payload_that_lost_its_line_breaks_on_the_way_is_the_same(tmp_path: Path):
    async def scenario(_app, client):
        def body(payload: bytes) -> bytes:
            return b'{"events":[{"source":"s","scope":"","id":"1","payload":' + payload + b"}]}"

        answers = [
            (await client.post("/-/api/events", content=body(payload))).json()
            for payload in (b'{\n "a":\r\n1}', b'{  "a":  1}', b'{"a":1}')
        ]
        assert answers == [
            {"created": 1, "existed": 0, "replaced": 0},
            {"created": 0, "existed": 1, "replaced": 0},
            {"created": 0, "existed": 0, "replaced": 1},
        ]

    play(tmp_path, scenario)


def test_attempts_come_in_their_order_and_leave_no_gap(tmp_path: Path):
    async def scenario(_app, client):
        third = {**EVENT, "attempt": 3}
        answer = await write(client, EVENT, third)
        assert (answer.status_code, answer.json()["pointer"]) == (409, "events[1].attempt")
        assert "attempt 2 is the next" in answer.json()["detail"]
        assert await read(client) is None

        numbered = [{**EVENT, "attempt": number} for number in (1, 2, 3)]
        assert await written(client, *numbered) == (3, 0, 0)
        assert await written(client, *reversed(numbered)) == (0, 3, 0)
        assert await written(client, {**numbered[1], "name": "again"}) == (0, 0, 1)
        assert [
            (await read(client, f"nightly-bench/web/1?attempt={number}"))["name"]
            for number in (1, 2, 3)
        ] == ["", "again", ""]

    play(tmp_path, scenario)


PLACES = [
    ({**EVENT, "naem": "x"}, "naem", "did you mean 'name'?"),
    ({"source": "s", "scope": ""}, "id", "is required"),
    ({**EVENT, "id": ""}, "id", "length >= 1"),
    ({**EVENT, "source": ""}, "source", "length >= 1"),
    ({**EVENT, "source": "s" * 129}, "source", "length <= 128"),
    ({**EVENT, "status": "sucess"}, "status", "'sucess' is none of queued, running, succeeded"),
    ({**EVENT, "kind": 5}, "kind", "expected `str | null`"),
    ({**EVENT, "status": "unknown field"}, "status", "'unknown field' is none of"),
    ({**EVENT, "status": " - at `$" * 9_999}, "status", "is none of queued"),
    ({**EVENT, "x" * 99_999: 1}, "x" * 80, "there is no such field"),
    ({**EVENT, "kind": "tset"}, "kind", "'tset' is none of pipeline, job"),
    ({**EVENT, "attempt": 0}, "attempt", ">= 1"),
    ({**EVENT, "attempt": 2**31}, "attempt", "<= 2147483647"),
    ({**EVENT, "started": "yesterday"}, "started", "not an RFC 3339 time: 'yesterday'"),
    ({**EVENT, "started": 5}, "started", "expected `str | null`"),
    ({**EVENT, "started": "1969-12-31T23:59:59Z"}, "started", "not between 1970 and 2200"),
    ({**EVENT, "created": "2200-01-01T00:00:00Z"}, "created", "not between 1970 and 2200"),
    ({**EVENT, "finished": "9999-12-31T23:59:59-10:00"}, "finished", "not between 1970 and 2200"),
    ({**EVENT, "finished": "2350-01-01T00:00:00Z"}, "finished", "not between 1970 and 2200"),
    ({**EVENT, "duration": 1e300}, "duration", "out of range"),
    ({**EVENT, "metrics": {"a": 1, "b c": "x"}}, "metrics.b c", "expected `float`"),
    ({**EVENT, "metrics": {"k" * 129: 1}}, "metrics", "a key of 129 characters; 128 is the most"),
    ({**EVENT, "tags": {"a": ["x", 5]}}, "tags.a[1]", "expected `str`"),
    ({**EVENT, "tags": {str(n): "" for n in range(129)}}, "tags", "129 tags; 128 is the most"),
    ({**EVENT, "tags": {"a": "x" * 8193}}, "tags.a", "a value beyond 8192 bytes"),
    ({**EVENT, "links": {"a": None}}, "links.a", "expected `str`"),
    ({**EVENT, "payload": {"a": [2**63]}}, "payload.a[0]", "is beyond 64 bits"),
    (5, "", "expected `object`"),
]


@pytest.mark.parametrize(("event", "place", "problem"), PLACES, ids=range(len(PLACES)))
def test_a_mistake_is_named_by_its_place_and_nothing_is_stored(
    event: Any, place: str, problem: str, tmp_path: Path
):
    async def scenario(app, client):
        answer = await write(client, EVENT, event)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["pointer"] == f"events[1].{place}".rstrip(".")
        assert problem in answer.json()["detail"]
        assert app.store.ledger.count() == 0

    play(tmp_path, scenario)


BODIES = [
    (b"", "", "the body takes"),
    (b"nope", "", "the body takes"),
    (b"[]", "", "expected `object`"),
    (b"{}", "events", "is required"),
    (b'{"evnets": []}', "evnets", "did you mean 'events'?"),
    (b'{"events": [{"metrics": {"a": NaN}}]}', "events[0].metrics.a", "no numbers of JSON"),
    (b'{"events": [{"payload": [-Infinity]}]}', "events[0].payload[0]", "no numbers of JSON"),
    (
        b'{"events": [{"source": "s", "scope": "s", "id": "1", "tags": {"a": 1}, x',
        "events[0].tags[...]",
        "expected",
    ),
    (b'{"events": [{"payload": [1e999]}]}', "events[0].payload[0]", "out of range"),
    (b'{"events": [{}, {"id": "\\ud800"}]}', "events[1].id", "half of a surrogate pair"),
    (b'{"events": [{}, {"id": "a\\u0000"}]}', "events[1]", "a NUL character"),
    (b'{"events": [{}, {"id": "\xff"}]}', "events[1]", "not UTF-8"),
    (b'{"events": [{}, {"payload": ' + b"[" * 80 + b"]" * 80 + b"}]}", "events[1]", "deeper"),
    (b"[" * 100_000 + b"]" * 100_000, "", "deeper"),
    (b"[" * 100_000, "", "deeper"),
    (b'{"events": "\xff', "", "not UTF-8"),
]


@pytest.mark.parametrize(("body", "pointer", "problem"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_none_says_where(body: bytes, pointer: str, problem: str, tmp_path: Path):
    async def scenario(app, client):
        answer = await client.post("/-/api/events", content=body)
        assert answer.status_code == 400
        assert answer.json().get("pointer", "") == pointer
        assert problem in answer.json()["detail"]
        assert app.store.ledger.count() == 0

    play(tmp_path, scenario)


def test_a_request_keeps_to_the_bounds_of_all(tmp_path: Path):
    async def scenario(_app, client):
        events = [{**EVENT, "id": str(number)} for number in range(4)]
        assert (await write(client, *events)).status_code == 413
        assert await written(client, *events[:3]) == (3, 0, 0)
        assert (await write(client, {**EVENT, "name": "x" * 3000})).status_code == 413
        answer = await client.post("/-/api/events?limit=3", json={"events": []})
        assert (answer.status_code, answer.json()["pointer"]) == (400, "limit")

    play(tmp_path, scenario, events_per_request_max=3, body_bytes_max=2_000)


def test_a_token_needs_the_scope_write(tmp_path: Path):
    tokens = Tokens(tmp_path)
    reader, writer = (tokens.create(scope, [scope]) for scope in ("read", "write"))

    async def scenario(_app, client):
        statuses = []
        for headers in ({}, {"Authorization": f"Bearer {reader}"}):
            answer = await client.post("/-/api/events", json={"events": [EVENT]}, headers=headers)
            statuses.append(answer.status_code)
        assert statuses == [401, 403]
        client.headers["Authorization"] = f"Bearer {writer}"
        assert await written(client, EVENT) == (1, 0, 0)

    play(tmp_path, scenario)


def test_two_senders_of_one_event_create_it_once(tmp_path: Path):
    async def scenario(_app, client):
        answers = await asyncio.gather(*(written(client, EVENT) for _ in range(8)))
        assert sorted(answers) == [(0, 1, 0)] * 7 + [(1, 0, 0)]

    play(tmp_path, scenario)


def test_sources_beyond_a_hundred_are_counted_as_one(tmp_path: Path):
    async def scenario(_app, client):
        for number in range(110):
            await written(client, {**EVENT, "source": f"source-{number}"})
        metrics = (await client.get("/-/metrics")).text
        assert 'runwell_writes_total{source="source-99",outcome="created"} 1\n' in metrics
        assert 'source="source-100"' not in metrics
        assert 'runwell_writes_total{source="other",outcome="created"} 10\n' in metrics

    play(tmp_path, scenario)


def test_the_examples_of_the_page_run(tmp_path: Path):
    page = (Path(__file__).parents[2] / "docs" / "native.md").read_text("utf-8")
    first, load = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    script = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
    (tmp_path / "events.ndjson").write_bytes(msgspec.json.encode(EVENT))
    with Server(tmp_path / "data") as server:
        at = ("http://127.0.0.1:8080", server.url)

        def told(*command: str) -> str:
            return subprocess.run(
                command, cwd=tmp_path, capture_output=True, text=True, check=True
            ).stdout

        shell = ("bash", "-euc", first.replace(*at).replace("curl", "curl -sgf"))
        created, existed = told(*shell), told(*shell)
        assert created.startswith('{"created":1,"existed":0,"replaced":0}')
        assert existed.startswith('{"created":0,"existed":1,"replaced":0}')
        assert created.endswith('{"summary":[{"name":"render","total":1,"avg_duration":83.5}]}')
        assert told(sys.executable, "-c", script.replace(*at)).startswith("{'created': 10,")
        words = ("-m", "runwell", *load.split()[1:], "--url", server.url)
        assert "1 created" in told(sys.executable, *words)
