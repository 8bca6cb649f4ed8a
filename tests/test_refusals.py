"""Every refusal is counted by its reason, whichever way it came."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import psycopg
import pytest
from tests.pgwire.test_server import PgServerProcess
from tests.serving import Server
from tests.test_vitals import samples_of

from runwell.tokens import Tokens


def refused(server: Server, protocol: str, reason: str) -> float:
    name = f'runwell_refused_total{{protocol="{protocol}",reason="{reason}"}}'
    return samples_of(server).get(name, 0)


@pytest.mark.parametrize(
    ("protocol", "path", "body", "headers", "reason"),
    [
        ("trunk", "/v1/metrics/trackEvents", b"{", {}, "BadPlace"),
        ("pipeline_metrics", "/save_metrics", b"x" * 3_000, {}, "TooLarge"),
        ("pytest_monitor", "/api/v1/metrics/", gzip.compress(b" " * 9_000, mtime=0), {"Content-Encoding": "gzip"}, "TooLarge"),
        ("ets", "/api/v1/event/", b"{}", {"Content-Encoding": "br"}, "UnsupportedEncoding"),
        ("runwell", "/-/api/sql", b'{"sql": "DROP TABLE event"}', {}, "ReadOnly"),
        ("runwell", "/-/api/sql", b'{"sql": "SELECT * FROM range(100000)"}', {}, "TooLarge"),
        ("runwell", f"/-/{'x' * 9_000}", b"", {}, "UrlTooLong"),
        ("runwell", "/nowhere", b"", {}, "NotFound"),
    ],
)  # fmt: skip
def test_a_refused_request_is_counted_once(
    protocol: str, path: str, body: bytes, headers: dict, reason: str, serving: Server
):
    before = refused(serving, protocol, reason)
    reply = serving.ask("POST", path, body, **headers)
    assert reply.status >= 400
    assert refused(serving, protocol, reason) == before + 1, reply


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory):
    flags = ("--body-bytes-max", "2000", "--inflated-bytes-max", "5000", "--pg-port", "0")
    with PgServerProcess(tmp_path_factory.mktemp("refusing") / "data", flags) as running:
        yield running


def test_refusals_of_postgresqls_port_are_counted_by_their_code(serving: PgServerProcess):
    with serving.connect() as connection:
        for sql, code in (("SELEC 1", "42601"), ("SELECT * FROM nothing", "42P01")):
            before = refused(serving, "postgresql", code)
            with pytest.raises(psycopg.Error):
                connection.execute(sql)
            assert refused(serving, "postgresql", code) == before + 1
    with socket.create_connection(("127.0.0.1", serving.pg_port)) as raw:
        raw.sendall(b"\x00\x00\x00\x03no")
        assert raw.recv(1_000)
    assert refused(serving, "postgresql", "08P01") == 1


def test_refused_connections_of_postgresqls_port_are_counted(tmp_path: Path):
    flags = ("--pg-port", "0", "--pg-connections-max", "1")
    with PgServerProcess(tmp_path / "data", flags) as server:
        with server.connect(), pytest.raises(psycopg.OperationalError):
            server.connect()
        assert refused(server, "postgresql", "53300") == 1
        read = Tokens(tmp_path / "data").create("r", ["read"])
        with pytest.raises(psycopg.OperationalError):
            server.connect(password="wrong")
        reply = server.ask("GET", "/-/metrics", Authorization=f"Bearer {read}")
        wanted = 'runwell_refused_total{protocol="postgresql",reason="28P01"} 1\n'
        assert wanted in reply.body.decode()
        assert server.ask("GET", "/-/metrics").status == 401
        reply = server.ask("GET", "/-/metrics", Authorization=f"Bearer {read}")
        assert '{protocol="runwell",reason="Unauthorized"} 1\n' in reply.body.decode()
