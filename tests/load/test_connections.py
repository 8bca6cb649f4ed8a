"""What one connection may send and how long it may take: bounds, deadlines, and a word for each."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.load.raw import Raw, address, eventually, metrics, refused, resident_bytes
from tests.serving import Server

from runwell.config import Config
from runwell.http.connection import EXTRA
from runwell.server import FILES_BESIDE, allow_files

MIB = 1024 * 1024
HEALTH = b"GET /-/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF_HEAD = b"GET /-/healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
POST = b"POST /save_metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
QUICK = ("--header-seconds-max", "1", "--body-seconds-max", "1", "--stall-seconds-max", "1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("load") / "data", QUICK) as running:
        yield running
        assert running.get("/-/healthz") == {"status": "ok"}
        assert "Traceback" not in running.stderr()
        assert "Invalid HTTP" not in running.stderr()  # whoever sends rubbish fills no disk


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_head_that_stays_half_is_answered_408_and_closed(server: Server):
    before = refused(server, "HeadersTooSlow")
    with Raw(server) as client:
        client.send(HALF_HEAD)
        heard = client.until_closed()
    assert status_of(heard) == 408
    assert b"connection: close" in heard
    assert refused(server, "HeadersTooSlow") == before + 1


def test_a_head_that_drips_gains_no_time_by_it(server: Server):
    with Raw(server) as client:
        client.send(HALF_HEAD)
        began = time.monotonic()
        while client.send(b"x") and time.monotonic() < began + 30:
            time.sleep(0.1)
        assert time.monotonic() < began + 20
        assert status_of(client.until_closed() or b"HTTP/1.1 408 ") == 408


def test_who_says_nothing_or_only_empty_lines_is_let_go(server: Server):
    with Raw(server) as silent, Raw(server) as blank, Raw(server) as after:
        after.send(HEALTH)
        after.until(b'"ok"}')
        after.send(b"\r\n")
        blank.send(b"\r\n\r\n")
        assert silent.until_closed() == b""
        assert blank.until_closed() == b""
        assert after.until_closed() == b""


def test_the_next_request_on_a_connection_has_its_own_time(server: Server):
    with Raw(server) as client:
        for _ in range(4):
            client.send(HEALTH[:20])
            time.sleep(0.4)
            client.send(HEALTH[20:])
            assert status_of(client.until(b'"ok"}')) == 200


@pytest.mark.parametrize(
    ("framing", "drop"),
    [
        (b"Content-Length: 9999\r\n\r\n", b"{"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
        (b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
    ],
)
def test_a_body_that_drips_is_answered_408_and_closed(server: Server, framing: bytes, drop: bytes):
    before = refused(server, "TooSlow", "pipeline_metrics")
    with Raw(server) as client:
        client.send(POST + framing)
        began = time.monotonic()
        while client.send(drop) and time.monotonic() < began + 30:
            time.sleep(0.1)
        assert time.monotonic() < began + 20
    assert refused(server, "TooSlow", "pipeline_metrics") == before + 1


def test_408_closes_although_the_client_goes_on(server: Server):
    with Raw(server) as client:
        client.send(POST + b"Content-Length: 100\r\n\r\n{")
        heard = client.until_closed()
    assert (status_of(heard), heard.count(b"HTTP/1.1")) == (408, 1)
    assert b"connection: close" in heard


def test_an_answer_before_the_end_of_a_body_leaves_little_time_for_the_rest(server: Server):
    with Raw(server) as client:
        client.send(
            b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n"
        )
        assert status_of(client.until(b"\r\n\r\n")) == 404
        began = time.monotonic()
        while client.send(b"x" * 100) and time.monotonic() < began + 30:
            time.sleep(0.1)
        assert time.monotonic() < began + 20


def test_an_answer_before_the_end_of_a_body_is_no_end_if_the_rest_comes(server: Server):
    with Raw(server) as client:
        client.send(b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n")
        assert status_of(client.until(b"\r\n\r\n")) == 404
        client.send(b"rest" + HEALTH)
        assert b"HTTP/1.1 200" in client.until(b'"ok"}')


ENDLESS = {
    "address": (b"GET /", b"a"),
    "header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"a"),
    "headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n"),
    "name": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"a"),
    "method": (b"", b"A"),
    "trailers": (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n", b"X-A: b\r\n"),
    "trailer": (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nX: ", b"a"),
    "extension": (POST + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1;" + b"x" * 500 + b"\r\n{\r\n"),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_has_no_end_is_cut_off_soon(server: Server, name: str):
    begin, more = ENDLESS[name]
    before, sent = resident_bytes(server), 0
    with Raw(server) as client:
        client.send(begin)
        piece = more * (16_384 // len(more))
        while client.send(piece) and sent < 64 * MIB:
            sent += len(piece)
    assert sent < 16 * MIB  # what the system holds between us, most of it
    assert resident_bytes(server) - before < 16 * MIB


def test_too_many_headers_are_431_before_their_end(server: Server):
    for lines in (b"X-A: b\r\n" * 300, b"X-A: " + b"b" * 400_000):
        with Raw(server) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + lines)
            assert status_of(client.until_closed()) == 431


def test_headers_as_large_as_allowed_are_no_trouble(server: Server):
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"v" * 300) for number in range(100))
    with Raw(server) as client:
        client.send(HEALTH[:-2] + lines)
        time.sleep(0.1)
        client.send(b"\r\n")
        assert status_of(client.until(b'"ok"}')) == 200


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS client
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"CONNECT host:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Content-Length: x\r\n\r\n{}",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_400_and_counted(server: Server, rubbish: bytes):
    before = refused(server, "BadHTTP")
    with Raw(server) as client:
        client.send(rubbish)
        assert status_of(client.until_closed()) == 400
    assert refused(server, "BadHTTP") == before + 1


def test_rubbish_behind_whole_requests_is_met_after_their_answers(server: Server):
    with Raw(server) as client:
        client.send(HEALTH + HEALTH + b"\x16\x03\x01 rubbish\r\n\r\n")
        heard = client.until_closed()
    assert heard.count(b"HTTP/1.1 200") == 2
    assert b"HTTP/1.1 400" not in heard[: heard.rindex(b"200")]


def test_a_broken_chunk_behind_a_whole_request_stores_nothing(server: Server):
    broken = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz"
    with Raw(server) as client:
        client.send(HEALTH + broken)
        heard = client.until_closed()
    assert heard.startswith(b"HTTP/1.1 200")
    assert heard.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("offer", [b"", b"Upgrade: h2c\r\n"])
def test_who_sends_its_last_body_hears_why_it_was_refused(server: Server, offer: bytes):
    head = POST.replace(b"/save_metrics", b"/nothing") + b"Connection: close, upgrade\r\n" + offer
    with Raw(server) as client:
        client.send(head + b"Content-Length: 12000000\r\n\r\n")
        time.sleep(0.05)
        for _ in range(12):
            client.send(b" " * 1_000_000)
        heard = client.until_closed()
    assert (status_of(heard), heard.count(b"HTTP/1.1")) == (404, 1)
    assert b"connection: close" in heard


def test_an_offer_of_another_protocol_is_not_taken(server: Server):
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"
    with Raw(server) as client:
        client.send(HEALTH[:-2] + offer)
        heard = client.until_closed()
    assert (status_of(heard), heard.count(b"HTTP/1.1")) == (200, 1)


@pytest.mark.parametrize("pause", [0, 0.05])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_behind_an_offer_of_another_protocol_is_read(
    server: Server, *, is_chunked: bool, pause: float
):
    id_ = f"offered-{is_chunked}-{pause}"
    body = b'{"events": [{"source": "own", "scope": "offers", "id": "%s"}]}' % id_.encode()
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    framing = b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    if is_chunked:
        framing = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    native = POST.replace(b"/save_metrics", b"/-/api/events")
    sent = native + offer + framing + POST + b"Content-Length: 2\r\n\r\n{}"
    middle = sent.index(b'"scope"')
    with Raw(server) as client:
        client.send(sent[:middle])
        time.sleep(pause)
        client.send(sent[middle:])
        heard = client.until_closed()
    assert (status_of(heard), heard.count(b"HTTP/1.1")) == (200, 1)
    assert b'"created":1' in heard


def test_some_pipelined_requests_are_answered_in_order_and_a_flood_is_cut_off(server: Server):
    with Raw(server) as client:
        client.send(HEALTH * 30)
        heard = b""
        while heard.count(b'"ok"}') < 30:
            heard += client.socket.recv(65536)
    before = resident_bytes(server)
    with Raw(server) as client:
        client.send(HEALTH * 200_000)
        heard = client.until_closed()
    assert set(heard.split(b" ", 2)[1:2]) == {b"200"}
    assert heard.count(b"HTTP/1.1 200") < 200_000
    assert refused(server, "TooManyPipelined") >= 1
    assert resident_bytes(server) - before < 16 * MIB


def test_who_takes_no_answer_loses_it(server: Server):
    events = [
        {"source": "own", "scope": "x", "id": str(place), "payload": "x" * 50_000}
        for place in range(200)
    ]
    for start in range(0, 200, 50):
        batch = {"events": events[start : start + 50]}
        assert server.ask("POST", "/-/api/events", batch).status == 200
    before = refused(server, "AnswerNotTaken")
    with Raw(server, window=4096) as client:
        client.send(
            b"GET /-/api/events?limit=200&fields=id,payload HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        eventually(lambda: refused(server, "AnswerNotTaken") == before + 1)


def test_answers_that_nobody_takes_have_a_bound_together(tmp_path: Path):
    flags = ("--untaken-bytes-max", "3000000")
    with Server(tmp_path / "data", flags) as server:
        events = [
            {"source": "own", "scope": "x", "id": str(place), "payload": "x" * 50_000}
            for place in range(250)
        ]
        assert server.ask("POST", "/-/api/events", {"events": events}).status == 200
        with Raw(server, window=4096) as client:
            client.send(
                b"GET /-/api/events?limit=250&fields=id,payload HTTP/1.1\r\nHost: localhost\r\n\r\n"
            )
            eventually(lambda: refused(server, "AnswerNotTaken") == 1)


def test_a_full_server_still_says_how_it_is_and_sends_others_away_with_a_word(tmp_path: Path):
    flags = ("--connections-max", "20")
    with Server(tmp_path / "data", flags) as server, contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(Raw(server))
            client.send(POST + b"Content-Length: 9\r\n\r\n")  # a request under way is not cut off
        assert metrics(server)["runwell_connections"] == 21
        assert server.ask("GET", "/-/healthz").status == 200
        answer = server.ask("GET", "/-/api/events")
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert answer.json["status"] == 503
        assert answer.headers["connection"] == "close"
        assert refused(server, "TooManyConnections", "runwell") == 1


def test_beyond_all_room_a_connection_is_told_so_at_once(tmp_path: Path):
    def one_more(server: Server) -> bytes:
        with contextlib.ExitStack() as stack:
            for _ in range(EXTRA + 1):
                stack.enter_context(Raw(server)).send(HALF_HEAD)
            return stack.enter_context(Raw(server)).until_closed()

    with Server(tmp_path / "data", ("--connections-max", "1")) as server:
        while not (heard := one_more(server)):  # all of that took a second: there was room again
            pass
        assert status_of(heard) == 503
        assert b"retry-after: 2" in heard


def test_who_rests_makes_room_for_others(tmp_path: Path):
    flags = ("--connections-max", "10")
    with Server(tmp_path / "data", flags) as server, contextlib.ExitStack() as stack:
        resting = [stack.enter_context(Raw(server)) for _ in range(10)]
        for client in resting:
            client.send(HALF_HEAD)
        time.sleep(1.5)
        assert server.ask("GET", "/-/api/events").status == 200
        assert resting[0].until_closed() == b""
        assert metrics(server)["runwell_connections_shed_total"] >= 1


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with as many requests under way as there may be: a client that follows events."""
    flags = ("--requests-max", "1")
    with Server(tmp_path_factory.mktemp("busy") / "data", flags) as server, Raw(server) as follower:
        follower.send(b"GET /-/api/tail HTTP/1.1\r\nHost: localhost\r\n\r\n")
        follower.until(b"\r\n\r\n")
        yield server


