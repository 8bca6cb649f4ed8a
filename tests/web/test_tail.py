"""`/-/api/tail`: each change once, in order, also across a lost connection; and an end."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.apps import an_app, play
from tests.builders import a_write, remove
from tests.http import asgi
from tests.serving import Server

from runwell.errors import Overloaded
from runwell.model import replace
from runwell.streams import StreamKind
from runwell.web import walk

WAIT_SECONDS = 30
RETRY, HEARTBEAT = b"retry: 2000\n", b": nothing new\n\n"
QUICK = {"tail_interval_ms": 0}


class Follower:
    """A client of the tail of an app in this process."""

    def __init__(self, app: Any, query: str = "", last_event_id: str = "") -> None:
        self.heard = asgi.Heard()
        self._changed = asyncio.Condition()
        self._left = asyncio.Event()
        headers = [(b"last-event-id", last_event_id.encode())] if last_event_id else []
        scope = {"type": "http", "method": "GET", "raw_path": b"/-/api/tail"}
        self.task = asyncio.create_task(
            app.asgi(
                {**scope, "query_string": query.encode(), "headers": headers},
                self._receive,
                self._send,
            )
        )

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        async with self._changed:
            await self.heard.send(message)
            self._changed.notify_all()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with self._changed, asyncio.timeout(WAIT_SECONDS):
            await self._changed.wait_for(holds)

    async def begun(self) -> Follower:
        await self.until(lambda: bool(self.heard.messages[1:]))
        return self

    async def leave(self) -> None:
        self._left.set()
        await self.task

    @property
    def messages(self) -> list[tuple[int, dict[str, Any]]]:
        """What came: the id of each message and its data."""
        blocks = self.heard.body.split(b"\n\n")[1:]  # the first says where it begins
        found = [
            dict(line.split(b": ", 1) for line in block.split(b"\n"))
            for block in blocks
            if block and not block.startswith(b":")
        ]
        return [(int(one[b"id"]), json.loads(one[b"data"])) for one in found]

    async def until_there_are(self, count: int) -> list[tuple[int, str]]:
        await self.until(lambda: len(self.messages) >= count)
        return [(seq, event.get("id")) for seq, event in self.messages]


def follow(data: Path, scenario, **settings: Any) -> None:
    async def main() -> None:
        async with an_app(data, **{**QUICK, **settings}) as (app, _client):
            await scenario(app)

    asyncio.run(main())


def test_what_comes_and_what_changes_is_told_from_now_on(tmp_path: Path):
    async def scenario(app):
        await app.ingest.accept([a_write("old")])
        follower = await Follower(app).begun()
        assert follower.heard.body == RETRY + b"id: 1\n\n"
        told = {
            "content-type": "text/event-stream",
            "cache-control": "no-store",
            "x-accel-buffering": "no",
        }
        assert told.items() <= follower.heard.headers.items()
        await app.ingest.accept([a_write("new", payload='{"a":\n1}')])
        assert await follower.until_there_are(1) == [(2, "new")]
        await app.ingest.accept([a_write("old", replace, name="changed")])
        assert await follower.until_there_are(2) == [(2, "new"), (3, "old")]
        event = follower.messages[1][1]
        assert (event["name"], event["arrival"], event["seq"]) == ("changed", 1, 3)
        assert "payload" not in event
        await follower.leave()
        assert app.streams.under_way(StreamKind.TAIL) == 0

    follow(tmp_path, scenario)


def test_fields_and_filter_are_those_of_lists(tmp_path: Path):
    async def scenario(app):
        query = "fields=payload,tags.team&filter=" + quote('tags.team == "web"')
        follower = await Follower(app, query).begun()
        await app.ingest.accept([a_write("1", tags={"team": ["api"]})])
        await app.ingest.accept([a_write("2", tags={"team": ["web"]}, payload='{"a":\n1}')])
        await follower.until_there_are(1)
        assert follower.messages == [(2, {"payload": {"a": 1}, "tags.team": "web"})]
        assert b'data: {"payload":{"a": 1},' in follower.heard.body
        await follower.leave()

    follow(tmp_path, scenario)


@pytest.mark.parametrize("header", [True, False])
def test_a_lost_connection_is_taken_up_without_loss_or_doubling(header: bool, tmp_path: Path):
    async def scenario(app):
        await app.ingest.accept([a_write(str(number)) for number in range(5)])
        first = await Follower(app, "after=2").begun()
        assert await first.until_there_are(3) == [(3, "2"), (4, "3"), (5, "4")]
        await first.leave()
        await app.ingest.accept([a_write("x"), a_write("0", replace, name="changed")])
        again = Follower(app, "after=1", "5") if header else Follower(app, "after=5")
        assert await again.until_there_are(2) == [(6, "x"), (7, "0")]
        await again.leave()
        everything = Follower(app, "after=0")
        assert [seq for seq, _ in await everything.until_there_are(6)] == [2, 3, 4, 5, 6, 7]
        await everything.leave()

    follow(tmp_path, scenario)


def test_every_change_is_told_once_while_many_write(tmp_path: Path):
    async def scenario(app):
        follower = await Follower(app).begun()
        for batch in range(20):
            await app.ingest.accept([a_write(f"{batch}-{place}") for place in range(30)])
        seqs = [seq for seq, _ in await follower.until_there_are(600)]
        assert seqs == [*range(1, 601)]
        await follower.leave()

    follow(tmp_path, scenario, stream_rows=50)


def test_a_removal_is_not_told_and_ends_nothing(tmp_path: Path):
    async def scenario(app):
        await app.ingest.accept([a_write("1")])
        follower = await Follower(app).begun()
        await app.ingest.accept([a_write("1", remove)])
        await app.ingest.accept([a_write("2")])
        assert [id_ for _, id_ in await follower.until_there_are(1)] == ["2"]
        await follower.leave()

    follow(tmp_path, scenario)


def test_a_quiet_tail_says_that_it_is_there(tmp_path: Path):
    async def scenario(app):
        follower = Follower(app, "filter=" + quote("id == 'never'"))
        await follower.until(lambda: follower.heard.body.count(HEARTBEAT) >= 1)
        await app.ingest.accept([a_write("1")])
        said = follower.heard.body.count(HEARTBEAT)
        await follower.until(lambda: follower.heard.body.count(HEARTBEAT) > said)
        assert follower.messages == []
        await follower.leave()

    follow(tmp_path, scenario, tail_heartbeat_seconds=0.05)


def test_a_number_from_another_store_means_from_now_on(tmp_path: Path):
    async def scenario(app):
        await app.ingest.accept([a_write("1")])
        follower = await Follower(app, "", "999").begun()
        await app.ingest.accept([a_write("2")])
        assert await follower.until_there_are(1) == [(2, "2")]
        await follower.leave()

    follow(tmp_path, scenario)


def test_more_tails_than_there_may_be_are_told_to_come_back(tmp_path: Path):
    async def scenario(app):
        follower = await Follower(app).begun()
        refused = await asgi.ask(app.asgi, "GET", "/-/api/tail", asgi.stay)
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        await follower.leave()
        await (await Follower(app).begun()).leave()

    follow(tmp_path, scenario, tails_max=1)


def test_a_tail_ends_when_the_server_stops(tmp_path: Path):
    async def scenario(app):
        waiting, pausing = await Follower(app).begun(), await Follower(app).begun()
        await app.ingest.accept([a_write("1")])
        await pausing.until_there_are(1)
        app.streams.stop()
        await asyncio.wait_for(asyncio.gather(waiting.task, pausing.task), WAIT_SECONDS)
        assert waiting.heard.is_whole

    follow(tmp_path, scenario, tail_interval_ms=60_000)


@pytest.mark.parametrize(
    ("query", "headers", "pointer"),
    [
        ("after=x", {}, "after"),
        ("after=-1", {}, "after"),
        ("after=99999999999999999999", {}, "after"),
        ("", {"last-event-id": "x"}, "Last-Event-ID"),
        ("limit=1", {}, "limit"),
        ("filter=nme", {}, "filter"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(
    query: str, headers: dict[str, str], pointer: str, tmp_path: Path
):
    async def scenario(_app, client):
        answer = await client.get(f"/-/api/tail?{query}", headers=headers)
        assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)

    play(tmp_path, scenario)


def test_a_server_with_open_tails_and_exports_stops_at_once(tmp_path: Path):
    with Server(tmp_path / "data", ("--drain-seconds-max", "50")) as server:
        event = {"source": "own", "scope": "x", "payload": "x" * 50_000}
        for batch in range(10):
            events = [{**event, "id": f"{batch}-{place}"} for place in range(50)]
            assert server.ask("POST", "/-/api/events", {"events": events}).status == 200
        address = urlsplit(server.url)
        with (
            socket.create_connection((address.hostname, address.port)) as tail,
            socket.create_connection((address.hostname, address.port)) as export,
        ):
            tail.settimeout(WAIT_SECONDS)
            export.settimeout(WAIT_SECONDS)
            tail.sendall(b"GET /-/api/tail HTTP/1.1\r\nHost: localhost\r\n\r\n")
            export.sendall(b"GET /-/api/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200" in tail.recv(15)
            assert b"200" in export.recv(15)  # and no more of it: it waits for its reader
            server.process.terminate()
            assert read_all(tail).endswith(b"0\r\n\r\n")
            assert not read_all(export).endswith(b"0\r\n\r\n")
            assert server.process.wait(20) == 0, server.stderr()


def read_all(connection: socket.socket) -> bytes:
    found = b""
    while chunk := connection.recv(2**20):
        found += chunk
    return found


def test_a_moment_of_overload_does_not_end_a_tail(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(walk, "RETRY_SECONDS", 0)

    async def scenario(app):
        refusals = [Overloaded()] * 3
        run = app.questions.run

        async def refusing(query):
            if refusals:
                raise refusals.pop()
            return await run(query)

        object.__setattr__(app.services, "run", refusing)
        follower = await Follower(app).begun()
        await app.ingest.accept([a_write("1")])
        assert await follower.until_there_are(1) == [(1, "1")]
        assert refusals == []
        await follower.leave()

    follow(tmp_path, scenario)


def test_a_tail_that_looks_through_much_and_finds_nothing_says_that_it_is_there(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(walk.Pace, "note", lambda *_: None)
    monkeypatch.setattr(walk.Pace.__init__, "__defaults__", (1, 1))  # one number at a time

    async def scenario(app):
        await app.ingest.accept([a_write(str(number)) for number in range(20)])
        run, asked, never = app.questions.run, [], asyncio.Event()

        async def stopping_at_the_tenth(query):
            asked.append(query)
            if len(asked) == 10:
                await never.wait()
            return await run(query)

        object.__setattr__(app.services, "run", stopping_at_the_tenth)
        follower = Follower(app, "after=0&filter=" + quote("id == 'never'"))
        await follower.until(lambda: HEARTBEAT in follower.heard.body)
        await follower.leave()

    follow(tmp_path, scenario, tail_heartbeat_seconds=0.000001)
