"""What is taken on and what is refused: bursts wait, lasting floods are let in a few at a time."""

from __future__ import annotations

import asyncio
import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers
from tests.apps import play
from tests.http.asgi import ask, pieces

from runwell.config import Config
from runwell.errors import Busy, Overloaded
from runwell.http.body import read_body
from runwell.http.load import LARGE, NARROW, Held, Lateness, Load

MIB = 1024 * 1024


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def late(self, load: Load, seconds: float, turns: int) -> None:
        """So many requests, a tenth of a second after each other, that waited so long."""
        for _ in range(turns):
            self.now += 0.1
            load.check_turn(self.now - seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_lateness_is_what_lasts():
    lateness = Lateness(0.5)
    assert [lateness.saw(at / 10, 0.6) for at in range(10, 25)] == [False] * 10 + [True] * 5
    assert not lateness.saw(2.6, 0.4)  # one that was in time is enough
    assert not lateness.saw(2.7, 0.6)
    assert not lateness.saw(4.6, 0.6)  # nothing is known of the time between


def test_a_burst_is_taken_whole(clock: Clock):
    load = Load(Config(requests_max=1000))
    assert load.refusal(999) is None
    assert isinstance(load.refusal(1000), Busy)
    clock.late(load, 0.4, 5)
    assert load.refusal(999) is None


def test_what_waits_for_long_one_after_the_other_is_a_flood(clock: Clock):
    load = Load(Config(wait_ms_max=500))
    clock.late(load, 0.3, 12)
    assert load.refusal(NARROW - 1) is None
    assert isinstance(load.refusal(NARROW), Busy)
    with pytest.raises(Busy):
        clock.late(load, 0.6, 1)


def test_a_flood_that_has_passed_is_forgotten(clock: Clock):
    load = Load(Config())
    clock.late(load, 0.3, 12)
    clock.now += 0.9
    assert isinstance(load.refusal(NARROW), Busy)  # it goes on: as long again
    clock.now += 0.9
    assert isinstance(load.refusal(NARROW), Busy)
    assert load.refusal(0) is None
    clock.now += 1.1
    assert load.refusal(NARROW) is None


def test_writes_that_all_take_long_are_a_flood_too(clock: Clock):
    load = Load(Config(wait_ms_max=500))
    for _ in range(12):
        clock.now += 0.1
        load.wrote(clock.now - 0.6)
    assert isinstance(load.refusal(NARROW), Busy)


def test_where_nothing_comes_to_its_end_no_more_is_taken_on(clock: Clock):
    load = Load(Config())
    assert load.refusal(NARROW) is None
    clock.now += 1.1
    assert isinstance(load.refusal(NARROW), Busy)


def test_a_large_body_needs_room_and_a_small_one_does_not():
    load = Load(Config(bodies_bytes_max=2 * MIB, body_bytes_max=MIB, inflated_bytes_max=MIB))
    with Held(load, {}) as one, Held(load, {}) as other:
        one.hold(MIB)
        one.hold(2 * MIB - LARGE)
        other.hold(LARGE)
        with pytest.raises(Overloaded, match="too many large bodies"):
            other.hold(LARGE + 1)
        with pytest.raises(Overloaded):
            other.check_room(MIB)
        other.check_room(LARGE)
    assert load.bytes_held == 0
    with Held(load, {}) as other:
        other.hold(2 * MIB)


def read(load: Load, body: bytes, **headers: str) -> bytes:
    async def main() -> bytes:
        with Held(load, {}) as held:
            return await read_body(Headers(headers), pieces(body), held)

    return asyncio.run(main())


def test_a_body_without_room_is_refused_before_it_is_read():
    load = Load(Config(body_bytes_max=MIB, inflated_bytes_max=MIB, bodies_bytes_max=1))
    load.bytes_held = 2 * MIB
    with pytest.raises(Overloaded):
        read(load, b"", **{"content-length": str(MIB)})
    assert read(load, b"x" * 10, **{"content-length": "10"}) == b"x" * 10


def test_what_a_body_inflates_to_needs_room_too():
    load = Load(Config(body_bytes_max=MIB, inflated_bytes_max=MIB, bodies_bytes_max=1))
    load.bytes_held = 2 * MIB - 300_000
    body = gzip.compress(bytes(range(256)) * 800)
    assert len(read(load, body, **{"content-encoding": "gzip"})) == 204_800
    load.bytes_held = 2 * MIB - 100_000
    with pytest.raises(Overloaded):
        read(load, body, **{"content-encoding": "gzip"})


def test_large_bodies_are_inflated_one_at_a_time_and_not_waited_for_without_end():
    load = Load(Config(wait_ms_max=10))
    text = bytes(range(256)) * 1024
    body = gzip.compress(text, 0)
    assert read(load, body, **{"content-encoding": "gzip"}) == text

    async def main() -> None:
        async with load.inflating:
            with Held(load, {}) as held, pytest.raises(Busy):
                await read_body(Headers({"content-encoding": "gzip"}), pieces(body), held)

    asyncio.run(main())


def test_a_health_check_is_answered_whatever_waits(tmp_path: Path):
    state: dict[str, Any] = {"refusal": Busy()}

    async def scenario(app, _client):
        async def with_state(scope, receive, send) -> None:
            await app.asgi({**scope, "state": dict(state)}, receive, send)

        for path in ("/-/healthz", "/-/readyz", "/-/metrics"):
            assert (await ask(with_state, "GET", path)).status == 200
            assert app.asgi.refuse_early(f"{path}?x=1".encode(), Busy()) is None
        refused = await ask(with_state, "GET", "/-/api/events")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert (await ask(with_state, "POST", "/save_metrics")).status == 503

    play(tmp_path, scenario)


def test_a_request_that_waited_too_long_is_refused_before_it_is_worked_on(tmp_path: Path):
    async def scenario(app, client):
        async def waited(scope, receive, send) -> None:
            state = {"came_at": time.monotonic() - 10}
            await app.asgi({**scope, "state": state}, receive, send)

        app.asgi.load._turns.saw = lambda *_: True
        assert (await ask(waited, "GET", "/-/api/events")).status == 503
        assert (await ask(waited, "GET", "/-/healthz")).status == 200
        body = pieces(b'{"pipeline_id": 1}')
        assert (await ask(waited, "POST", "/save_metrics", body)).status == 503
        total = (await client.get("/-/api/summary?summary=total")).json()["summary"][0]["total"]
        assert total == 0

    play(tmp_path, scenario)


def test_an_early_refusal_is_in_the_words_of_its_protocol(tmp_path: Path):
    async def scenario(app, client):
        for path in ("/v1/metrics/trackEvents", "/-/api/events", "/api/v1/metrics/"):
            early = app.asgi.refuse_early(path.encode(), Busy())
            assert app.asgi.refuse_early(path.encode(), Busy()) == early
            head, _, body = early.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
            assert b"\r\nretry-after: 1" in head
            assert b"\r\ncontent-length: %d" % len(body) in head
            assert b"busy" in body
        text = (await client.get("/-/metrics")).text
        assert 'runwell_refused_total{protocol="trunk",reason="Busy"} 2' in text

    play(tmp_path, scenario)