def test_a_busy_server_refuses_at_once_and_keeps_the_connection(busy: Server):
    with Raw(busy) as client:
        client.send(POST + b"Content-Length: 2\r\n\r\n{}" + HEALTH + POST)
        heard = client.until(b'"ok"}')
        refused_, answered = heard.split(b"HTTP/1.1 ")[1:]
        assert (refused_[:3], answered[:3]) == (b"503", b"200")
        assert b"retry-after: 1" in refused_
        client.send(b"Content-Length: 100000\r\n\r\n" + b"x" * 99_999)
        assert status_of(client.until(b"}")) == 503
        client.send(b"x" + HEALTH)
        assert status_of(client.until(b'"ok"}')) == 200


def test_a_busy_server_reads_no_more_of_a_body_than_it_must(busy: Server):
    with Raw(busy) as client:
        client.send(POST + b"Content-Length: 100000\r\n\r\n")
        began = time.monotonic()
        while client.send(b"x") and time.monotonic() < began + 30:
            time.sleep(0.1)
        assert time.monotonic() < began + 20


def test_a_busy_server_ends_connections_that_are_for_one_request(busy: Server):
    for request in (
        b"POST /save_metrics HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
        POST + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}",
        b"HEAD /-/api/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    ):
        with Raw(busy) as client:
            client.send(request)
            heard = client.until_closed()
            assert (status_of(heard), heard.count(b"HTTP/1.1")) == (503, 1)
            assert heard.endswith(b"\r\n\r\n") == request.startswith(b"HEAD")


