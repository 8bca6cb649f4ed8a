"""Bounds of a request that only show when it comes piece by piece, or when others come at once."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers
from tests.apps import an_app, play
from tests.builders import a_write
from tests.http.asgi import ask, pieces

from runwell.config import Config
from runwell.errors import BadBody, TooLarge, TooSlow
from runwell.http import Answer, Call, Endpoint
from runwell.http.body import MEMBERS_MAX, check_json, inflate, read_body
from runwell.http.load import Held, Load
from runwell.protocols.base import Protocol
from runwell.query import Rows
from runwell.web.problem import render_problem

SQL = "/-/api/sql"
QUESTION = json.dumps({"sql": "SELECT 1"}).encode()


async def stored(client) -> int:
    return (await client.get("/-/api/summary?summary=total")).json()["summary"][0]["total"]


def test_a_body_that_is_announced_too_large_is_refused_unread(tmp_path: Path):
    async def scenario(app, _client):
        for length in (b"1001", b"9" * 5000):
            heard = await ask(app.asgi, "POST", SQL, headers=[(b"content-length", length)])
            assert heard.status == 413

    play(tmp_path, scenario, body_bytes_max=1000)


@pytest.mark.parametrize("length", [b"", b"-1", b"x", b"\xb2", b"10"])
def test_a_length_that_says_little_is_not_believed(length: bytes, tmp_path: Path):
    async def scenario(app, _client):
        headers = [(b"content-length", length)]
        assert (await ask(app.asgi, "POST", SQL, pieces(QUESTION), headers)).status == 200
        large = pieces(QUESTION, b" " * 500, b" " * 500)
        assert (await ask(app.asgi, "POST", SQL, large, headers)).status == 413

    play(tmp_path, scenario, body_bytes_max=1000)


def test_a_body_that_drips_below_the_rate_is_too_slow(tmp_path: Path):
    async def scenario(app, _client):
        async def drip() -> dict[str, Any]:
            await asyncio.sleep(0.005)
            return {"type": "http.request", "body": b" ", "more_body": True}

        heard = await ask(app.asgi, "POST", SQL, drip)
        assert (heard.status, json.loads(heard.body)["title"]) == (408, "Request Timeout")

    play(tmp_path, scenario, body_seconds_max=0.05, body_rate_min=1000)


def pieces_of_a_slow_body(monkeypatch: pytest.MonkeyPatch, bytes_a_second: int) -> int:
    """Read a minute of body on a clock of its own; how many pieces came before it was too slow."""
    seconds = 0

    async def receive() -> dict[str, Any]:
        nonlocal seconds
        await asyncio.sleep(0)  # the place where a reader that is out of time is stopped
        seconds += 1
        more = seconds < 60
        return {"type": "http.request", "body": b"x" * bytes_a_second, "more_body": more}

    monkeypatch.setattr(time, "monotonic", lambda: float(seconds))
    config = Config(body_seconds_max=10, body_rate_min=100)
    with contextlib.suppress(TooSlow):
        asyncio.run(read_body(Headers(), receive, Held(Load(config), {})))
    return seconds


def test_a_body_has_its_seconds_and_after_them_must_keep_its_rate(monkeypatch: pytest.MonkeyPatch):
    assert pieces_of_a_slow_body(monkeypatch, 0) == 10
    assert pieces_of_a_slow_body(monkeypatch, 99) == 10
    assert pieces_of_a_slow_body(monkeypatch, 101) == 60


def test_a_client_that_leaves_after_half_a_body_hears_nothing(tmp_path: Path):
    async def scenario(app, client):
        half = pieces(b'{"pipeline_id"')

        async def receive() -> dict[str, Any]:
            return {**await half(), "more_body": True}

        assert (await ask(app.asgi, "POST", "/save_metrics", receive)).status == 0
        assert await stored(client) == 0

    play(tmp_path, scenario)


def test_a_get_with_a_body_is_answered_without_reading_it(tmp_path: Path):
    async def scenario(app, client):
        assert (await ask(app.asgi, "GET", "/-/healthz")).status == 200
        assert (await client.request("GET", "/-/healthz", content=b"x" * 5000)).status_code == 200

    play(tmp_path, scenario, body_bytes_max=1000)


def test_a_route_that_takes_no_json_gets_its_body_as_it_is(tmp_path: Path):
    body = b'\xff"\\u0000"'

    async def echo(call: Call) -> Answer:
        return Answer(200, call.body, "text/plain")

    route = Endpoint(method="PUT", path="/echo", handle=echo, scope="write", summary="Echo.")
    protocol = Protocol(
        name="echo",
        title="Echo",
        claims=("/echo",),
        endpoints=lambda _: [route],
        render_error=render_problem,
    )

    async def main() -> None:
        async with an_app(tmp_path, [protocol]) as (_, client):
            assert (await client.put("/echo", content=body)).content == body

    asyncio.run(main())


def test_an_error_is_told_to_head_by_its_headers_alone(tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.head("/nowhere")
        assert (answer.status_code, answer.content) == (404, b"")
        assert int(answer.headers["content-length"]) > 0

    play(tmp_path, scenario)


def test_questions_beyond_the_bound_are_503_and_the_rest_is_answered(tmp_path: Path):
    release, running = threading.Event(), threading.Event()

    async def scenario(app, client):
        def held(_query, _stopper) -> Rows:
            running.set()
            assert release.wait(30)
            return Rows((), [])

        run, app.store.columns.run = app.store.columns.run, held
        first = asyncio.create_task(client.get("/-/api/events"))
        assert await asyncio.to_thread(running.wait, 30)
        refused = await client.get("/-/api/events")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert (await client.get("/-/healthz")).status_code == 200
        release.set()
        assert (await first).status_code == 200
        app.store.columns.run = run
        assert (await client.get("/-/api/events")).status_code == 200

    play(tmp_path, scenario, query_threads=1, query_waiting_max=0)


def test_a_question_behind_the_columns_is_503_with_retry_after(tmp_path: Path):
    async def scenario(app, client):
        app.store.projector.stop()
        await app.ingest.accept([a_write("1")])
        answer = await client.get("/-/api/events")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        app.store.projector.step()
        assert len((await client.get("/-/api/events")).json()["events"]) == 1

    play(tmp_path, scenario, visible_seconds_max=0.01)


def test_a_gzip_body_of_many_members_is_read_in_one_pass_and_has_a_bound():
    member, empty = gzip.compress(b"ab"), gzip.compress(b"")
    assert inflate(member * MEMBERS_MAX, 10_000) == b"ab" * MEMBERS_MAX
    with pytest.raises(BadBody, match=f"more than {MEMBERS_MAX} members"):
        inflate(member * (MEMBERS_MAX + 1), 10_000)
    with pytest.raises(BadBody, match=f"more than {MEMBERS_MAX} members"):
        inflate(empty * 500_000, 10_000)


@pytest.mark.parametrize("size", [262_142, 262_144, 262_146, 1_000_000])
def test_a_gzip_member_that_grows_past_a_step_may_have_others_behind_it(size: int):
    text = b"ab" * (size // 2)
    assert inflate(gzip.compress(text) + gzip.compress(b"x") * 3, 10_000_000) == text + b"xxx"


def test_a_gzip_body_that_hardly_shrinks_is_read_through_its_windows():
    text = bytes(range(256)) * 4096
    assert inflate(gzip.compress(text, 0), len(text)) == text
    with pytest.raises(TooLarge, match="larger than"):
        inflate(gzip.compress(text, 0), len(text) - 1)
    with pytest.raises(BadBody, match="ends early"):
        inflate(b"", 10)


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\x80"'])
def test_a_body_that_is_not_utf8_is_refused(body: bytes):
    with pytest.raises(BadBody, match="not UTF-8"):
        check_json(body, 64)
    check_json('{"é": "☃"}'.encode(), 64)


def test_broken_utf8_where_no_decoder_looks_is_refused_all_the_same(tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.post(SQL, content=b'{"sql": "SELECT 1", "x": "\xff"}')
        assert (answer.status_code, answer.json()["detail"]) == (
            400,
            "the body is not UTF-8 (byte 26)",
        )

    play(tmp_path, scenario)
