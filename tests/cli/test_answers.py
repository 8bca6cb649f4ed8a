"""`runwell query` in all its kinds: tables to the letter, CSV and JSON as they are over HTTP."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from rich.console import Console
from tests.cli.invoking import invoke
from tests.client.sample import COUNT
from tests.serving import Server

from runwell.client.answers import cell
from runwell.client.columns import of_events
from runwell.client.series import means, print_series, sparkline
from runwell.client.summary import print_whole, table_of


def lines(server: Server, *words: str, width: int = 120) -> list[str]:
    """What a query prints, without the blanks around it."""
    done = invoke("query", "--url", server.url, *words, COLUMNS=str(width))
    assert done.exit_code == 0, done.output
    return [line.strip() for line in done.output.splitlines() if line.strip(" ─")]


def test_a_summary_shows_each_measure_in_its_unit(server: Server):
    words = ["--summary", "total,success_rate,p95(duration)", "--summary", "avg(metrics.cpu_usage)"]
    at, bars = ("2026-01-10T09:00Z", "2026-01-10T10:00Z"), ("█" * 12, "█" * 10)
    assert lines(server, *words, "--summary", "last_run", "--group-by", "tags.team") == [
        "tags.team  total  success rate  p95(duration)  avg(metrics.cpu_usage)  last run",
        f"core          16        75.0 %        2.4 min                 0.09375  {at[0]}  {bars[0]}",
        f"growth        13        76.9 %        2.4 min                  0.1827  {at[1]}  {bars[1]}",
    ]
    assert lines(server, "--group-by", "week", "--having", "total > 100") == ["no events"]


def test_a_series_is_a_line_for_each_measure(server: Server):
    words = ["--bucket", "day", "--from", "2026-01-03", "--to", "2026-01-06", "--compare"]
    assert lines(server, *words, "--summary", "total,p50(duration),failure_rate") == [
        "measure               first     last    whole  previous   change",
        "total          █▅▆        4        3        9         5  +80.0 %",
        "p50(duration)  ▇▇█  1.3 min  1.7 min  1.5 min   1.2 min  +28.6 %",
        "failure rate   ▅█▆   25.0 %   33.3 %   33.3 %    20.0 %  +66.7 %",
        "2026-01-03 to 2026-01-06 (UTC), 3 days",
    ]
    words = ["--bucket", "day", "--group-by", "pipeline", "--limit", "1", "--summary", "total"]
    assert lines(server, *words, "--zone", "Europe/Berlin") == [
        "pipeline  measure              first  last  whole",
        "web       total    ▅██▅██▅██▅      1     1     16",
        "2026-01-01 to 2026-01-11 (Europe/Berlin), 10 days",
    ]
    assert lines(server, "--bucket", "day", "--filter", 'name == ""') == ["no events"]
    assert lines(server, "--bucket", "hour")[-1].endswith("(UTC), 218 hours, 4 a block")


def test_a_list_of_events_shows_the_chosen_columns(server: Server):
    words = ["--fields", "started,name", "--fields", "status,duration,tags,attempt"]
    assert lines(server, *words, "--limit", "2", "--order-by", "started") == [
        "started               name              status     duration  tags                 attempt",
        '2026-01-01T09:00:00Z  build "0", day 0  failed      1.0 min  {"team":["core"]}          1',
        '2026-01-01T10:00:00Z  build "1", day 0  succeeded   1.0 min  {"team":["growth"]}        1',
    ]
    assert lines(server, "--fields", "name", "--filter", 'name == ""') == ["no events"]


def test_a_list_that_is_longer_than_shown_says_so(server: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("runwell.client.answers.EVENTS_DEFAULT", 3)
    done = invoke("query", "--url", server.url, "--fields", "id")
    assert done.stderr == "the first 3; --limit takes more\n"
    assert len(done.stdout.split()) == 3 + 2
    assert invoke("query", "--url", server.url, "--fields", "id", "--limit", "3").stderr == ""
    assert invoke("query", "--url", server.url, "--fields", "id", "--json").stderr == ""


def test_sql_is_answered_as_a_table(server: Server):
    sql = "SELECT pipeline, count(*) AS n, max(started) AS newest FROM events GROUP BY 1 ORDER BY 1"
    assert lines(server, "--sql", sql) == [
        "pipeline   n  newest",
        "app       13  2026-01-10T10:00:00Z",
        "web       16  2026-01-10T09:00:00Z",
    ]
    assert lines(server, "--sql", "SELECT 1 WHERE false") == ["no rows"]
    done = invoke("query", "--url", server.url, "--sql", "SELECT 1 AS a, 2 AS a", "--format", "csv")
    assert done.stdout_bytes == b"a,a_1\r\n1,2\r\n"


ASKED: list[tuple[dict[str, str], str]] = [
    (
        {"summary": "total,p95(duration),success_rate,first_run", "group_by": "week,pipeline"},
        "/-/api/summary",
    ),
    ({"summary": "all", "group_by": "tags.team", "zone": "Asia/Tokyo"}, "/-/api/summary"),
    (
        {"bucket": "day", "summary": "total,avg(duration)", "compare": "previous"},
        "/-/api/series",
    ),
    ({"bucket": "week", "group_by": "pipeline", "time": "finished"}, "/-/api/series"),
    ({"fields": "arrival,name,tags,metrics,payload,links", "limit": "7"}, "/-/api/events"),
    ({"fields": 'tags["team"],size(name)', "order_by": "started", "limit": "3"}, "/-/api/events"),
]


@pytest.mark.parametrize(("asked", "address"), ASKED, ids=[str(a[0]) for a in ASKED])
def test_json_and_csv_say_the_same_as_http(asked: dict[str, str], address: str, server: Server):
    over_http = {name: text for name, text in asked.items() if text != "all"} | {"shape": "objects"}
    expected = server.get(f"{address}?{urlencode(over_http)}")
    assert expected
    words = [word for name, text in asked.items() for word in _option(name, text)]
    as_json = invoke("query", "--url", server.url, *words, "--format", "json")
    assert json.loads(as_json.stdout) == expected
    assert json.loads(invoke("query", "--url", server.url, *words, "--json").stdout) == expected
    as_csv = invoke("query", "--url", server.url, *words, "--format", "csv").stdout_bytes.decode()
    assert as_csv.endswith("\r\n")
    head, *rows = csv.reader(io.StringIO(as_csv, newline=""), strict=True)
    assert head == list(expected[0])
    assert rows == [[cell(value) for value in row.values()] for row in expected]


def _option(name: str, text: str) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    return [flag] if name == "compare" else [flag, text]


def test_sql_as_json_and_csv_says_the_same_as_http(server: Server):
    sql = "SELECT time, name, tags, payload, duration, NULL AS nothing FROM events ORDER BY arrival"
    reply = server.ask("POST", "/-/api/sql?shape=objects", {"sql": sql})
    done = invoke("query", "--url", server.url, "--sql", sql, "--format", "json")
    assert json.loads(done.stdout) == reply.json
    done = invoke("query", "--url", server.url, "--sql", sql, "--format", "csv")
    _, *rows = csv.reader(io.StringIO(done.stdout_bytes.decode(), newline=""), strict=True)
    assert rows == [[cell(value) for value in row.values()] for row in reply.json]
    assert len(rows) == COUNT


@pytest.mark.parametrize(
    ("words", "head"),
    [
        (["--fields", "name,tags.team"], "name,tags.team"),
        (["--summary", "total", "--group-by", "day started,name"], "day,name,total"),
        (["--bucket", "day", "--summary", "total", "--compare"], "time,total,previous total"),
    ],
)
def test_csv_has_its_heading_without_a_row(words: list[str], head: str, server: Server):
    nothing = ["--filter", 'name == "no such"', "--format", "csv"]
    assert invoke("query", "--url", server.url, *words, *nothing).stdout_bytes == (
        f"{head}\r\n".encode()
    )


def test_a_mistake_keeps_the_servers_caret_and_ends_with_1(server: Server):
    done = invoke("query", "--url", server.url, "--filter", 'status == "failed" && nme == ""')
    assert (done.exit_code, done.stdout) == (1, "")
    first, source, caret = done.stderr.splitlines()
    assert first.startswith("Error: 400: ERROR: <input>:1:23: undeclared reference to 'nme'")
    assert source[caret.index("^") :].startswith("nme")
    for words in (["--summary", "totl"], ["--bucket", "fortnight"], ["--sql", "SELEC"]):
        assert invoke("query", "--url", server.url, *words).exit_code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--sql", "SELECT 1", "--limit", "3"], "--limit does not go with --sql"),
        (["--bucket", "day", "--having", "total > 1"], "--having does not go with --bucket"),
        (["--fields", "name", "--group-by", "day"], "--group-by does not go with --fields"),
        (["--sql", "SELECT 1", "--fields", "name"], "--fields does not go with --sql"),
        (["--compare"], "--compare does not go with a summary; it needs --bucket"),
        (["--limit", "0"], "0 is not in the range x>=1"),
        (["--format", "xml"], "'xml' is not one of"),
        (["--nope"], "No such option"),
    ],
)
def test_options_that_do_not_go_together_end_with_2(words: list[str], says: str):
    done = invoke("query", "--url", "http://127.0.0.1:1", *words)
    assert (done.exit_code, says in done.stderr) == (2, True), done.stderr


def answer(change: float | None, name: str = "failed") -> dict[str, Any]:
    chart = {"group": {}, "values": {name: [1]}, "whole": {name: 1}}
    before = {"previous": {name: [2]}, "previous_whole": {name: 2}, "change": {name: change}}
    times = ["2026-01-01T00:00:00Z"]
    ends = {"from": times[0], "to": "2026-01-02T00:00:00Z"}
    return {"bucket": "day", "zone": "UTC", **ends, "times": times, "series": [{**chart, **before}]}


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("failed", 0.5, "31"),
        ("failed", -0.5, "32"),
        ("success_rate", 0.5, "32"),
        ("succeeded", -0.5, "31"),
        ("p95(duration)", 0.5, "31"),
        ("total", 0.5, ""),
        ("failed", 0.0, ""),
        ("failed", None, ""),
    ],
)
def test_a_change_is_coloured_on_a_terminal_only(
    name: str, change: float | None, code: str, monkeypatch: pytest.MonkeyPatch
):
    def printed(*, is_terminal: bool) -> str:
        file = io.StringIO()
        colours = "standard" if is_terminal else None
        console = Console(
            file=file, width=100, force_terminal=is_terminal, color_system=colours, highlight=False
        )
        print_series(console, answer(change, name))
        return file.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert (f"\x1b[{code}m" in printed(is_terminal=True)) is bool(code)
    assert "\x1b[" not in printed(is_terminal=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert f"\x1b[{code or 31}m" not in printed(is_terminal=True)


def test_a_line_of_blocks_never_has_more_than_fit():
    assert sparkline([]) == ""
    assert sparkline([None, 0, 0]) == " ▁▁"
    assert sparkline([-4, 0, 3]) == "▁▅█"
    assert sparkline(["a"]) == " "
    for count in (59, 60, 61, 120, 121, 10_000):
        assert len(sparkline([1] * count)) <= 60
    assert means([None, None, 1], 2) == [None, 1.0]


def test_the_address_may_come_from_the_environment(server: Server):
    done = invoke("query", "--summary", "total", "--json", RUNWELL_URL=server.url)
    assert json.loads(done.stdout) == [{"total": COUNT}]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_on_a_terminal_a_long_text_is_cut_and_elsewhere_it_is_whole(is_terminal: bool):
    file, long = io.StringIO(), "x" * 500
    console = Console(file=file, width=100, force_terminal=is_terminal, color_system=None)
    print_whole(console, table_of(of_events(["id", "payload"]), [{"id": "1", "payload": long}]))
    assert (long in file.getvalue()) is not is_terminal
    assert (f"{'x' * 119}…" in file.getvalue()) is is_terminal
