"""`runwell backup` and `runwell restore` as they are typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.builders import a_write
from tests.cli.invoking import invoke
from tests.serving import Server, run_cli

from runwell import saving
from runwell.backup import read_manifest
from runwell.store.ledger import open_ledger


@pytest.fixture(autouse=True)
def _no_niceness(monkeypatch: pytest.MonkeyPatch) -> None:
    """These commands run in this process, which has other things to do afterwards."""
    monkeypatch.setattr(saving.os, "nice", lambda _: 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data [x]"
    ledger = open_ledger(f"sqlite:///{folder}/ledger.sqlite")
    ledger.commit([[a_write("1"), a_write("2")]], 1)
    ledger.close()
    return folder


def said(code: int, *words: str | Path) -> str:
    """What a command prints that ends with this code."""
    done = invoke(*map(str, words))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code, done.output
    return done.output


def test_a_backup_says_what_is_in_it_and_a_restore_brings_it_back(data: Path, tmp_path: Path):
    to, new = tmp_path / "[b]", tmp_path / "new"
    invoke("token", "create", "ci", "--data", str(data))
    text = said(0, "backup", to, "--data", data, "--verify")
    assert re.fullmatch(
        rf"{re.escape(str(to))}: 2 events, \d\.\d MiB, with tokens in \d+\.\d s\n", text
    )
    text = said(0, "restore", to, "--data", new, "--check")
    assert text.startswith(f"{to} is sound: 2 events")
    assert not new.exists()
    text = said(0, "restore", to, "--data", new)
    assert text.startswith(f"{to} is restored in {new}: 2 events, ")
    assert "ci" in said(0, "token", "list", "--data", new)
    assert "the ledger is sound: 2 events" in said(0, "doctor", "--data", new)


def test_backups_of_many_nights_are_kept_by_their_number(data: Path, tmp_path: Path):
    nights = tmp_path / "a" / "nights"
    for _ in range(2):
        assert "removed" not in said(0, "backup", nights, "--data", data, "--keep", "2")
    first = min(nights.iterdir(), key=lambda folder: read_manifest(folder).made)
    assert f"\n{first}: removed\n" in said(0, "backup", nights, "--data", data, "--keep", "2")
    assert len(list(nights.iterdir())) == 2
    assert not first.exists()


def test_what_cannot_be_done_is_said_in_a_line_with_what_to_do(data: Path, tmp_path: Path):
    (tmp_path / "there").mkdir()
    for words, expected in (
        (("backup", tmp_path / "there", "--data", data), "there exists; name a new folder"),
        (("backup", tmp_path / "b", "--data", tmp_path / "no"), "holds no ledger; name the"),
        (("backup", tmp_path / "b", "--data", data, "--ledger", "pg://x"), "no engine for 'pg'"),
        (("restore", tmp_path / "there", "--data", tmp_path / "n"), "is no backup"),
    ):
        text = said(1, *words)
        assert text.startswith("Error: ")
        assert expected in text
        assert text.count("\n") == 1
    assert "does not exist" in said(2, "restore", tmp_path / "nowhere", "--data", data)
    said(0, "backup", tmp_path / "b", "--data", data)
    assert "holds a ledger; name another --data, or --force" in said(
        1, "restore", tmp_path / "b", "--data", data
    )
    said(0, "restore", tmp_path / "b", "--data", data, "--force")


def test_a_running_server_is_backed_up_and_not_restored_over(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        words = ["--data", str(server.data)]
        done = run_cli("backup", str(tmp_path / "b"), *words)
        assert (done.returncode, done.stderr) == (0, "")  # no bar where nobody looks
        done = run_cli("restore", str(tmp_path / "b"), "--force", *words)
        assert done.returncode == 1
        assert "is in use by another runwell" in done.stderr
        assert server.get("/-/healthz") == {"status": "ok"}
        samples = server.ask("GET", "/-/metrics").body.decode()
        assert "\nrunwell_last_backup_timestamp_seconds " in samples
