"""Every page of a ledger carries a checksum, and one that does not match is never an answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from tests.builders import a_write, an_event

from runwell.errors import StorageFailed, Unreadable
from runwell.model import Write, replace
from runwell.store.ledger import open_ledger, pages
from runwell.store.ledger.base import LedgerBusy, LedgerDamaged
from runwell.store.ledger.pages import CHECKSUM_BYTES, connect, has_checksums

PAGE = 4096
EVENTS = 2_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A ledger with some pages."""
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.commit([[a_write(str(n), payload="x" * 300)] for n in range(EVENTS)], 1)
    ledger.close()
    return tmp_path / "ledger.sqlite"


def flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def middle(file: Path) -> int:
    return file.stat().st_size // 2 // PAGE * PAGE + 1_000


def test_a_new_ledger_has_checksums_from_its_first_page_on(file: Path):
    assert file.read_bytes()[20] == CHECKSUM_BYTES
    connection = connect(file)
    assert has_checksums(connection)
    connection.close()


def test_a_flipped_bit_is_found_and_named_by_every_read_that_meets_it(file: Path, capsys):
    flip(file, middle(file))
    ledger = open_ledger(f"sqlite:///{file}")
    found = 0
    for number in range(EVENTS):
        try:
            assert ledger.get(an_event(str(number)).key) is not None
        except Unreadable:
            found += 1
    assert 0 < found < 100
    with pytest.raises(Unreadable):
        ledger.changes(0, EVENTS)
    assert ledger.check_pages() != []
    assert '"ledger_unreadable"' in capsys.readouterr().err
    ledger.close()


def test_a_commit_that_meets_a_damaged_page_is_the_last_one(file: Path):
    flip(file, middle(file))
    ledger = open_ledger(f"sqlite:///{file}")
    everything = [[Write(an_event(str(n)), replace)] for n in range(EVENTS)]
    for _ in range(2):
        with pytest.raises(StorageFailed):
            ledger.commit(everything, 2)
    with pytest.raises(StorageFailed):
        ledger.commit([[a_write("new")]], 2)
    ledger.close()


@pytest.mark.parametrize("place", [5, 30, 200])
def test_a_damaged_first_page_is_refused_with_advice(place: int, file: Path):
    flip(file, place)
    with pytest.raises(LedgerDamaged, match=r"runwell restore.*--accept-loss") as refusal:
        open_ledger(f"sqlite:///{file}")
    assert refusal.value.exit_code == os.EX_DATAERR


def test_an_older_ledger_gets_checksums_and_keeps_its_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setattr(pages, "CHECKSUM_BYTES", 0)
    old = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    old.commit([[a_write(str(n))] for n in range(100)], 1)
    before = old.changes(0, 1_000)
    old.close()
    monkeypatch.undo()
    monkeypatch.setattr(pages, "LONG_BYTES", 10)
    assert (tmp_path / "ledger.sqlite").read_bytes()[20] == 0
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    assert (ledger.changes(0, 1_000), ledger.guard().has_checksums) == (before, True)
    said = capsys.readouterr().err
    assert '"checksums_begun"' in said
    assert '"checksums_added"' in said
    ledger.close()
    assert (tmp_path / "ledger.sqlite").read_bytes()[20] == CHECKSUM_BYTES


def test_without_room_for_checksums_an_older_ledger_is_served_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setattr(pages, "CHECKSUM_BYTES", 0)
    open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite").close()
    monkeypatch.undo()

    def no_room(*_: object) -> None:
        raise apsw.FullError("database or disk is full")

    monkeypatch.setattr("runwell.store.ledger.sqlite.add_checksums", no_room)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.commit([[a_write("a")]], 1)
    assert (ledger.count(), ledger.guard().has_checksums) == (1, False)
    assert '"checksums_postponed"' in capsys.readouterr().err
    ledger.close()


def test_a_ledger_that_cannot_be_opened_now_is_not_called_damaged(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise apsw.FullError("database or disk is full")

    def no_index(*_: object) -> None:
        error = apsw.IOError("disk I/O error")
        error.extendedresult = apsw.SQLITE_IOERR_SHMSIZE
        raise error

    for refuse in (full, no_index):
        monkeypatch.setattr("runwell.store.ledger.sqlite.settle", refuse)
        with pytest.raises(LedgerBusy, match="cannot be opened now"):
            open_ledger(f"sqlite:///{file}")


def test_another_program_may_read_a_closed_ledger(file: Path):
    program = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])"
    words = [sys.executable, "-c", program, str(file), "SELECT count(*) FROM event"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == f"{EVENTS}\n"
    ledger = open_ledger(f"sqlite:///{file}")
    assert ledger.check() == []
    ledger.close()
