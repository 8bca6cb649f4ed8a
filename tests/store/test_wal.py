"""What a damaged log still shows: a cut of the power, or the loss of what was acknowledged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.builders import a_write

from runwell.store.ledger import open_ledger
from runwell.store.ledger.base import LedgerDamaged
from runwell.store.ledger.opening import leave_log
from runwell.store.ledger.pages import connect
from runwell.store.ledger.wal import FRAME, HEADER, Unread, unread

FRAME_BYTES = 4096 + FRAME.size
COMMITS = 10


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A ledger as a killed server left it: ten commits in its log."""
    (tmp_path / "killed").mkdir()
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    for number in range(COMMITS):
        ledger.commit([[a_write(str(number))]], 1)
    for name in ("ledger.sqlite", "ledger.sqlite-wal"):
        shutil.copy(tmp_path / name, tmp_path / "killed" / name)
    ledger.close()
    return tmp_path / "killed" / "ledger.sqlite"


def log_of(ledger: Path) -> Path:
    return ledger.with_name("ledger.sqlite-wal")


def commit_frames(log: bytes) -> list[int]:
    """The places of the frames that end a commit."""
    places = range(HEADER.size, len(log) - FRAME_BYTES + 1, FRAME_BYTES)
    return [place for place in places if FRAME.unpack_from(log, place)[1]]


def test_a_log_that_was_cut_in_a_commit_loses_only_what_nobody_was_told_of(killed: Path, capsys):
    log = bytearray(log_of(killed).read_bytes())
    last = commit_frames(log)[-1]
    log[last - 10] ^= 1  # in the page before the last commit's last one
    log_of(killed).write_bytes(log)
    ledger = open_ledger(f"sqlite:///{killed}")
    assert ledger.count() == COMMITS - 1
    assert '"wal_damaged"' in capsys.readouterr().err
    ledger.close()


def test_a_log_with_commits_behind_the_damage_is_refused_and_left_as_it_is(killed: Path):
    log = bytearray(log_of(killed).read_bytes())
    log[commit_frames(log)[-6] + 100] ^= 1
    log_of(killed).write_bytes(log)
    for _ in range(2):
        with pytest.raises(LedgerDamaged, match=r"at least 6 commits.*--accept-loss"):
            open_ledger(f"sqlite:///{killed}")
        assert log_of(killed).read_bytes() == log


@pytest.mark.parametrize("place", range(HEADER.size))
def test_a_log_whose_own_head_is_damaged_is_refused_and_left_as_it_is(place: int, killed: Path):
    log = bytearray(log_of(killed).read_bytes())
    log[place] ^= 1
    log_of(killed).write_bytes(log)
    with pytest.raises(LedgerDamaged, match="--accept-loss"):
        open_ledger(f"sqlite:///{killed}")
    assert log_of(killed).read_bytes() == log


def test_a_ledger_that_a_backup_reads_is_opened_and_its_log_brought_to_the_disk(
    killed: Path, capsys, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("runwell.store.ledger.sqlite.BUSY_MS", 10)
    log = log_of(killed).read_bytes()
    backup = connect(killed)
    leave_log(backup)
    backup.execute("BEGIN; SELECT count(*) FROM event").fetchall()
    ledger = open_ledger(f"sqlite:///{killed}")
    assert log_of(killed).read_bytes() == log
    assert '"wal_kept"' in capsys.readouterr().err
    ledger.commit([[a_write("more")]], 2)
    assert (ledger.count(), ledger.check()) == (COMMITS + 1, [])
    backup.close()
    ledger.close()


def test_a_sound_log_has_nothing_unread(killed: Path):
    log = log_of(killed).read_bytes()
    frames = (len(log) - HEADER.size) // FRAME_BYTES
    assert unread(log_of(killed), frames) == Unread(0, 0)
    ledger = open_ledger(f"sqlite:///{killed}")
    assert ledger.count() == COMMITS
    assert log_of(killed).stat().st_size == 0  # begun anew
    ledger.close()


@pytest.mark.parametrize("content", [b"", b"short", bytes(HEADER.size), b"\1" * 40])
def test_what_is_no_log_has_nothing_to_count(content: bytes, tmp_path: Path):
    log = tmp_path / "log"
    assert unread(log, 0) == Unread()
    log.write_bytes(content)
    assert unread(log, 0).commits == 0


def test_frames_of_an_older_log_do_not_count(killed: Path):
    log = bytearray(log_of(killed).read_bytes())
    for place in range(HEADER.size, len(log), FRAME_BYTES):
        log[place + 8] ^= 1  # their salt: they are of another log now
    log_of(killed).write_bytes(log)
    assert unread(log_of(killed), 0) == Unread()
