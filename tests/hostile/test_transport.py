"""Lies about a body, and bytes that are no request, over a real socket: refused, and nothing stored."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from tests.hostile import corpus
from tests.hostile.places import BY_NAME
from tests.hostile.world import World
from tests.serving import Server

REPORT = json.dumps(BY_NAME["report"].make(1)).encode()
PATH = "/save_metrics"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("transport") / "data") as found:
        found.until_ready()
        yield found


def talk(server: Server, sent: bytes, *, is_all: bool = True) -> bytes:
    """Everything that comes back until the server closes, or has nothing more to say."""
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        received = b""
        with contextlib.suppress(ConnectionError, TimeoutError):
            connection.sendall(sent)
            if is_all:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                received += piece
        return received


def request(
    *headers: bytes, body: bytes = REPORT, method: bytes = b"POST", path: bytes = PATH.encode()
):
    lines = [
        method + b" " + path + b" HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Connection: close",
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


LENGTH = b"Content-Length: %d" % len(REPORT)
CHUNKED = b"Transfer-Encoding: chunked"
# name -> what is sent; none of them may store the report
LIES = {
    "a length that is too large": request(b"Content-Length: %d" % (len(REPORT) + 10)),
    "a length that is too small": request(b"Content-Length: 40"),
    "no length": request(),
    "a negative length": request(b"Content-Length: -1"),
    "a length that is no number": request(b"Content-Length: 0x10"),
    "a length past 64 bits": request(b"Content-Length: " + b"9" * 30),
    "two lengths": request(LENGTH, b"Content-Length: 3"),
    "a length and chunks": request(LENGTH, CHUNKED),
    "chunks that are none": request(CHUNKED),
    "chunks without an end": request(CHUNKED, body=b"%x\r\n%s\r\n" % (len(REPORT), REPORT)),
    "a chunk with a negative size": request(CHUNKED, body=b"-1\r\n\r\n0\r\n\r\n"),
    "a chunk that is larger than it is": request(
        CHUNKED, body=b"fffff\r\n" + REPORT + b"\r\n0\r\n\r\n"
    ),
    "a coding of its own": request(b"Transfer-Encoding: gzip, chunked", LENGTH),
    "half of a gzip file": request(
        b"Content-Encoding: gzip",
        b"Content-Length: 20",
        body=gzip.compress(REPORT)[:20],
    ),
    "headers that do not end": b"POST /save_metrics HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000,
    "a header with a NUL": request(LENGTH, b"X-A: a\0b"),
    "a header without a name": request(LENGTH, b": x"),
    "a header that is folded": request(LENGTH, b"X-A: a\r\n b: c"),
    "a bare line feed in a name": request(LENGTH, b"X\nA: b"),
    "a blank before the colon": request(b"Content-Length : %d" % len(REPORT)),
    "another version": request(LENGTH).replace(b"HTTP/1.1", b"HTTP/9.9"),
    "no version": b"POST /save_metrics\r\n\r\n" + REPORT,
    "a method of its own": request(LENGTH, method=b"P\x00ST"),
    "a path with a NUL": request(LENGTH, path=b"/save_metrics\0"),
    "a path with a blank": request(LENGTH, path=b"/save metrics"),
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\1" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 50,
    "nothing but line ends": b"\r\n" * 5_000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_about_a_body_stores_nothing(server: Server, name: str):
    received = talk(server, LIES[name])
    status = received.split(b" ", 2)[1:2]
    assert not received or status == [b"400"] or status[0][:1] in (b"4", b"5"), received[:200]
    assert status != [b"500"], received[:500]
    assert server.get("/-/api/summary?summary=total")["summary"] == [{"total": 0}]
    assert b'"level": "error"' not in server.stderr().encode()


def test_a_line_end_in_an_address_is_no_header_of_the_answer(server: Server):
    for path in (
        "/api/v1/sessions?a=%0d%0ax-injected:%201",
        "/api/v1/metrics?%0d%0ax-injected:%201=%0a",
        "/api/v1/api/v1/%0d%0ax-injected:%201",
        "/api/v1/event/x%0d%0ax-injected:1/children?count=1",
        "/%0d%0ax-injected:%201",
    ):
        sent = request(method=b"GET", path=path.encode(), body=b"")
        head, _, _ = talk(server, sent, is_all=False).partition(b"\r\n\r\n")
        assert b"\nx-injected" not in head.lower()
        assert head.startswith(b"HTTP/1.1 ")


def test_a_bomb_costs_no_memory(server: Server):
    def resident() -> float:
        return float(
            server.ask("GET", "/-/metrics")
            .body.split(b"\nrunwell_resident_memory_bytes ")[1]
            .split()[0]
        )

    before = resident()
    for _ in range(3):
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        assert server.ask("POST", PATH, corpus.bomb(), **headers).status == 413
    assert resident() - before < 200 * corpus.MIB


@pytest.mark.parametrize("length", [0, 1, 40, 10**9, 10**30])
def test_a_length_that_another_server_would_believe_is_not(world: World, length: int):
    """In process: what hands the body over has its own idea of its length."""
    place = BY_NAME["report"]
    body = json.dumps(place.make(900 + length % 97)).encode()
    before = world.newest
    said = world.say(place, body, **{"content-length": str(length)})
    assert said.status == (413 if length > 16 * corpus.MIB else 200)
    assert (world.newest > before) == (said.status == 200)
