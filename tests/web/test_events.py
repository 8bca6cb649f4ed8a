"""`/-/api/events`: lists in pages, and one event."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from tests.apps import play
from tests.builders import NOON_US, a_write

from runwell.model import Status, replace


async def pages(client, query: str) -> list[str]:
    ids, token = [], ""
    while True:
        answer = (await client.get(f"/-/api/events?{query}&page_token={token}")).json()
        ids += [event["id"] for event in answer["events"]]
        token = answer["next_page_token"]
        if not token:
            return ids


def test_pages_hold_each_event_once_in_both_directions_while_new_ones_arrive(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(str(number)) for number in range(25)])
        newest = [str(number) for number in range(24, -1, -1)]
        assert await pages(client, "limit=7") == newest
        assert await pages(client, "limit=25") == newest
        assert await pages(client, "limit=4&order_by=arrival") == newest[::-1]
        assert await pages(client, "limit=4&order_by=arrival%20asc") == newest[::-1]

        first = (await client.get("/-/api/events?limit=5&fields=id")).json()
        await app.ingest.accept([a_write("new")])
        query = f"limit=5&fields=id&page_token={first['next_page_token']}"
        second = (await client.get(f"/-/api/events?{query}")).json()
        assert second["events"] == [{"id": str(number)} for number in range(19, 14, -1)]

    play(tmp_path, scenario)


def test_a_token_belongs_to_its_order(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(str(number)) for number in range(5)])
        token = (await client.get("/-/api/events?limit=2")).json()["next_page_token"]
        query = f"limit=2&order_by=arrival%20asc&page_token={token}"
        answer = await client.get(f"/-/api/events?{query}")
        assert (answer.status_code, answer.json()["pointer"]) == (400, "page_token")

    play(tmp_path, scenario)


def test_one_event_is_read_with_its_payload_in_the_units_of_the_wire(tmp_path: Path):
    async def scenario(app, client):
        event = {"scope": "a/b", "started": NOON_US + 500_000, "duration": 1_500_000}
        payload = '{"x" : [1.50, "é"]}'
        await app.ingest.accept([a_write("c/d", payload=payload, status=Status.FAILED, **event)])
        answer = await client.get(
            f"/-/api/events/test/{quote('a/b', safe='')}/{quote('c/d', safe='')}"
        )
        shown = answer.json()
        assert (shown["id"], shown["scope"], shown["status"]) == ("c/d", "a/b", "failed")
        assert (shown["started"], shown["duration"]) == ("2026-01-01T12:00:00.500000Z", 1.5)
        assert (shown["finished"], shown["time"]) == (None, shown["started"])
        assert payload.encode() in answer.content

    play(tmp_path, scenario)


def test_the_newest_attempt_is_read_unless_another_is_asked_for(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(attempt=n, name=f"try {n}") for n in (1, 3, 2)])
        assert (await client.get("/-/api/events/test/tests/1")).json()["name"] == "try 3"
        assert (await client.get("/-/api/events/test/tests/1?attempt=2")).json()["name"] == "try 2"
        assert (await client.get("/-/api/events/test/tests/1?attempt=4")).status_code == 404
        assert (await client.get("/-/api/events/test/tests/2")).status_code == 404

    play(tmp_path, scenario)


def test_an_event_that_was_replaced_is_listed_once_where_it_arrived(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write("1"), a_write("2")])
        await app.ingest.accept([a_write("1", replace, name="new")])
        answer = (await client.get("/-/api/events?fields=id,name,arrival,seq")).json()
        assert answer["events"] == [
            {"id": "2", "name": "", "arrival": 2, "seq": 2},
            {"id": "1", "name": "new", "arrival": 1, "seq": 3},
        ]

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("query", "pointer", "says"),
    [
        ("limt=5", "limt", "did you mean 'limit'?"),
        ("limit=0", "limit", "a whole number from 1 to 10000, not '0'"),
        ("limit=10001", "limit", "not '10001'"),
        ("limit=x", "limit", "not 'x'"),
        ("limit=999999999999999", "limit", "a whole number"),
        ("order_by=nme", "order_by", "did you mean 'name'?"),
        ("order_by=payload", "order_by", "no order"),
        ("order_by=name,kind", "order_by", "one field"),
        ("order_by=arrival%20up", "order_by", "asc or desc"),
        ("order_by=a%20b%20c", "order_by", "asc or desc"),
        ("fields=id,nme", "fields", "did you mean 'name'?"),
        ("page_token=x", "page_token", "not a token"),
        ("page_token=!!!", "page_token", "not a token"),
        ("page_token=eyJ9", "page_token", "not a token"),
        ("filter=statu%20%3D%3D%201", "filter", "did you mean 'status'?"),
        ("filter=name%20%3D%3D%201", "filter", "<input>:1:6: found no matching overload"),
        ("filter=name.matches(%22[%22)", "filter", "missing ]"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(
    query: str, pointer: str, says: str, tmp_path: Path
):
    async def scenario(_app, client):
        answer = await client.get(f"/-/api/events?{query}")
        problem = answer.json()
        assert (answer.status_code, problem["pointer"]) == (400, pointer)
        assert says in problem["detail"]

    play(tmp_path, scenario)


def test_a_filter_leaves_the_events_that_fulfil_it(tmp_path: Path):
    async def scenario(app, client):
        web = {"tags": {"team": ["web"]}, "metrics": {"queue_ms": 1500.0}, "started": NOON_US}
        await app.ingest.accept(
            [
                a_write("1", status=Status.FAILED, **web),
                a_write("2", status=Status.SUCCEEDED, **web),
                a_write("3", status=Status.FAILED, **{**web, "metrics": {}}),
                a_write("4", status=Status.FAILED, payload='{"who": {"name": "x"}}'),
            ]
        )
        asked = {
            'status == "failed" && tags.team == "web" && metrics.queue_ms > 1000.0 '
            '&& started > timestamp("2026-01-01T11:00:00Z")': ["1"],
            'payload.who.name == "x"': ["4"],
            'tags.team != "web"': [],
            "started == null": ["4"],
            " ": ["4", "3", "2", "1"],
        }
        for text, expected in asked.items():
            answer = await client.get("/-/api/events", params={"filter": text, "fields": "id"})
            assert [event["id"] for event in answer.json()["events"]] == expected, text
            counted = await client.get(
                "/-/api/summary", params={"filter": text, "summary": "total"}
            )
            assert counted.json()["summary"] == [{"total": len(expected)}]

    play(tmp_path, scenario)


def test_columns_are_any_values_under_the_text_that_asked_for_them(tmp_path: Path):
    async def scenario(app, client):
        more = {"tags": {"team": ["web", "x"]}, "metrics": {"m": 1.5}, "links": {"log": "l"}}
        times = {"created": NOON_US - 2_500_000, "started": NOON_US}
        payload = '{"a": {"b": [1, "x"]}, "n": 2}'
        await app.ingest.accept(
            [a_write("1", payload=payload, attempt=2, **more, **times), a_write("2")]
        )
        asked = {
            "id": "1",
            "tags.team": "web",
            "metrics.m": 1.5,
            "links.log": "l",
            "payload.a.b": '[1,"x"]',
            "payload.n": "2",
            "started - created": 2.5,
            "started": "2026-01-01T12:00:00Z",
            'timestamp("2026-01-02")': "2026-01-02T00:00:00Z",
            "attempt + 1": 3,
            'size(tags["team"])': 2,
            "attempt > 1 && metrics.m < 2.0": True,
            'name == "a, b" ? "yes" : "no"': "no",
        }
        query = {"fields": ",".join(asked), "order_by": "id"}
        first, second = (await client.get("/-/api/events", params=query)).json()["events"]
        assert first == asked
        assert list(first) == list(asked)
        assert [second[name] for name in list(asked)[1:7]] == [None] * 6

    play(tmp_path, scenario)


def test_flat_objects_are_the_same_events_without_a_token(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(str(n), duration=n) for n in range(5)])
        query = {"fields": "id,duration", "order_by": "duration desc", "limit": "2"}
        page = (await client.get("/-/api/events", params=query)).json()
        flat = (await client.get("/-/api/events", params={**query, "shape": "objects"})).json()
        assert (
            flat
            == page["events"]
            == [
                {"id": "4", "duration": 4e-6},
                {"id": "3", "duration": 3e-6},
            ]
        )
        assert page["next_page_token"]

    play(tmp_path, scenario)
