"""Who is let in, how many, how long, and how it ends."""

from __future__ import annotations

import select
import socket
import struct
import time
from pathlib import Path

import psycopg
import pytest
from tests.pgwire.serving import Raw, Serving, complaint, kinds
from tests.serving import DEADLINE_SECONDS, Server, run_cli

from runwell.config import BadSetting, Config, load
from runwell.server import check_exposure
from runwell.tokens import Tokens

MIB = 1024 * 1024


class PgServerProcess(Server):
    """The real process; `pg_port` is told by its second line."""

    def start(self) -> PgServerProcess:
        super().start()
        line = self.process.stdout.readline()  # it comes with the first one
        assert line.startswith("runwell pg ready 127.0.0.1:"), self.stderr()
        self.pg_port = int(line.rpartition(":")[2])
        return self

    def connect(self, **more: object) -> psycopg.Connection:
        where = {"host": "127.0.0.1", "port": self.pg_port, "user": "x", "autocommit": True}
        return psycopg.connect(**where, **more)

    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * 4096


def test_it_says_where_postgresql_is_spoken_and_ends_idle_connections_with_57p01(tmp_path: Path):
    server = PgServerProcess(tmp_path / "data", ("--pg-port", "0")).start()
    with server.connect() as connection, socket.create_connection(("127.0.0.1", server.pg_port)):
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (0,)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 8
        with pytest.raises(psycopg.errors.AdminShutdown, match="the server stops"):
            connection.execute("SELECT 1")
    assert "Traceback" not in server.stderr()


def test_fifty_idle_connections_cost_less_than_50_mib(tmp_path: Path):
    server = PgServerProcess(tmp_path / "data", ("--pg-port", "0"))
    with server, server.connect() as first:
        first.execute("SELECT count(*) FROM events")
        before = server.resident_bytes()
        connections = [server.connect() for _ in range(50)]
        assert server.resident_bytes() - before < 50 * MIB
        samples = server.ask("GET", "/-/metrics").body.decode()
        assert "runwell_pg_connections 51" in samples
        for connection in connections:
            connection.close()


def test_no_port_is_opened_unless_asked_for(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        readable, _, _ = select.select([server.process.stdout], [], [], 0.2)
        assert not readable


def test_the_port_is_held_to_the_same_exposure(tmp_path: Path):
    with pytest.raises(BadSetting, match="runwell token create"):
        check_exposure(Config(host="0.0.0.0", data=str(tmp_path), pg_port=0))
    with pytest.raises(BadSetting, match="at most 65535"):
        load({"pg_port": "70000"}, {})
    assert load({"pg_port": "-1"}, {}).pg_port == -1


def test_a_port_that_is_taken_is_named(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = run_cli("serve", "--port", "0", "--pg-port", port, "--data", str(tmp_path))
    assert (refused.returncode, f"{port}: " in refused.stderr) == (1, True)
    assert "--pg-port 0 picks a free port" in refused.stderr


def test_the_password_is_a_token_with_the_scope_read(tmp_path: Path):
    tokens = Tokens(tmp_path)
    reads, writes = tokens.create("reads", ["read"]), tokens.create("writes", ["write"])
    with Serving(tmp_path) as serving:
        with serving.connect(password=reads) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        for password, code in (("wrong", "28P01"), (writes, "28000"), ("", None)):
            with pytest.raises(psycopg.OperationalError) as refused:
                serving.connect(password=password)
            if password:
                assert reads not in str(refused.value)
            if code == "28P01":
                assert "password authentication failed" in str(refused.value)
        with serving.raw() as raw:
            assert raw.begin() == [(b"R", struct.pack("!i", 3))]
            raw.send(b"p", b"wrong\0")
            assert complaint(raw.until_ready())["C"] == "28P01"
        with serving.raw() as raw:
            raw.begin()
            raw.send(b"Q", b"SELECT 1\0")
            assert complaint(raw.until_ready())["C"] == "08P01"


def test_a_token_that_is_revoked_or_made_counts_at_the_next_question(tmp_path: Path):
    with Serving(tmp_path) as serving, serving.connect() as before:
        assert before.execute("SELECT 1").fetchone() == (1,)
        tokens = Tokens(tmp_path)
        token = tokens.create("ci", ["read"])
        with pytest.raises(psycopg.errors.InvalidPassword):
            before.execute("SELECT 1")
        with serving.connect(password=token) as connection:
            connection.execute("SELECT 1")
            tokens.revoke("ci")
            with pytest.raises(psycopg.errors.InvalidPassword):
                connection.execute("SELECT 1")


def test_nobody_is_let_in_while_the_tokens_cannot_be_read(tmp_path: Path):
    with Serving(tmp_path) as serving:
        (tmp_path / "tokens.json").write_text("{")
        with serving.raw() as raw:
            assert complaint(raw.begin())["C"] == "58030"


def test_connections_beyond_the_bound_are_told_so(tmp_path: Path):
    with Serving(tmp_path, pg_connections_max=2) as serving:
        with serving.connect(), serving.connect():
            with serving.raw() as third:
                assert complaint(third.begin())["C"] == "53300"
            silent = [serving.raw() for _ in range(36)]
            ended = [raw for raw in silent if _has_ended(raw.socket)]
            assert len(ended) == 4  # those nobody has room to listen to
            for raw in silent:
                raw.socket.close()
        deadline = time.monotonic() + DEADLINE_SECONDS
        while serving.pg.connections:
            assert time.monotonic() < deadline
        with serving.connect() as again:
            assert again.execute("SELECT 1").fetchone() == (1,)


def _has_ended(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_a_connection_that_says_nothing_is_closed(tmp_path: Path):
    with Serving(tmp_path, pg_startup_seconds_max=1.0) as serving, serving.raw() as raw:
        raw.socket.sendall(b"\0\0")
        assert raw.read() is None


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "08P01"),
        (struct.pack("!ii", 8, 2 << 16), "08P01"),
        (struct.pack("!ii", 4, 0), "08P01"),
        (struct.pack("!ii", 8, 80877103) * 3, "08P01"),
    ],
)
def test_what_begins_wrong_is_told_and_ended(sent: bytes, code: str, serving: Serving):
    with serving.raw() as raw:
        raw.socket.sendall(sent)
        while raw.socket.recv(1, socket.MSG_PEEK) == b"N":
            raw.socket.recv(1)
        assert complaint([raw.read()])["C"] == code
        assert raw.read() is None


