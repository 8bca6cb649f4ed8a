"""The commands as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest
from click.testing import CliRunner
from tests.crash.messages import pipeline
from tests.serving import Server, run_cli

from runwell.cli import COMMANDS, main
from runwell.client.ask import NoAnswer, ask
from runwell.client.summary import bar_of, show, show_seconds, table_of
from runwell.config import SETTINGS


def invoke(*words: str, **environment: str):
    return CliRunner().invoke(main, words, env=environment)


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_says_what_a_command_does_without_loading_an_engine(name: str):
    words = [word for word in (name, "--help") if word]
    code = (
        "import sys; from runwell.cli import main\n"
        f"try: main({words!r})\n"
        "except SystemExit: pass\n"
        "print([m for m in ('duckdb', 'apsw', 'uvicorn', 'starlette') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_every_setting_is_an_option_of_serve():
    text = " ".join(invoke("serve", "--help").output.split())
    for name, item in SETTINGS.items():
        assert f"--{name.replace('_', '-')}" in text
        assert item.metadata["doc"].split()[0] in text


def test_an_unknown_command_is_refused():
    assert invoke("sevre").exit_code == 2
    assert "0.1.0" in invoke("--version").output


def test_tokens_are_created_listed_and_revoked(tmp_path: Path):
    data = ["--data", str(tmp_path)]
    text = invoke("token", "create", "ci", "--scope", "write, read", *data).output.strip()
    assert text.startswith("rw_")
    listed = invoke("token", "list", *data, COLUMNS="120").output
    assert "ci" in listed
    assert "read, write" in listed
    assert text.split("_")[2] not in listed
    assert invoke("token", "revoke", "ci", *data).output == f"revoked {text.split('_')[1]}\n"
    again = invoke("token", "revoke", "ci", *data)
    assert (again.exit_code, "no valid token 'ci'" in again.output) == (1, True)
    wrong = invoke("token", "create", "x", "--scope", "root", *data)
    assert (wrong.exit_code, "takes read, write, admin" in wrong.output) == (2, True)


def test_a_wrong_setting_is_named_on_the_command_line():
    wrong = invoke("doctor", "--config", "/nonexistent.toml")
    assert (wrong.exit_code, "cannot read" in wrong.output) == (1, True)


def test_query_prints_a_table_or_json_and_says_what_to_do_when_it_cannot(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        at = {"RUNWELL_URL": server.url, "COLUMNS": "120"}
        assert invoke("query", "--group-by", "kind", **at).output == "no events yet\n"
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
        assert rows[0]["total"] == 9
        wrong = invoke("query", "--group-by", "kin", **at)
        assert (wrong.exit_code, "did you mean 'kind'?" in wrong.output) == (1, True)
        run_cli("token", "create", "ci", "--data", str(server.data))
        closed = invoke("query", **at)
        assert (closed.exit_code, "RUNWELL_TOKEN" in closed.output) == (1, True)
    gone = invoke("query", **at)
    assert (gone.exit_code, "start a server with `runwell serve`" in gone.output) == (1, True)
    with pytest.raises(NoAnswer, match="takes http://HOST:PORT"):
        ask("ftp://x", "/", {})


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
    assert show("total", 12345) == "12,345"
    assert show("p95_duration", None) == ""
    assert show("last_run", "2026-01-01T12:00:00.5Z") == "2026-01-01 12:00"
    assert show("day", "2026-01-01T00:00:00Z") == "2026-01-01"
    assert (bar_of(0, 10), bar_of(1, 1000), len(bar_of(10, 10))) == ("", "█", 12)
    assert table_of([{"name": "a"}], with_bar=True).row_count == 1


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with some events, its server stopped."""
    with Server(tmp_path / "data") as server:
        for number in range(5):
            server.ask("POST", "/save_metrics", pipeline(str(number)))
        server.get("/-/api/summary")
    return tmp_path / "data"


def test_doctor_finds_a_healthy_directory_healthy(data: Path):
    done = run_cli("doctor", "--data", str(data))
    assert done.returncode == 0, done.stdout
    assert "the ledger is sound: 15 events, 15 changes" in done.stdout
    assert "the columns are complete: 15 events" in done.stdout


