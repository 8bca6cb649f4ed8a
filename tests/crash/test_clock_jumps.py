"""The machine's clock jumps by years while the server runs: nothing is lost, nothing changes place."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.crash.faketime import SetClock
from tests.crash.messages import RECORDS, RESULT, RESULTS, merged, metric, pipeline, record, run
from tests.serving import Server, exchange, run_cli

from runwell.client import Client

EVENTS = 7  # that a round makes; a pipeline brings its build and its job
JUMPS = ["+0", "+10y", "-10y", "+0", "-600s"]
STALE_AFTER_HOURS = 0.005  # 18 s; looked for every 4.5 s


@pytest.fixture
def clock(tmp_path: Path) -> SetClock:
    return SetClock(tmp_path / "clock")


@pytest.fixture
def server(tmp_path: Path, clock: SetClock) -> Iterator[Server]:
    running = Server(tmp_path / "data")
    with clock.for_new_processes():
        running.start()
    yield running
    if running.process.poll() is None:
        running.kill()


def messages(number: int) -> list[tuple[str, dict]]:
    """One by each protocol, all of them new."""
    return [
        ("/api/v1/metrics/", metric(f"jump-{number}")),
        ("/save_metrics", pipeline(f"7{number:03d}")),
        ("/v1/metrics/trackEvents", run(f"jump-{number}")),
        ("/api/v1/event/", merged(f"jump-{number}", "1")),
        (RECORDS, record(f"jump-{number}")),
    ]


def listed(server: Server, order: str) -> list[str]:
    """All events, by small pages."""
    ids: list[str] = []
    token = ""
    while True:
        page = server.get(f"/-/api/events?limit=3&order_by={order}&page_token={token}")
        ids += map(name_of, page["events"])
        if not (token := page["next_page_token"]):
            return ids


def name_of(event: dict) -> str:
    return f"{event['source']} {event['id']}"


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_five_protocols_keep_their_order_whatever_the_clock_shows(server: Server, clock: SetClock):
    followed: list[str] = []

    def follow() -> None:
        with suppress(Exception):  # the server ends before it does
            for event in Client(server.url).tail(fields=["source", "id"], after=0):
                followed.append(name_of(event))  # noqa: PERF401 - it has no end

    threading.Thread(target=follow, daemon=True).start()
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    assert exchange(connection, "POST", RESULTS, RESULT).status == 200
    for number, jump in enumerate(JUMPS):
        clock.set(jump)
        for path, body in messages(number):
            reply = exchange(connection, "POST", path, body)  # kept alive over every jump
            assert reply.status in (200, 201), reply
    connection.close()

    received = server.get("/-/api/events?fields=received&limit=100")["events"]
    assert len({event["received"][:4] for event in received}) == 3, "the clock did not jump"
    arrived = listed(server, "arrival")
    assert len(arrived) == len(set(arrived)) == len(JUMPS) * EVENTS
    for number in range(len(JUMPS)):
        assert all(str(number) in name for name in arrived[number * EVENTS :][:EVENTS]), arrived
    wait_until(lambda: len(followed) == len(arrived))
    assert followed == arrived
    assert listed(server, "arrival%20desc") == arrived[::-1]

    assert server.stop() == 0
    clock.set("-20y")
    server.start()
    assert server.ask("POST", *messages(8)[0]).status == 201
    assert listed(server, "arrival")[:-1] == arrived
    assert server.stop() == 0
    assert run_cli("doctor", "--data", str(server.data)).returncode == 0


def test_who_polls_for_updates_misses_none_when_the_clock_is_corrected(
    server: Server, clock: SetClock
):
    def updated_since(moment: str) -> dict:
        return server.get(f"/-/api/events?filter=received%20>=%20timestamp('{moment}')")

    assert server.ask("POST", "/api/v1/event/", merged("first", "1")).status == 200
    (first,) = server.get("/-/api/events?fields=received")["events"]
    clock.set("-600s")
    assert server.ask("POST", "/api/v1/event/", merged("second", "1")).status == 200

    found = updated_since(first["received"])["events"]
    assert [event["id"] for event in found] == ["second", "first"]


def test_a_jump_ahead_makes_no_run_stale(tmp_path: Path, clock: SetClock):
    with (
        clock.for_new_processes(),
        Server(tmp_path / "data", ("--stale-after-hours", str(STALE_AFTER_HOURS))) as server,
    ):
        body = run("endless")
        body["events"] = body["events"][:1]
        body["events"][0]["createdAt"] = int(time.time() * 1_000)
        assert server.ask("POST", "/v1/metrics/trackEvents", body).status == 200
        clock.set("+10y")
        wait_until(lambda: "clock_jumped" in server.stderr())
        time.sleep(0.5)  # a sweep would follow at once
        (event,) = server.get("/-/api/events?fields=status")["events"]
        assert event == {"status": "running"}
        assert server.get("/-/api/summary")["summary"]  # no deadline ran out