def test_replication_is_refused(serving: Serving):
    with serving.raw() as raw:
        assert complaint(raw.begin(replication="database"))["C"] == "0A000"
    with serving.raw() as raw:
        assert complaint(raw.begin(client_encoding="LATIN1"))["C"] == "22023"
    with serving.raw() as raw:
        assert kinds(raw.begin(unheard_of="x", options="'"))[-1] == "Z"


def test_a_message_beyond_the_bound_ends_its_connection(tmp_path: Path):
    with Serving(tmp_path, pg_message_bytes_max=1000) as serving:
        for head, code in (
            (b"Q\0\1\0\0", "54000"),
            (b"Q\0\0\0\3", "08P01"),
            (b"?\0\0\0\4", "08P01"),
        ):
            with serving.raw() as raw:
                raw.begin()
                raw.socket.sendall(head)
                assert complaint([raw.read()])["C"] == code
                assert raw.read() is None


@pytest.mark.parametrize("text", [b"COMMIT", b"SELECT string_agg('x', '') FROM range(2000000)"])
def test_a_client_that_is_gone_is_no_mistake_of_the_server(text: bytes, tmp_path: Path):
    server = PgServerProcess(tmp_path / "data", ("--pg-port", "0")).start()
    for _ in range(5):
        with Raw(server.pg_port) as raw:
            raw.begin()
            for _ in range(200):
                raw.send(b"Q", text + b"\0")
            raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with server.connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert server.stop() == 0
    assert "Traceback" not in server.stderr()
    assert "pg_statement_failed" not in server.stderr()


def test_a_client_that_leaves_frees_the_thread_of_its_question(tmp_path: Path):
    with Serving(tmp_path, query_threads=1, query_seconds_max=60.0) as serving:
        with serving.raw() as raw:
            raw.begin()
            raw.send(
                b"Q",
                b"SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range < b.range\0",
            )
            session = next(iter(serving.pg._open.values())).session
            deadline = time.monotonic() + DEADLINE_SECONDS
            while not session.is_asking:
                assert time.monotonic() < deadline
        began = time.monotonic()
        with serving.connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - began < 20


def test_a_client_that_reads_slowly_holds_up_nobody_and_gets_all(serving: Serving):
    with serving.raw() as slow, serving.connect() as other:
        slow.begin()
        slow.send(
            b"Q", b"SELECT string_agg('xxxxxxxxxx', '') FROM range(300000) GROUP BY range % 4\0"
        )
        began = time.monotonic()
        assert other.execute("SELECT 1").fetchone() == (1,)
        assert time.monotonic() - began < 5
        assert kinds(slow.until_ready()) == "TDDDDCZ"


def test_a_stopping_server_ends_a_question_that_does_not_end(tmp_path: Path):
    settings = {"query_seconds_max": 60.0, "drain_seconds_max": 1}
    with Serving(tmp_path, **settings) as serving:
        raw = serving.raw()
        raw.begin()
        raw.send(
            b"Q",
            b"SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range < b.range\0",
        )
        session = next(iter(serving.pg._open.values())).session
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not session.is_asking:
            assert time.monotonic() < deadline
    with raw:
        assert complaint(raw.until_ready())["C"] == "57P01"