def test_doctor_makes_nothing_where_there_is_nothing(tmp_path: Path):
    done = run_cli("doctor", "--data", str(tmp_path / "nowhere"))
    assert (done.returncode, "holds no ledger" in done.stdout) == (1, True)
    assert not (tmp_path / "nowhere").exists()


def test_doctor_leaves_a_running_server_alone(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        done = run_cli("doctor", "--data", str(server.data))
        assert (done.returncode, "ask its /-/readyz" in done.stdout) == (1, True)
        rebuilt = run_cli("doctor", "--rebuild", "--data", str(server.data))
        assert (rebuilt.returncode, "is in use" in rebuilt.stderr) == (1, True)
        assert "Traceback" not in rebuilt.stderr


def test_doctor_rebuilds_the_columns_from_the_ledger(data: Path):
    (data / "columns.duckdb").write_bytes(b"broken")
    done = run_cli("doctor", "--rebuild", "--data", str(data))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15 events in" in done.stdout
    assert "the columns are complete: 15 events" in done.stdout


def test_doctor_says_that_columns_behind_catch_up_by_themselves(data: Path):
    (data / "columns.duckdb").unlink()
    done = run_cli("doctor", "--data", str(data))
    assert (done.returncode, "at change 0 of 15" in done.stdout) == (0, True)


def test_doctor_finds_columns_that_hold_too_little(data: Path):
    code = (
        f"import duckdb; c = duckdb.connect({str(data / 'columns.duckdb')!r});"
        "c.execute('DELETE FROM event WHERE arrival = 1'); c.close()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    done = run_cli("doctor", "--data", str(data))
    assert (done.returncode, "the columns hold 14 events, the ledger 15" in done.stdout) == (
        1,
        True,
    )
    assert "runwell doctor --rebuild" in done.stdout


def test_doctor_finds_a_damaged_ledger(data: Path):
    connection = apsw.Connection(str(data / "ledger.sqlite"))
    connection.execute("UPDATE event SET document = '{}' WHERE seq = 1")
    connection.execute("UPDATE event SET key = x'00' WHERE seq = 2")
    connection.close()
    done = run_cli("doctor", "--data", str(data))
    assert done.returncode == 1
    assert "missing required field" in done.stdout
    assert "its document has another key" in done.stdout


def test_doctor_knows_a_ledger_of_a_newer_version_and_one_that_is_none(data: Path):
    connection = apsw.Connection(str(data / "ledger.sqlite"))
    connection.execute("PRAGMA user_version = 99").fetchall()
    connection.close()
    done = run_cli("doctor", "--data", str(data))
    assert (done.returncode, "this ledger has schema 99" in done.stdout) == (1, True)
    for file in data.glob("ledger*"):
        file.write_bytes(b"no database" * 1000)
    done = run_cli("doctor", "--data", str(data))
    assert (done.returncode, "the ledger does not open" in done.stdout) == (1, True)


def test_the_demo_loads_through_the_endpoints_and_doubles_nothing(tmp_path: Path):
    words = ["demo", "--exit", "--port", "0", "--data", str(tmp_path / "demo")]
    first, second = run_cli(*words), run_cli(*words)
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    shown = first.stdout[first.stdout.index("by source") :]
    assert "pipeline_metrics" in shown
    assert "pytest_monitor" in shown
    assert shown == second.stdout[second.stdout.index("by source") :]


def test_the_demo_serves_until_it_is_told_to_stop(tmp_path: Path):
    command = [
        sys.executable,
        "-m",
        "runwell",
        "demo",
        "--port",
        "0",
        "--data",
        str(tmp_path / "demo"),
    ]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    lines: list[str] = []
    while not any("is being served" in line for line in lines):
        line = demo.stdout.readline()
        assert line, lines
        lines.append(line)
    time.sleep(0.1)
    demo.terminate()
    assert demo.wait(60) == 0
    demo.stdout.close()


def test_the_demo_says_that_its_port_is_taken(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        port = server.url.rsplit(":", 1)[1]
        done = run_cli("demo", "--exit", "--port", port, "--data", str(tmp_path / "demo"))
        assert done.returncode == 1
        assert "--port 0 picks a free port" in done.stderr