def test_a_client_that_asks_before_it_sends_is_told_to(server: Server):
    with Raw(server) as client:
        client.send(POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(b"{}")
        assert status_of(client.until(b"}")) == 400


def test_a_broken_rest_of_a_refused_body_gets_no_second_answer(server: Server):
    with Raw(server) as client:
        client.send(
            b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        heard = client.until(b"\r\n\r\n")
        client.send(b"zz\r\n")
        assert (heard + client.until_closed()).count(b"HTTP/1.1") == 1


def test_there_is_a_file_for_every_connection():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    config = Config(connections_max=300, pg_connections_max=10)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        allow_files(config)
        wanted = 300 + 10 + EXTRA + FILES_BESIDE
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (wanted, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_too_few_files_are_told(capsys: pytest.CaptureFixture[str]):
    allow_files(Config(connections_max=100_000_000))
    assert '"few_files"' in capsys.readouterr().err


def test_a_thousand_slow_connections_delay_no_health_check_and_end_in_time(tmp_path: Path):
    flags = ("--header-seconds-max", "3", "--body-seconds-max", "3")
    with Server(tmp_path / "data", flags) as server, contextlib.ExitStack() as stack:
        began = time.monotonic()
        clients = [
            stack.enter_context(socket.create_connection(address(server), 30)) for _ in range(1000)
        ]
        for place, client in enumerate(clients):
            client.sendall(HALF_HEAD if place % 2 else POST + b"Content-Length: 5000\r\n\r\n")
            client.setblocking(False)
        taken = []
        still = set(clients)
        while still and time.monotonic() < began + 30:
            asked = time.monotonic()
            assert server.ask("GET", "/-/healthz").status == 200
            taken.append(time.monotonic() - asked)
            for client in list(still):  # each drips, then is gone
                try:
                    client.send(b"x")
                    if b"408" in client.recv(100):
                        still.discard(client)
                except BlockingIOError:
                    continue
                except ConnectionError:
                    still.discard(client)
            time.sleep(0.05)
        seconds = time.monotonic() - began
        assert not still
        assert (
            refused(server, "HeadersTooSlow") + refused(server, "TooSlow", "pipeline_metrics")
            == 1000
        )
    taken.sort()
    assert taken[len(taken) * 95 // 100] <= 0.1, taken
    assert seconds < 20
