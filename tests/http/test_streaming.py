"""Streams of the gate: when the first chunk is made, who stops them, and how they may not end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.apps import an_app
from tests.http import asgi

from runwell.errors import NotFound, Overloaded, QueryTooLong
from runwell.http import Answer, Call, Endpoint
from runwell.http.browser import HEADERS
from runwell.http.call import json_answer
from runwell.http.streaming import SENT_AT_ONCE
from runwell.protocols.base import Protocol

TEXT = "text/plain"
TOLD = {name.decode(): value.decode() for name, value in HEADERS}


class Source:
    """Chunks, then an error if there is one; remembers what became of it."""

    def __init__(self, *chunks: bytes, error: Exception | None = None, endless: bool = False):
        self.chunks = chunks
        self.error = error
        self.endless = endless
        self.made = 0
        self.waits = asyncio.Event()
        self.closed = False

    async def stream(self) -> AsyncGenerator[bytes, None]:
        try:
            for chunk in self.chunks:
                self.made += 1
                yield chunk
            if self.endless:
                self.waits.set()
                await asyncio.Event().wait()
            if self.error:
                raise self.error
        finally:
            self.closed = True


def a_protocol(source: Source) -> Protocol:
    async def handle(_: Call) -> Answer:
        return Answer(200, content_type=TEXT, stream=source.stream())

    route = Endpoint(method="GET", path="/toy", handle=handle, scope="read", summary="x")
    return Protocol(
        name="toy",
        title="toy",
        claims=("/toy",),
        endpoints=lambda _: [route],
        render_error=lambda error: json_answer({"says": error.message}, error.status),
    )


def play(tmp_path: Path, source: Source, scenario, **settings) -> dict[str, float]:
    """Run it; what was counted of streams, by outcome."""

    async def main() -> dict[str, float]:
        async with an_app(tmp_path, [a_protocol(source)], **settings) as (app, _client):
            await scenario(app.asgi)
            return {
                dict(labels)["outcome"]: value
                for name, labels, value in app.counters.samples()
                if name == "runwell_streams_total"
            }

    return asyncio.run(main())


def test_a_stream_is_sent_in_its_chunks_and_has_no_length(tmp_path: Path):
    source = Source(b"one", b"", b"two")

    async def scenario(app):
        heard = await asgi.ask(app, "GET", "/toy", asgi.stay)
        assert (heard.status, heard.body, heard.is_whole) == (200, b"onetwo", True)
        assert heard.headers == {**TOLD, "content-type": TEXT}
        assert [message["body"] for message in heard.messages[1:]] == [b"one", b"two", b""]

    assert play(tmp_path, source, scenario) == {"whole": 1}
    assert source.closed


def test_an_empty_stream_is_an_answer(tmp_path: Path):
    async def scenario(app):
        heard = await asgi.ask(app, "GET", "/toy", asgi.stay)
        assert (heard.status, heard.body, heard.is_whole) == (200, b"", True)

    assert play(tmp_path, Source(), scenario) == {"whole": 1}


@pytest.mark.parametrize(
    ("error", "status"), [(NotFound("nowhere"), 404), (Overloaded(), 503), (ValueError("bug"), 500)]
)
def test_an_error_before_the_first_chunk_is_answered_as_any_other(
    error: Exception, status: int, tmp_path: Path
):
    source = Source(error=error)

    async def scenario(app):
        heard = await asgi.ask(app, "GET", "/toy", asgi.stay)
        assert (heard.status, heard.is_whole) == (status, True)
        assert heard.headers.get("retry-after") == ("1" if status == 503 else None)

    assert play(tmp_path, source, scenario) == {}
    assert source.closed


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(QueryTooLong(), "QueryTooLong"), (ValueError("bug"), "InternalError")],
)
def test_an_error_after_the_first_chunk_never_looks_like_an_end(
    error: Exception, outcome: str, tmp_path: Path, capsys
):
    async def scenario(app):
        heard = await asgi.ask(app, "GET", "/toy", asgi.stay)
        assert (heard.status, heard.body, heard.is_whole) == (200, b"one", False)

    assert play(tmp_path, Source(b"one", error=error), scenario) == {outcome: 1}
    assert "stream_broken" in capsys.readouterr().err


@pytest.mark.parametrize("chunks", [(), (b"one",)])
def test_a_client_that_goes_away_stops_the_work(chunks: tuple[bytes, ...], tmp_path: Path):
    source = Source(*chunks, endless=True)

    async def scenario(app):
        async def leave():
            await source.waits.wait()
            return {"type": "http.disconnect"}

        heard = await asgi.ask(app, "GET", "/toy", leave)
        assert (heard.body, source.closed, len(heard.messages)) == (
            b"".join(chunks),
            True,
            2 * len(chunks),
        )

    assert play(tmp_path, source, scenario) == ({"gone": 1} if chunks else {})


def test_a_cancelled_stream_is_closed_and_counted(tmp_path: Path):
    source = Source(b"one", endless=True)

    async def scenario(app):
        task = asyncio.create_task(asgi.ask(app, "GET", "/toy", asgi.stay))
        await source.waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert play(tmp_path, source, scenario) == {"cancelled": 1}
    assert source.closed


def test_head_makes_no_chunk(tmp_path: Path):
    source = Source(b"one")

    async def scenario(app):
        heard = await asgi.ask(app, "HEAD", "/toy", asgi.stay)
        assert (heard.status, heard.body) == (200, b"")
        assert heard.headers == {**TOLD, "content-type": TEXT}

    assert play(tmp_path, source, scenario) == {}
    assert source.made == 0


def test_chunks_are_made_when_the_client_has_taken_the_ones_before(tmp_path: Path):
    source = Source(b"1", b"2", b"3")

    async def scenario(app):
        taken = asyncio.Event()
        made_while_waiting: list[int] = []

        async def send(message):
            if message.get("body") == b"1":
                taken.set()
                await asyncio.sleep(0)
                made_while_waiting.append(source.made)

        scope = {"type": "http", "method": "GET", "raw_path": b"/toy", "query_string": b""}
        await app({**scope, "headers": []}, asgi.stay, send)
        assert made_while_waiting == [1]

    assert play(tmp_path, source, scenario) == {"whole": 1}


def test_a_client_that_takes_nothing_loses_the_stream(tmp_path: Path, capsys):
    source = Source(b"1", b"2")

    async def scenario(app):
        async def send(message):
            if message.get("body") == b"1":
                await asyncio.Event().wait()

        scope = {"type": "http", "method": "GET", "raw_path": b"/toy", "query_string": b""}
        await app({**scope, "headers": []}, asgi.stay, send)

    assert play(tmp_path, source, scenario, stall_seconds_max=0.05) == {"Stalled": 1}
    assert source.closed


def test_a_large_chunk_is_sent_in_parts(tmp_path: Path):
    chunk = bytes(range(256)) * (SENT_AT_ONCE // 128) + b"end"

    async def scenario(app):
        heard = await asgi.ask(app, "GET", "/toy", asgi.stay)
        assert heard.body == chunk
        sizes = [len(message["body"]) for message in heard.messages[1:]]
        assert sizes == [SENT_AT_ONCE, SENT_AT_ONCE, 3, 0]

    assert play(tmp_path, Source(chunk), scenario) == {"whole": 1}
