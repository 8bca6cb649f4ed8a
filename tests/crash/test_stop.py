"""The end by SIGTERM, and bodies that never came to their end."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.crash.messages import dumped, metric, own
from tests.crash.senders import asked_patiently
from tests.serving import Server

HALVES = 100
EVENTS = 50


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data") as running:
        yield running


def open_socket(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=30)


def head(path: str, length: int) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def stored(server: Server) -> list[str]:
    question = {"sql": "SELECT id FROM events ORDER BY id"}
    return [row[0] for row in asked_patiently(server, question).json["rows"]]


def batch(name: str) -> bytes:
    return dumped({"events": [own(f"{name}/{place}") for place in range(EVENTS)]})


@pytest.mark.parametrize("end", ["close", "reset", "kill"])
def test_of_a_body_that_ends_half_way_nothing_is_stored(server: Server, end: str):
    halves = []
    for number in range(HALVES):
        body = batch(str(number))
        half = open_socket(server)
        half.sendall(head("/-/api/events", len(body)) + body[: len(body) * number // HALVES])
        halves.append(half)
    whole = server.ask("POST", "/-/api/events", batch("whole"))
    assert whole.status == 200
    if end == "kill":
        server.kill()
    for half in halves:
        if end == "reset":
            half.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        half.close()
    if end == "kill":
        server.start()
    assert stored(server) == sorted(f"whole/{place}" for place in range(EVENTS))
    again = server.ask("POST", "/-/api/events", batch("0"))  # its sender tries again
    assert again.json == {"created": EVENTS, "existed": 0, "replaced": 0}


def test_after_sigterm_nobody_new_comes_in_and_who_is_in_gets_an_answer(server: Server):
    body = batch("late")
    late = open_socket(server)
    late.sendall(head("/-/api/events", len(body)) + body[:-10])
    assert server.ask("POST", "/api/v1/metrics/", metric("before")).status == 201
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    refused = until_refused(server)
    late.sendall(body[-10:])
    answer = late.recv(65_536)
    late.close()
    assert server._ended() == 0, server.stderr()
    assert time.monotonic() - began <= 10
    assert refused

    status = int(answer.split()[1])
    assert status == 200 or (status == 503 and b"retry-after" in answer.lower())
    server.start()
    assert len(stored(server)) == 1 + (EVENTS if status == 200 else 0)


def until_refused(server: Server) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            open_socket(server).close()
        except ConnectionRefusedError:
            return True
        time.sleep(0.01)
    return False
