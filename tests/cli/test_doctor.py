"""`runwell doctor`: what it finds, what it advises, and that it changes only what it is asked to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import apsw
import duckdb
import pytest
from tests.builders import a_write
from tests.cli.invoking import invoke
from tests.crash.messages import pipeline
from tests.serving import Server, run_cli

from runwell.config import Config
from runwell.datadir import InUse
from runwell.doctor import FREE_BYTES_MIN, examine
from runwell.store.ledger import open_ledger, pages
from runwell.store.ledger.copies import NUMBERS_OF_A_LIFE

COMPLETE = "the columns are complete: 15 events"


def some_events(data: Path) -> None:
    """Five pipelines, each with a build and a job."""
    with Server(data) as server:
        for number in range(5):
            server.ask("POST", "/save_metrics", pipeline(str(number)))
        server.get("/-/api/summary")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data directories of stopped servers."""
    folder = tmp_path_factory.mktemp("originals")
    some_events(folder / "one")
    some_events(folder / "other")
    return folder


@pytest.fixture
def data(originals: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(originals / "one", tmp_path / "data [x]"))


def doctor(data: Path, *words: str) -> tuple[int, str]:
    """The exit code and what was printed."""
    done = invoke("doctor", "--data", str(data), *words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def change(data: Path, *statements: str) -> None:
    """Do something to the ledger behind its back."""
    connection = apsw.Connection(str(data / "ledger.sqlite"))
    for statement in statements:
        connection.execute(statement).fetchall()
    connection.close()


def test_a_healthy_directory_is_found_healthy(data: Path):
    code, text = doctor(data)
    assert (code, "problem" in text) == (0, False)
    assert "the ledger is sound: 15 events, 15 changes" in text
    assert COMPLETE in text
    assert "no token: everybody on this machine may do everything" in text


@pytest.mark.parametrize("words", [[], ["--rebuild"]])
def test_nothing_is_made_where_there_is_nothing(words: list[str], tmp_path: Path):
    code, text = doctor(tmp_path / "nowhere", *words)
    assert (code, "holds no ledger" in text) == (1, True)
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.sqlite"
    code, text = doctor(tmp_path, "--ledger", elsewhere, *words)
    assert (code, "holds no ledger" in text) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_is_not_there_is_named(data: Path):
    assert doctor(data, "--ledger", "pg://x")[1].startswith("Error: ledger: no engine for 'pg'")
    assert "Error: columns: no engine for 'ch'" in doctor(data, "--columns", "ch://x")[1]


def test_a_running_server_is_left_alone(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        for words in ([], ["--rebuild"]):
            done = run_cli("doctor", *words, "--data", str(server.data))
            assert (done.returncode, "is in use" in done.stdout) == (1, True)
            assert "ask its /-/readyz" in done.stdout
            assert done.stderr == ""


def test_tokens_are_counted_and_a_file_that_cannot_be_read_is_a_problem(data: Path):
    for name in ("a", "b"):
        invoke("token", "create", name, "--data", str(data))
    invoke("token", "revoke", "a", "--data", str(data))
    assert "1 of 2 tokens are valid" in doctor(data)[1]
    (data / "tokens.json").write_bytes(b'[{"id": "\xff"}]')
    code, text = doctor(data)
    assert (code, "tokens.json cannot be read" in text) == (1, True)
    assert COMPLETE in text


def test_a_full_disk_is_a_problem(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    usage = SimpleNamespace(free=FREE_BYTES_MIN - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert not examine(Config(data=str(data)))
    assert "0.5 GiB of disk are free\n        -> make room" in capsys.readouterr().out


def test_missing_columns_are_left_to_the_server(data: Path):
    (data / "columns.duckdb").unlink()
    code, text = doctor(data)
    assert (code, "there are no columns: the server makes them" in text) == (0, True)
    assert not (data / "columns.duckdb").exists()


def test_columns_that_are_behind_catch_up_by_themselves(data: Path):
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    ledger.commit([[a_write("new")]], 1)
    ledger.close()
    code, text = doctor(data)
    assert (code, "the columns are at change 15 of 16" in text) == (0, True)


def test_columns_are_read_with_what_a_killed_server_left_in_its_log(tmp_path: Path):
    server = Server(tmp_path / "data").start()
    server.ask("POST", "/save_metrics", pipeline("1"))
    server.get("/-/api/summary")
    server.kill()
    before = {file.name: file.read_bytes() for file in server.data.glob("columns*")}
    assert "columns.duckdb.wal" in before
    code, text = doctor(server.data)
    assert (code, "the columns are complete: 3 events" in text) == (0, True)
    assert before == {file.name: file.read_bytes() for file in server.data.glob("columns*")}


@pytest.mark.parametrize("what", ["other", "broken", "tables", "row"])
def test_columns_that_are_not_this_ledgers_are_told_and_kept_until_asked(
    what: str, data: Path, originals: Path
):
    file = data / "columns.duckdb"
    if what == "other":
        shutil.copy(originals / "other" / "columns.duckdb", file)
    elif what == "broken":
        file.write_bytes(b"broken")
    else:
        with duckdb.connect(str(file)) as connection:
            connection.execute(
                "DELETE FROM projection" if what == "row" else "DROP TABLE event CASCADE"
            )
    before = file.read_bytes()
    code, text = doctor(data)
    assert (code, "the columns are not this ledger's" in text) == (1, True)
    assert "doctor --rebuild" in text
    assert file.read_bytes() == before

    code, text = doctor(data, "--rebuild")
    assert (code, "rebuilt 15 rows in" in text, "rows/s" in text) == (0, True, True)
    assert COMPLETE in text


def test_columns_that_hold_something_else_are_a_problem(data: Path):
    with duckdb.connect(str(data / "columns.duckdb")) as connection:
        connection.execute("DELETE FROM event WHERE arrival > 14")
    code, text = doctor(data)
    says = "the columns hold 14 events up to change 15, the ledger 15 up to 15"
    assert (code, says in text, "doctor --rebuild" in text) == (1, True, True)
    assert doctor(data, "--rebuild")[0] == 0


def test_columns_that_know_more_than_the_ledger_are_kept_until_the_loss_is_accepted(data: Path):
    with duckdb.connect(str(data / "columns.duckdb")) as connection:
        connection.execute("UPDATE projection SET applied = 16")
    before = (data / "columns.duckdb").read_bytes()
    for words in ([], ["--rebuild"]):
        code, text = doctor(data, *words)
        assert (code, "the columns know of change 16, the ledger ends at 15" in text) == (1, True)
        assert "runwell restore" in text
        assert "--accept-loss" in text
        assert (data / "columns.duckdb").read_bytes() == before
    done = run_cli("serve", "--port", "0", "--data", str(data))
    assert (done.returncode, "the ledger ends at change 15" in done.stderr) == (65, True)

    code, text = doctor(data, "--accept-loss")
    assert (code, "the ledger goes on from change 15" in text) == (0, True)
    assert "there are no columns" in text
    assert f"15 events, {NUMBERS_OF_A_LIFE:,} changes" in text  # change 16 is no other one's name
    with Server(data) as server:
        server.until_ready()
    assert COMPLETE in doctor(data)[1]


def test_a_log_with_commits_that_cannot_be_read_is_told_kept_and_given_up_when_asked(data: Path):
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    for number in range(10):
        ledger.commit([[a_write(str(number))]], 1)
    log = data / "ledger.sqlite-wal"
    content = bytearray(log.read_bytes())
    ledger.close()
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    for _ in range(2):  # looking does not change it
        code, text = doctor(data)
        assert (code, "acknowledged commits in its log cannot be read" in text) == (1, True)
        assert log.read_bytes() == content
    done = run_cli("serve", "--port", "0", "--data", str(data))
    assert (done.returncode, "--accept-loss" in done.stderr) == (65, True)

    code, text = doctor(data, "--accept-loss")
    assert (code, "commits of its log" in text) == (0, True), text
    assert "every page has its checksum" in text


def test_a_ledger_that_another_program_wrote_to_is_taken_when_asked(data: Path):
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "c.execute('UPDATE event SET received = received + 1'); c.commit(); c.close()"
    )
    file = str(data / "ledger.sqlite")
    subprocess.run([sys.executable, "-c", program, file], check=True)
    code, text = doctor(data)
    assert (code, "the ledger is damaged" in text) == (1, True)
    code, text = doctor(data, "--accept-loss")
    assert (code, "the ledger is sound: 15 events" in text) == (0, True), text


@pytest.mark.parametrize(
    ("document", "says"),
    [("'{}'", "is not sound in itself"), ("CAST(x'7bff7d' AS TEXT)", "can't decode byte 0xff")],
)
def test_no_loss_is_accepted_of_a_ledger_that_is_not_sound_in_itself(
    data: Path, document: str, says: str
):
    change(data, f"UPDATE event SET document = {document} WHERE seq = 1")
    columns = (data / "columns.duckdb").read_bytes()
    code, text = doctor(data, "--accept-loss")
    assert (code, says in text, "runwell restore" in text) == (1, True, True), text
    assert (data / "columns.duckdb").read_bytes() == columns


def test_a_ledger_without_checksums_gets_them_from_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pages, "CHECKSUM_BYTES", 0)  # as older versions made it
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.commit([[a_write("old")]], 1)
    ledger.close()
    monkeypatch.undo()
    code, text = doctor(tmp_path)
    assert (code, "its pages have no checksums" in text) == (0, True)
    with Server(tmp_path):
        pass
    code, text = doctor(tmp_path)
    assert (code, "every page has its checksum" in text) == (0, True)
    assert "the ledger is sound: 1 events" in text


def test_tokens_that_others_can_read_are_a_problem(data: Path):
    invoke("token", "create", "a", "--data", str(data))
    (data / "tokens.json").chmod(0o644)
    code, text = doctor(data)
    assert (code, "open to others" in text, "chmod 600" in text) == (1, True, True)


def test_a_clock_behind_the_newest_change_is_a_problem(data: Path):
    ledger = open_ledger(f"sqlite:///{data}/ledger.sqlite")
    ledger.commit([[a_write("new")]], 4_000_000_000_000_000)
    ledger.close()
    code, text = doctor(data)
    assert (code, "behind the newest change" in text, "time service" in text) == (1, True, True)


def test_a_file_system_over_a_network_is_a_problem(data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("runwell.doctor.kind_of", lambda _: "nfs4")
    code, text = doctor(data)
    assert (code, "the file system is nfs4" in text, "local disk" in text) == (1, True, True)


def test_a_setting_that_there_is_not_is_a_problem(data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RUNWELL_PROT", "1")
    code, text = doctor(data)
    assert (code, "RUNWELL_PROT" in text) == (1, True)


def test_columns_that_another_process_has_open_are_not_deleted_under_it(data: Path):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    words = [sys.executable, "-c", code, str(data / "columns.duckdb")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "open\n"
        inode = (data / "columns.duckdb").stat().st_ino
        for words in ([], ["--rebuild"]):
            code, text = doctor(data, *words)
            assert (code, text.count("another process has the columns open")) == (1, 1)
        assert (data / "columns.duckdb").stat().st_ino == inode
        other.communicate("\n")
    assert doctor(data)[0] == 0


def test_a_server_that_starts_before_the_columns_are_deleted_keeps_them(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def taken(config: Config) -> None:
        raise InUse(f"{config.data} is in use")

    monkeypatch.setattr("runwell.doctor.delete_derived", taken)
    assert not examine(Config(data=str(data)), rebuild=True)
    assert "is in use\n        -> stop it first" in capsys.readouterr().out
    assert doctor(data)[0] == 0


def test_a_damaged_ledger_is_told_event_by_event(data: Path):
    change(
        data,
        "UPDATE event SET document = '{}' WHERE seq = 1",
        "UPDATE event SET key = x'00' WHERE seq = 2",
    )
    code, text = doctor(data)
    assert code == 1
    assert "missing required field" in text
    assert "its document has another key" in text


@pytest.mark.parametrize("what", ["no database", "page"])
def test_columns_are_never_deleted_for_a_ledger_that_cannot_fill_them(what: str, data: Path):
    if what == "page":  # beyond the schema: the file opens, its events cannot be read
        content = bytearray((data / "ledger.sqlite").read_bytes())
        content[8192:] = b"\xff" * len(content[8192:])
        (data / "ledger.sqlite").write_bytes(content)
    else:
        for file in data.glob("ledger*"):
            file.write_bytes(b"no database" * 1000)
    before = (data / "columns.duckdb").read_bytes()
    code, text = doctor(data, "--rebuild")
    assert (code, "the ledger is damaged" in text, "restore a backup" in text) == (1, True, True)
    assert (data / "columns.duckdb").read_bytes() == before


def test_a_ledger_of_a_newer_version_is_left_as_it_is(data: Path):
    change(data, "PRAGMA user_version = 99")
    before = (data / "columns.duckdb").read_bytes()
    code, text = doctor(data, "--rebuild")
    assert (code, "this ledger has schema 99" in text) == (1, True)
    assert (data / "columns.duckdb").read_bytes() == before


def test_a_directory_of_an_older_version_is_well_and_left_as_it_is(data: Path):
    change(data, "DROP INDEX event_first", "DROP INDEX event_removed", "PRAGMA user_version = 1")
    columns = duckdb.connect(str(data / "columns.duckdb"))
    columns.execute("UPDATE projection SET version = version - 1")
    columns.close()

    code, output = doctor(data)

    assert code == 0
    assert "the ledger is sound: 15 events" in output
    assert "the columns are of an older version: the server makes them anew" in output
    ledger = apsw.Connection(str(data / "ledger.sqlite"))
    assert ledger.execute("PRAGMA user_version").fetchone() == (1,)
    ledger.close()
