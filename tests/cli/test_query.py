"""`runwell query`: what it asks, how it shows the answer, and what it says where there is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.cli.invoking import invoke
from tests.crash.messages import pipeline
from tests.serving import Server, run_cli

from runwell.client.ask import NoAnswer, ask
from runwell.client.cells import bar_of, heading, show, show_seconds
from runwell.client.summary import print_table
from runwell.query import MEASURES


def test_query_prints_a_table_or_json_and_says_what_to_do_when_it_cannot(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        at = {"RUNWELL_URL": server.url, "COLUMNS": "120"}
        assert invoke("query", "--group-by", "kind", **at).output == "no events\n"
        for number in range(3):
            server.ask("POST", "/save_metrics", pipeline(str(number)))
        table = invoke("query", "--group-by", "kind", **at).output
        assert [line.split()[:2] for line in table.splitlines()[3:6]] == [
            ["build", "3"],
            ["job", "3"],
            ["pipeline", "3"],
        ]
        assert "█" in table
        rows = json.loads(invoke("query", "--json", "--summary", "all", **at).output)
        assert (rows[0]["total"], list(rows[0])) == (9, list(MEASURES))
        wrong = invoke("query", "--group-by", "kin", **at)
        assert (wrong.exit_code, "did you mean 'kind'?" in wrong.output) == (1, True)
        proxied = invoke("query", http_proxy="http://127.0.0.1:1", **at)
        assert proxied.exit_code == 0  # a proxy is not asked about this machine
        run_cli("token", "create", "ci", "--data", str(server.data))
        closed = invoke("query", **at)
        assert (closed.exit_code, "RUNWELL_TOKEN" in closed.output) == (1, True)
    gone = invoke("query", **at)
    assert (gone.exit_code, "start a server with `runwell serve`" in gone.output) == (1, True)


@pytest.mark.parametrize(
    ("url", "token", "says"),
    [
        ("ftp://x", "", "takes http://HOST:PORT"),
        ("http://[::1", "", "Invalid IPv6 URL"),
        ("http://127.0.0.1:x", "", "takes http://HOST:PORT"),
        ("http://", "", "takes http://HOST:PORT"),
        ("http://127.0.0.1:1", "rw_é", "what `runwell token create` printed"),
        ("http://127.0.0.1:1", "rw_1\nX: y", "what `runwell token create` printed"),
    ],
)
def test_an_address_or_a_token_that_is_none_is_named(url: str, token: str, says: str):
    with pytest.raises(NoAnswer, match=says):
        ask(url, "/", {}, token)


@contextmanager
def a_stranger(status: int, body: bytes) -> Iterator[str]:
    """A server that is not runwell; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, b"<html>", "does not answer like runwell"),
        (200, b"\xff", "does not answer like runwell"),
        (200, b"[]", "does not answer like runwell (it has no summary)"),
        (200, b"{}", "does not answer like runwell (it has no summary)"),
        (400, b"[]", "400: Bad Request"),
        (502, b"<html>", "502: Bad Gateway"),
        (401, b'{"detail": "no"}', "401: no; give a token with --token or RUNWELL_TOKEN"),
    ],
)
def test_a_server_that_is_not_runwell_is_told(status: int, body: bytes, says: str):
    with a_stranger(status, body) as url:
        done = invoke("query", "--url", url)
    assert done.exit_code == 1
    assert says in done.output
    assert done.output.startswith("Error: ")


def test_cells_are_shown_in_units_that_suit_them():
    assert [show_seconds(s) for s in (0.0421, 1, 59.94, 95, 7200, 0, -90)] == [
        "42.1 ms",
        "1.0 s",
        "59.9 s",
        "1.6 min",
        "2.0 h",
        "0.0 ms",
        "-1.5 min",
    ]
    assert show("integer", 12345) == "12,345"
    assert show("duration", None) == ""
    assert show("time", "2026-01-01T12:00:00.5Z") == "2026-01-01T12:00Z"
    assert show("time", "2026-01-01T12:00:00.5Z", is_exact=True) == "2026-01-01T12:00:00Z"
    assert show("time", "2026-01-01T00:00:00+01:00") == "2026-01-01"
    assert show("rate", 0.0625) == "6.2 %"
    assert [show("number", value) for value in (0.12345, 3.0, 12345.6)] == ["0.1235", "3", "12,346"]
    assert show("tags", {"a": ["ä"]}) == '{"a":["ä"]}'
    assert show("boolean", True) == "true"
    assert (bar_of(0, 10), bar_of(1, 1000), len(bar_of(10, 10))) == ("", "█", 12)
    assert [heading(name) for name in ("p95_duration", "timed_out")] == ["p95", "timed out"]
    assert heading("total") != heading("total_duration")


def printed(rows: list[dict[str, object]], width: int) -> list[str]:
    """The lines of a table on a screen of this width."""
    file = StringIO()
    print_table(Console(file=file, width=width), rows)
    return [line.strip() for line in file.getvalue().splitlines() if line.strip()]


def test_a_name_is_shown_as_it_is_and_the_terminal_obeys_none():
    names = ["test_a[fast]", "[/b]", "[red]x", "a\x1b[31mb\nc"]
    lines = printed([{"name": name, "total": 1} for name in names], 100)
    assert [line.split()[0] for line in lines[2:]] == [*names[:3], "a\ufffd[31mb\ufffdc"]


def test_no_number_is_ever_cut():
    row = {"name": "n" * 40, "total": 1_234_567, "total_duration": 7200.0}
    for width in (10, 40, 60, 80, 100):
        lines = printed([row, row], width)
        assert lines[-1].split()[:4] == ["n" * 40, "1,234,567", "2.0", "h"]
    assert "█" in lines[-1]
    assert "█" not in printed([row, row], 70)[-1]


def test_one_row_that_is_too_wide_is_turned():
    row = {"total": 5, "p95_duration": 1.0, "last_run": "2026-01-01T12:00:00Z"}
    assert [line.split() for line in printed([row], 30)[2:]] == [
        ["total", "5"],
        ["p95", "1.0", "s"],
        ["last", "run", "2026-01-01T12:00Z"],
    ]
    assert len(printed([row], 80)) == 3
    assert len(printed([{"name": "a"}], 80)) == 3
