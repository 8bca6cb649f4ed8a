"""`/-/api/events` as NDJSON: all events, one a line, whatever comes or goes meanwhile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.apps import an_app, play
from tests.builders import NOON_US, a_write
from tests.http import asgi

from runwell.model import Status, replace
from runwell.streams import StreamKind

LINES = {"accept": "application/x-ndjson"}


def read(content: bytes) -> list[dict]:
    assert not content or content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


async def ids(client, query: str = "") -> list[str]:
    answer = await client.get(f"/-/api/events?format=ndjson&fields=id&{query}")
    assert answer.status_code == 200, answer.text
    return [event["id"] for event in read(answer.content)]


def test_all_events_come_newest_first_or_as_they_arrived(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(str(number)) for number in range(700)])
        arrived = [str(number) for number in range(700)]
        assert await ids(client) == arrived[::-1]
        assert await ids(client, "order_by=arrival desc") == arrived[::-1]
        assert await ids(client, "order_by=arrival asc") == arrived
        assert await ids(client, "order_by=arrival") == arrived
        assert await ids(client, "limit=300") == arrived[:-301:-1]
        assert await ids(client, "limit=300&order_by=arrival asc") == arrived[:300]
        assert await ids(client, 'filter=id in ["650", "3"]') == ["650", "3"]

    play(tmp_path, scenario, stream_rows=50)


def test_a_line_is_what_a_page_of_the_list_shows(tmp_path: Path):
    async def scenario(app, client):
        event = {"started": NOON_US, "duration": 1_500_000, "tags": {"team": ["a", "b"]}}
        await app.ingest.accept([a_write("1", status=Status.FAILED, **event)])
        await app.ingest.accept([a_write("2", payload='{"a": [1.50]}', metrics={"x": 1.0})])
        for fields in ("", "&fields=id,tags.team,payload.a[0],finished - started,metrics,arrival"):
            page = await client.get(f"/-/api/events?shape=objects{fields}")
            streamed = await client.get(f"/-/api/events?{fields}", headers=LINES)
            assert streamed.headers["content-type"] == "application/x-ndjson"
            assert "content-length" not in streamed.headers
            assert read(streamed.content) == page.json()
        assert (
            b'"payload":{"a": [1.50]}'
            in (await client.get("/-/api/events?fields=payload", headers=LINES)).content
        )

    play(tmp_path, scenario)


def test_no_events_are_no_lines(tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get("/-/api/events", headers=LINES)
        assert (answer.status_code, answer.content) == (200, b"")

    play(tmp_path, scenario)


def test_a_payload_of_several_lines_stays_on_one(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(payload='{\r\n "a": "b\\nc"\n}'), a_write("2")])
        answer = await client.get("/-/api/events?fields=id,payload&limit=2", headers=LINES)
        assert answer.content == (
            b'{"id":"2","payload":null}\n{"id":"1","payload":{   "a": "b\\nc" }}\n'
        )

    play(tmp_path, scenario)


def test_what_arrives_or_changes_during_a_stream_is_neither_added_nor_doubled(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path, stream_rows=10, stream_bytes=1) as (app, _client):
            await app.ingest.accept([a_write(str(number)) for number in range(40)])
            heard = asgi.Heard()

            async def send(message):
                if len(heard.messages) == 2:  # the first window is out
                    again = [a_write(str(n), replace, name="new") for n in (0, 39)]
                    await app.ingest.accept([*again, a_write("late")])
                await heard.send(message)

            scope = {
                "type": "http",
                "method": "GET",
                "raw_path": b"/-/api/events",
                "query_string": b"format=ndjson&order_by=arrival+asc&fields=id,name",
                "headers": [],
            }
            await app.asgi(scope, asgi.stay, send)
            shown = read(heard.body)
            assert [event["id"] for event in shown] == [str(number) for number in range(40)]
            assert (shown[0]["name"], shown[39]["name"]) == ("", "new")

    asyncio.run(main())


def test_a_stream_is_many_questions_of_few_rows(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept(
            [a_write(str(number), payload=f'"{"x" * 999}"') for number in range(999)]
        )
        asked: list[int] = []
        run = app.store.columns.run

        def counted(query, stopper):
            rows = run(query, stopper)
            asked.append(len(rows.rows))
            return rows

        app.store.columns.run = counted
        answer = await client.get("/-/api/export?limit=990")
        assert len(read(answer.content)) == sum(asked) == 990
        assert asked[0] == 256  # nothing is known about its size before
        assert max(asked[1:]) <= 30

    play(tmp_path, scenario, stream_bytes=30_000)


def test_more_streams_than_there_may_be_are_told_to_come_back(tmp_path: Path):
    async def scenario(app, client):
        with app.streams.enter(StreamKind.LIST):
            metrics = (await client.get("/-/metrics")).text
            assert 'runwell_streams{kind="list"} 1' in metrics
            answer = await client.get("/-/api/events", headers=LINES)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            assert (await client.get("/-/api/export")).status_code == 503
        assert (await client.get("/-/api/export")).status_code == 200

    play(tmp_path, scenario, streams_max=1)


def test_a_stopping_server_breaks_a_stream_off(tmp_path: Path, capsys):
    async def main() -> None:
        async with an_app(tmp_path, stream_rows=10) as (app, _client):
            await app.ingest.accept([a_write(str(number)) for number in range(40)])
            heard = asgi.Heard()

            async def send(message):
                await heard.send(message)
                app.streams.stop()

            scope = {"type": "http", "method": "GET", "raw_path": b"/-/api/export"}
            await app.asgi({**scope, "query_string": b"", "headers": []}, asgi.stay, send)
            assert (heard.status, heard.is_whole) == (200, False)
            assert 0 < len(read(heard.body)) < 40
            assert (await asgi.ask(app.asgi, "GET", "/-/api/export", asgi.stay)).status == 503

    asyncio.run(main())
    assert "Stopping" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("query", "pointer", "says"),
    [
        ("format=nd", "format", "takes 'ndjson', not 'nd'"),
        ("format=ndjson&page_token=x", "page_token", "there is no such parameter"),
        ("format=ndjson&order_by=name", "order_by", "in the order of `arrival`"),
        ("format=ndjson&order_by=arrival,name", "order_by", "in the order of `arrival`"),
        ("format=ndjson&limit=0", "limit", "a whole number from 1"),
        ("format=ndjson&fields=nme", "fields", "did you mean 'name'?"),
        ("format=ndjson&filter=nme", "filter", "did you mean 'name'?"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(
    query: str, pointer: str, says: str, tmp_path: Path
):
    async def scenario(_app, client):
        answer = await client.get(f"/-/api/events?{query}")
        assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)
        assert says in answer.json()["detail"]

    play(tmp_path, scenario)


def test_a_filter_that_fails_on_a_row_is_an_ordinary_error(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(name="[")])
        answer = await client.get("/-/api/events?format=ndjson&filter=id.matches(name)")
        assert answer.status_code == 400, answer.text

    play(tmp_path, scenario)
