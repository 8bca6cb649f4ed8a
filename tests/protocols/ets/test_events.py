"""Create, merge, update, delete, find: what a user of this API relies on."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import play
from tests.protocols.fake import FakeServer

from runwell.model import Kind, Status
from runwell.protocols.ets import PROTOCOL, merge
from runwell.protocols.ets.lists import Cursor, write_cursor

DAY = "2026-01-01T{:02}:00:00Z"


def a_server(**settings: Any) -> FakeServer:
    return FakeServer(PROTOCOL, **settings)


def ask(server: FakeServer, method: str, path: str, body: Any = b"", **headers: str) -> Any:
    """The JSON of an answer that must be 200."""
    answer = server.ask(method, path, body, {"content-type": "application/json", **headers})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def refusal(server: FakeServer, method: str, path: str, body: Any = b"") -> str:
    """What a refused request is told; nothing may have changed."""
    before = dict(server.events)
    answer = server.ask(method, path, body, {"content-type": "application/json"})
    assert answer.status == 400, answer.body
    assert server.events == before
    return json.loads(answer.body)["result"]


def put(server: FakeServer, id_: str, **fields: Any) -> Any:
    return ask(server, "PUT", "/api/v1/event/", {"event": {"id": id_, **fields}})


def post(server: FakeServer, operation: str = "merge", **event: Any) -> Any:
    return ask(server, "POST", "/api/v1/event/", {"event": event, "operation": operation})


def span(first: int, last: int) -> dict[str, str]:
    return {"start_time": DAY.format(first), "end_time": DAY.format(last)}


def ids(server: FakeServer, query: str = "") -> list[str]:
    return [event["id"] for event in ask(server, "GET", f"/api/v1/event/{query}")["result"]]


def test_a_merge_widens_unites_and_appends():
    server = a_server()
    put(server, "d", **span(3, 4), description="one", tags={"status": ["pending"], "a": ["x"]})

    merged = post(
        server,
        id="d",
        **span(2, 5),
        source_id="s",
        parent_id="p",
        description="two",
        detail_urls={"log": "http://l"},
        tags={"status": ["success"], "a": ["x", "y"], "b": ["z"]},
    )

    assert merged == {
        "id": "d",
        "source_id": "s",
        "parent_id": "p",
        "start_time": "2026-01-01T02:00:00+00:00",
        "end_time": "2026-01-01T05:00:00+00:00",
        "description": "one\ntwo",
        "detail_urls": {"log": "http://l"},
        "tags": {"status": ["pending", "success"], "a": ["x", "y"], "b": ["z"]},
    }
    assert ask(server, "GET", "/api/v1/event/d") == merged


def test_a_merge_of_what_is_there_changes_nothing():
    server = a_server()
    put(server, "d", **span(3, 4), description="deploy one", detail_urls={"u": "http://u"})
    before = dict(server.events)

    post(server, id="d", **span(3, 4), description=" one ", detail_urls={"u": ""}, tags={"t": []})

    assert server.events == before


def test_the_status_is_the_one_that_was_told_last():
    server = a_server()
    for value in ("pending", "success", "fail", "success"):
        post(server, id="d", tags={"status": [value]})
    post(server, id="d", tags={"other": ["x"]})

    (event,) = server.events.values()
    assert event.tags["status"] == ["pending", "success", "fail"]
    assert event.status is Status.SUCCEEDED


def test_updates_and_merges_at_once_lose_nothing(tmp_path: Path):
    async def scenario(_app, client):
        await client.put("/api/v1/event/", json={"event": {"id": "d"}})
        merges = [{"event": {"id": "d", "tags": {"who": [str(n)]}}} for n in range(32)]
        updates = [
            {"event": {"id": "d", "detail_urls": {"u": str(n)}}, "operation": "update"}
            for n in range(32)
        ]
        bodies = [body for pair in zip(merges, updates, strict=True) for body in pair]
        answers = await asyncio.gather(
            *(client.post("/api/v1/event/", json=body) for body in bodies)
        )
        assert {answer.status_code for answer in answers} == {200}
        stored = (await client.get("/api/v1/event/d")).json()
        assert sorted(stored["tags"]["who"], key=int) == [str(n) for n in range(32)]
        assert stored["detail_urls"] == {"u": "31"}

    play(tmp_path, scenario)


QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["count", "page", "frm", "to", "use_update_time", "tag", "status", "cursor", "format"]
        ),
        st.text(max_size=12)
        | st.integers().map(str)
        | st.sampled_from(
            ["a:b", "true", "csv", "2018-12-31T00:00:00Z", "1546281532", "WzEsMiwzXQ"]
        ),
    ),
    max_size=4,
)


@given(st.lists(QUERIES, min_size=1, max_size=10))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_query_breaks_a_list(queries):
    folder = Path(tempfile.mkdtemp(prefix="runwell-test-"))

    async def scenario(_app, client):
        await client.put("/api/v1/event/", json={"event": {"id": "d", "tags": {"a": ["b"]}}})
        for query in queries:
            answer = await client.get("/api/v1/event/", params=query)
            assert answer.status_code in (200, 400), (query, answer.text)

    play(folder, scenario)
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["parent_id", "source_id"])
def test_a_merge_into_another_parent_or_source_is_refused(name: str):
    server = a_server()
    put(server, "d", **{name: "one"})

    post(server, id="d", **{name: "one"})
    text = refusal(server, "POST", "/api/v1/event/", {"event": {"id": "d", name: "two"}})

    assert text == "Merge not possible:reserved keys have clashing values."


def test_an_update_overwrites_what_is_given_as_a_whole():
    server = a_server()
    given = {"tags": {"a": ["1"], "b": ["2"]}, "detail_urls": {"u": "http://u"}}
    put(server, "d", **span(3, 4), description="one", source_id="s", **given)

    updated = post(server, "update", id="d", tags={"c": ["3"]}, source_id="t")

    assert updated["tags"] == {"c": ["3"]}
    assert updated["source_id"] == "t"
    assert updated["description"] == "one"
    assert updated["detail_urls"] == {"u": "http://u"}
    assert (updated["start_time"][11:13], updated["end_time"][11:13]) == ("03", "04")
    cleared = post(server, "update", id="d", description="", source_id=None, detail_urls={})
    assert (cleared["description"], cleared["source_id"], cleared["detail_urls"]) == ("", "", {})


def test_sixty_four_merges_at_once_lose_nothing(tmp_path: Path):
    async def scenario(_app, client):
        await client.put("/api/v1/event/", json={"event": {"id": "d"}})
        bodies = [{"event": {"id": "d", "tags": {"who": [str(n)]}}} for n in range(64)]
        answers = await asyncio.gather(
            *(client.post("/api/v1/event/", json=body) for body in bodies)
        )
        assert {answer.status_code for answer in answers} == {200}
        stored = (await client.get("/api/v1/event/d")).json()
        assert sorted(stored["tags"]["who"], key=int) == [str(n) for n in range(64)]

    play(tmp_path, scenario)


def test_of_many_creations_of_one_id_one_wins(tmp_path: Path):
    async def scenario(_app, client):
        bodies = [{"event": {"id": "d", "description": str(n)}} for n in range(16)]
        answers = await asyncio.gather(
            *(client.put("/api/v1/event/", json=body) for body in bodies)
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15

    play(tmp_path, scenario)


def test_what_was_deleted_is_gone_everywhere_and_may_come_again(tmp_path: Path):
    async def scenario(_app, client):
        event = {"event": {"id": "d", "description": "first"}}
        await client.put("/api/v1/event/", json=event)
        assert (await client.get("/api/v1/event/d")).status_code == 200
        assert (await client.delete("/api/v1/event/d/delete")).status_code == 200
        assert (await client.get("/api/v1/event/d")).status_code == 404
        assert (await client.get("/-/api/events")).json()["events"] == []
        assert (await client.delete("/api/v1/event/d")).status_code == 400
        event["event"]["description"] = "second"
        assert (await client.put("/api/v1/event/", json=event)).status_code == 200
        assert (await client.get("/api/v1/event/d")).json()["description"] == "second"

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("tags", "kind", "status"),
    [
        ({"type": ["deploy"], "status": ["pending"]}, Kind.DEPLOY, Status.RUNNING),
        ({"source": ["deploy"], "status": ["pending", "success"]}, Kind.DEPLOY, Status.SUCCEEDED),
        ({"type": ["Commit"], "status": ["Fail"]}, Kind.COMMIT, Status.FAILED),
        ({"type": ["party"]}, Kind.EVENT, Status.UNKNOWN),
        ({}, Kind.EVENT, Status.UNKNOWN),
    ],
)
def test_tags_say_what_kind_of_event_it_is_and_how_it_stands(tags, kind, status):
    server = a_server()
    put(server, "d", **span(1, 2), tags=tags)

    (event,) = server.events.values()
    assert (event.kind, event.status) == (kind, status)
    assert event.duration == (None if status is Status.RUNNING else 3_600_000_000)


def test_an_end_before_the_start_is_kept_and_flagged():
    server = a_server()
    assert put(server, "d", **span(2, 1))["end_time"] == "2026-01-01T01:00:00+00:00"

    (event,) = server.events.values()
    assert (event.duration, event.metrics) == (None, {"clock_skew_ms": 3_600_000.0})


def test_an_event_that_ends_before_it_starts_is_found_by_both_times():
    server = a_server()
    put(server, "r", **span(8, 2))

    for query, found in (
        ("?frm=2026-01-01T07:00:00Z", ["r"]),
        ("?to=2026-01-01T03:00:00Z", ["r"]),
        ("?frm=2026-01-01T09:00:00Z", []),
    ):
        assert ids(server, query) == found


def test_an_event_without_times_is_now(tmp_path: Path):
    async def scenario(_app, client):
        before = datetime.now(UTC)
        event = (await client.put("/api/v1/event/", json={"event": {}})).json()
        after = datetime.now(UTC)
        start, end = (datetime.fromisoformat(event[name]) for name in ("start_time", "end_time"))
        assert start == end
        assert before - timedelta(milliseconds=1) <= start <= after
        merged = (await client.post("/api/v1/event/", json={"event": {"id": event["id"]}})).json()
        assert merged["start_time"] == event["start_time"]
        assert datetime.fromisoformat(merged["end_time"]) >= end

    play(tmp_path, scenario)


def test_null_means_that_there_is_none():
    server = a_server()
    put(server, "d", parent_id="p", tags={"a": ["1"]}, detail_urls={"u": "http://u"})

    merged = post(server, id="d", parent_id=None, tags=None, detail_urls=None)
    assert (merged["parent_id"], merged["tags"]) == ("p", {"a": ["1"]})
    updated = post(server, "update", id="d", parent_id=None, tags=None, detail_urls=None)
    assert (updated["parent_id"], updated["tags"], updated["detail_urls"]) == ("", {}, {})


def filled() -> FakeServer:
    server = a_server()
    put(server, "a", **span(1, 2), tags={"service": ["web", "api"], "status": ["success"]})
    put(server, "b", **span(3, 9), tags={"service": ["web"], "x:y": ["z"]})
    put(server, "c", **span(4, 5), tags={"service": ["db"], "u": ["http://h:80/"]})
    return server


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "bca"),
        ("?tag=service:web", "ba"),
        ("?tag=service:web&tag=service:api", "a"),
        ("?tag=service:web,service:api", "a"),
        ("?service=web&status=success", "a"),
        ("?tag=service:we", ""),
        ("?tag=x:y:z", "b"),
        ("?tag=u:http://h:80/", "c"),
        ("?frm=2026-01-01T05:00:00Z", "bc"),
        ("?to=2026-01-01T03:00:00Z", "a"),
        ("?frm=2026-01-01T06:00:00Z&to=2026-01-01T07:00:00Z", "b"),
        ("?frm=2026-01-01T06:00:00 00:00", "b"),
        ("?frm=1767232800", "bca"),
        ("?frm=01/01/26:06:00:00", "b"),
        ("?count=2", "bc"),
        ("?count=2&page=2", "a"),
        ("?count=0", "bca"),
        ("?count=2&page=9", ""),
        ("?service=web&service=api", "a"),
        ("?frm=2026-01-01 06:00:00 00:00", "b"),
        ("?frm=2026-01-01T07:00:00%2B01", "b"),
        ("?frm=2026-01-01T07:00:00+01", "b"),
    ],
)
def test_events_are_found_by_every_tag_and_any_overlap(query: str, expected: str):
    assert "".join(ids(filled(), query)) == expected


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("?count=-1", "count: 0 or more"),
        ("?count=abc", "invalid literal for int() with base 10: 'abc'"),
        ("?page=0", "page: from 1 to 1000000000"),
        ("?page=99999999999999999999", "invalid literal for int() with base 10: '999"),
        ("?frm=", '["Could not parse . Should be ISO 8601 or timestamp."]'),
        ("?use_update_time=maybe", "use_update_time: true or false"),
        ("?tag=service", "tag: k:v, not service"),
        ("?" + "&".join(["tag=a:b"] * 40), "tag: at most 32 of them"),
        ("?format=xml", "format: csv or ndjson"),
        ("?cursor=!", "cursor: not one of this list"),
        ("?cursor=W2ZhbHNlLDkyMjMzNzIwMzY4NTQ3NzU4MDcsMV0", "cursor: not one of this list"),
        ("?count=-%2B5", "invalid literal for int() with base 10: '-+5'"),
    ],
)
def test_a_query_that_means_nothing_is_refused(query: str, text: str):
    assert refusal(a_server(), "GET", f"/api/v1/event/{query}").startswith(text)


@pytest.mark.parametrize("by", ["", "&use_update_time=true"])
def test_pages_by_cursor_hold_every_event_once(by: str, tmp_path: Path):
    async def scenario(_app, client):
        for number in range(25):
            when = DAY.format(number // 4)
            event = {"id": str(number), "start_time": when, "end_time": when}
            await client.put("/api/v1/event/", json={"event": event})
        found, cursor = [], ""
        while cursor is not None:
            page = (await client.get(f"/api/v1/event/?count=4{by}&cursor={cursor}")).json()
            assert page["total"] == 25
            assert page["count"] == len(page["result"])
            found += [int(event["id"]) for event in page["result"]]
            cursor = page["next"]
        assert found == list(range(24, -1, -1))
        if by:
            other = write_cursor(Cursor(use_update_time=False, us=1, arrival=1))
            refused = await client.get(f"/api/v1/event/?cursor={other}{by}")
            assert refused.status_code == 400

    play(tmp_path, scenario)


def test_lists_come_as_csv_and_as_lines():
    server = filled()
    put(server, "=cmd()", **span(0, 0), description='say "hi"')

    answer = server.ask("GET", "/api/v1/event/?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [row["id"] for row in rows] == ["b", "c", "a", "'=cmd()"]
    assert json.loads(rows[2]["tags"]) == {"service": ["web", "api"], "status": ["success"]}
    assert rows[3]["description"] == 'say "hi"'
    lines = server.ask("GET", "/api/v1/event/?format=ndjson").body.decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["b", "c", "a", "=cmd()"]


def test_a_list_of_large_events_is_refused_and_a_shorter_one_is_not(tmp_path: Path):
    async def scenario(_app, client):
        for number in range(9):
            event = {"id": str(number), "description": f"{number}" * 5_000}
            await client.put("/api/v1/event/", json={"event": event})
        answer = await client.get("/api/v1/event/")
        assert answer.status_code == 413
        assert "ask for fewer events" in answer.json()["result"]
        assert (await client.get("/api/v1/event/?count=1")).json()["count"] == 1

    play(tmp_path, scenario, answer_bytes_max=20_000)


def test_an_export_names_its_next_page(tmp_path: Path):
    async def scenario(_app, client):
        for number in range(9):
            event = {"id": str(number), **span(number, number), "tags": {"a": ["b"]}}
            await client.put("/api/v1/event/", json={"event": event})
        found, path = [], "/api/v1/events?format=ndjson&count=4&tag=a:b"
        while path:
            answer = await client.get(path)
            found += [json.loads(line)["id"] for line in answer.text.splitlines()]
            path = answer.headers.get("link", "").removeprefix("<").partition(">")[0]
        assert found == list("876543210")

    play(tmp_path, scenario)


def test_what_merges_bring_together_is_bounded(monkeypatch: pytest.MonkeyPatch):
    server = a_server()
    put(server, "d", tags={"a": ["1", "2"]}, description="12345", detail_urls={"a": "1", "b": "2"})
    monkeypatch.setattr(merge, "TAG_VALUES_MAX", 2)
    monkeypatch.setattr(merge, "LINKS_MAX", 2)
    monkeypatch.setattr(merge, "DESCRIPTION_CHARS_MAX", 5)

    for more, text in (
        ({"tags": {"a": ["3"]}}, "tags: more than 2 values"),
        ({"detail_urls": {"c": "3"}}, "detail_urls: more than 2 urls"),
        ({"description": "6"}, "description: more than 5 characters"),
    ):
        assert refusal(server, "POST", "/api/v1/event/", {"event": {"id": "d", **more}}) == text
    monkeypatch.undo()
    limited = a_server(tags_per_event_max=1)
    put(limited, "d", tags={"a": ["1"]})
    body = {"event": {"id": "d", "tags": {"b": ["1"]}}}
    assert refusal(limited, "POST", "/api/v1/event/", body) == "tags: 2 tags; 1 is the most"
    body = {"event": {"id": "e", "detail_urls": {"a": "x" * 9_000}}}
    assert refusal(limited, "POST", "/api/v1/event/", body).startswith("links.a: a value beyond")
