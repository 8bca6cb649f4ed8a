"""Clients of the PostgreSQL port that say half of what they mean, or nothing, or do not listen."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pgwire.serving import Serving
from tests.serving import Server

PG_READY = "runwell pg ready "
FLAGS = ("--pg-port", "0", "--pg-startup-seconds-max", "2", "--body-seconds-max", "1")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "data", FLAGS) as running:
        yield running


def pg_address(server: Server) -> tuple[str, int]:
    line = server.process.stdout.readline()
    assert line.startswith(PG_READY)
    host, _, port = line.removeprefix(PG_READY).strip().rpartition(":")
    return host, int(port)


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_a_thousand_half_begun_connections_hurt_no_http_and_end_in_time(server: Server):
    address = pg_address(server)
    with contextlib.ExitStack() as stack:
        began = time.monotonic()
        clients = [stack.enter_context(socket.create_connection(address, 30)) for _ in range(1000)]
        for client in clients:
            with contextlib.suppress(ConnectionError):  # beyond the most: closed at once
                client.sendall(struct.pack("!i", 100))
        taken = []
        while not taken or time.monotonic() < began + 3:
            asked = time.monotonic()
            assert server.ask("GET", "/-/healthz").status == 200
            taken.append(time.monotonic() - asked)
        assert all(is_closed(client) for client in clients)
        assert time.monotonic() - began < 20
    assert sorted(taken)[len(taken) // 2] <= 0.1, taken


def test_half_a_message_has_a_deadline(tmp_path: Path):
    with Serving(tmp_path, body_seconds_max=1) as serving, serving.raw() as raw:
        raw.begin()
        raw.socket.sendall(b"Q" + struct.pack("!i", 1000) + b"SELECT")
        raw.socket.settimeout(30)
        assert is_closed(raw.socket)


def test_an_idle_session_has_none(tmp_path: Path):
    with Serving(tmp_path, body_seconds_max=1) as serving, serving.connect() as connection:
        time.sleep(1.5)
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_who_does_not_listen_loses_the_answer(tmp_path: Path):
    settings = {"stall_seconds_max": 1, "sql_bytes_max": 64 * 1024 * 1024}
    event = {"source": "load", "scope": "load", "payload": "x" * 100_000}
    with Serving(tmp_path, **settings) as serving, serving.raw() as raw:
        for start in (0, 100):
            events = [{**event, "id": str(place)} for place in range(start, start + 100)]
            stored = serving.run(serving.http.post("/-/api/events", json={"events": events}))
            assert stored.status_code == 200
        raw.begin()
        sql = b"SELECT payload FROM events\x00"
        raw.socket.sendall(b"Q" + struct.pack("!i", 4 + len(sql)) + sql)
        deadline = time.monotonic() + 30
        while serving.pg.connections:
            assert time.monotonic() < deadline
            time.sleep(0.05)
