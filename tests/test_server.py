"""The server as a process: whom it listens to, how it begins and ends."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.apps import an_app
from tests.serving import Server, run_cli

from runwell.config import BadSetting, Config, is_loopback
from runwell.server import LibraryLines, check_exposure, listen, run
from runwell.tokens import Tokens


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("example.org", False),
    ],
)
def test_loopback_is_only_this_machine(host: str, loopback: bool):
    assert is_loopback(host) is loopback


def test_others_are_let_in_only_with_a_token_or_when_asked_for(tmp_path: Path):
    reachable = {"host": "0.0.0.0", "data": str(tmp_path)}
    with pytest.raises(BadSetting, match="runwell token create NAME"):
        check_exposure(Config(**reachable))
    check_exposure(Config(**reachable, open=True))
    check_exposure(Config(data=str(tmp_path)))
    for name in ("", "::", "example.org", "localhost.example.org"):
        with pytest.raises(BadSetting, match="runwell token create NAME"):
            check_exposure(Config(host=name, data=str(tmp_path)))
    with pytest.raises(BadSetting, match=r"192\.0\.2\.1 is reachable"):  # where a name led to
        check_exposure(Config(host="localhost", data=str(tmp_path)), "192.0.2.1")
    Tokens(tmp_path).create("ci", ["read"])
    check_exposure(Config(**reachable))
    Tokens(tmp_path).revoke("ci")
    check_exposure(Config(**reachable))  # nobody gets in, which harms nobody


def test_a_name_that_leads_elsewhere_than_it_says_is_not_served(tmp_path: Path, monkeypatch):
    class Elsewhere(socket.socket):
        def getsockname(self) -> tuple[str, int]:
            return "192.0.2.1", 8080

    with Elsewhere() as listener:
        monkeypatch.setattr("runwell.server.listen", lambda *_: listener)
        with pytest.raises(BadSetting, match=r"192\.0\.2\.1 is reachable by others"):
            run(Config(host="localhost", data=str(tmp_path)))


def test_beyond_loopback_nobody_gets_in_without_a_token_whatever_becomes_of_the_file(
    tmp_path: Path,
):
    async def main() -> list[int]:
        statuses = []
        for settings in ({"host": "0.0.0.0"}, {"host": "0.0.0.0", "open": True}, {}):
            async with an_app(tmp_path, **settings) as (_, client):
                statuses.append((await client.get("/-/api/events")).status_code)
        return statuses

    assert asyncio.run(main()) == [401, 200, 200]


def test_a_refusal_to_start_says_what_to_do(tmp_path: Path):
    refused = run_cli("serve", "--host", "0.0.0.0", "--data", str(tmp_path))
    assert refused.returncode == 1
    assert "or pass --open to let everybody in" in refused.stderr
    assert refused.stdout == ""
    wrong = run_cli("serve", "--port", "many", "--data", str(tmp_path))
    assert (wrong.returncode, "port takes int" in wrong.stderr) == (1, True)


def test_a_port_that_is_taken_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=f"127.0.0.1:{port}.*--port 0 picks a free port"):
            listen(Config(port=port))


def test_a_host_that_is_not_this_machine_is_named():
    with pytest.raises(BadSetting, match=r"192\.0\.2\.1:0: .*; check --host and --port"):
        listen(Config(host="192.0.2.1", port=0))


def test_columns_that_another_process_holds_are_left_alone(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        server.get("/-/api/summary")
    file = server.data / "columns.duckdb"
    code = f"import duckdb; c = duckdb.connect({str(file)!r}); print('held', flush=True); input()"
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        inode = file.stat().st_ino
        refused = run_cli("serve", "--port", "0", "--data", str(server.data))
        assert refused.returncode == 1
        assert "another process has" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert file.stat().st_ino == inode
        holder.communicate("\n")
    server.start()
    assert server.stop() == 0


def test_a_ledger_that_is_gone_is_not_begun_anew_under_its_columns(tmp_path: Path):
    with Server(tmp_path / "data"):
        pass
    (tmp_path / "data" / "ledger.sqlite").unlink()
    before = (tmp_path / "data" / "columns.duckdb").read_bytes()
    for _ in range(2):
        done = run_cli("serve", "--port", "0", "--data", str(tmp_path / "data"))
        assert (done.returncode, "there is no ledger at" in done.stderr) == (65, True)
    assert (tmp_path / "data" / "columns.duckdb").read_bytes() == before


def test_it_serves_says_so_and_ends_with_0(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        assert server.get("/-/healthz") == {"status": "ok"}
        second = run_cli("serve", "--port", "0", "--data", str(server.data))
        assert (second.returncode, "is in use by another runwell" in second.stderr) == (1, True)
    assert "stopped" in server.stderr()
    assert "Traceback" not in server.stderr()


def test_it_serves_on_ipv6(tmp_path: Path):
    with Server(tmp_path / "data", ("--host", "::1")) as server:
        assert server.url.startswith("http://[::1]:")
        assert server.process.poll() is None


def test_an_interrupt_ends_it_like_sigterm(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    server.process.send_signal(signal.SIGINT)
    assert server._ended() == 0


def test_a_token_is_demanded_as_soon_as_one_exists_and_refused_as_soon_as_it_is_revoked(
    tmp_path: Path,
):
    with Server(tmp_path / "data") as server:
        assert server.ask("GET", "/-/api/events").status == 200
        token = run_cli("token", "create", "ci", "--scope", "read", "--data", str(server.data))
        bearer = {"Authorization": f"Bearer {token.stdout.strip()}"}
        assert server.ask("GET", "/-/api/events").status == 401
        assert server.ask("GET", "/-/api/events", **bearer).status == 200
        assert server.ask("POST", "/save_metrics", {}, **bearer).status == 403
        run_cli("token", "revoke", "ci", "--data", str(server.data))
        assert server.ask("GET", "/-/api/events", **bearer).status == 401
        assert token.stdout.strip() not in server.stderr()


@pytest.mark.parametrize(("scope", "status"), [("", b"401"), ("read", b"403")])
def test_who_may_not_write_is_told_before_the_body_is_read(
    scope: str, status: bytes, tmp_path: Path
):
    bearer = Tokens(tmp_path / "data").create("ci", ["read"]) if scope else "rw_no_token"
    Tokens(tmp_path / "data").create("other", ["admin"])
    head = "POST /save_metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n"
    with Server(tmp_path / "data") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 30) as connection:
            connection.sendall(f"{head}Authorization: Bearer {bearer}\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 " + status)
        assert server.get("/-/healthz") == {"status": "ok"}


def test_nobody_is_let_in_while_the_tokens_cannot_be_read(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        (server.data / "tokens.json").write_text("{")
        assert server.ask("GET", "/-/api/events").status == 503


def test_a_stalled_body_is_answered_408_and_delays_nobody(tmp_path: Path):
    with Server(tmp_path / "data", ("--body-seconds-max", "1")) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 30) as slow:
            slow.sendall(
                b"POST /save_metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
            )
            healthy = threading.Thread(target=lambda: server.get("/-/healthz"))
            healthy.start()
            healthy.join(30)
            assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_a_client_that_takes_nothing_of_a_stream_does_not_hold_up_the_end(tmp_path: Path):
    flags = ("--stall-seconds-max", "1", "--drain-seconds-max", "50")
    with Server(tmp_path / "data", flags) as server:
        event = {"source": "own", "scope": "x", "payload": "x" * 50_000}
        for batch in range(10):
            events = [{**event, "id": f"{batch}-{place}"} for place in range(50)]
            assert server.ask("POST", "/-/api/events", {"events": events}).status == 200
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 30) as idle:
            idle.sendall(b"GET /-/api/export HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while "Stalled" not in server.stderr():
                assert server.process.poll() is None
            server.process.terminate()
            assert server.process.wait(20) == 0, server.stderr()


def test_connections_are_told_when_their_peer_vanished_and_send_small_answers_at_once():
    with listen(Config(port=0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio looks at for TCP_NODELAY
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_what_libraries_say_is_a_line_like_all_others(capsys):
    library = logging.getLogger("a library")
    library.addHandler(LibraryLines())
    library.warning("%s was odd", f"rw_{'0' * 12}_{'f' * 64}")
    library.error("ASGI callable returned without completing response.")
    library.error("it broke", exc_info=ZeroDivisionError())
    odd, broke = map(json.loads, capsys.readouterr().err.splitlines())
    assert (odd["level"], odd["event"], odd["said"]) == ("warning", "library", "rw_... was odd")
    assert (broke["level"], broke["library"], broke["error"]) == (
        "error",
        "a library",
        "ZeroDivisionError()",
    )
