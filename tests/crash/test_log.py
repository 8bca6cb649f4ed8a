"""What is unread in a write-ahead log: the rest of a power cut, or commits that were acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from runwell.store.ledger.wal import FRAME, HEADER, Unread, unread

PAGE = 4_096
LENGTH = FRAME.size + PAGE
COMMITS = 8


class Log:
    """A log that SQLite wrote."""

    def __init__(self, folder: Path) -> None:
        self.connection = apsw.Connection(str(folder / "ledger"))
        self.file = folder / "ledger-wal"
        for sql in ("journal_mode = WAL", "wal_autocheckpoint = 0"):
            self.connection.execute(f"PRAGMA {sql}").fetchall()
        self.connection.execute("CREATE TABLE told (text)")

    def commit(self, pages: int) -> None:
        self.connection.execute("INSERT INTO told VALUES (randomblob(?))", (PAGE * pages,))

    def begin_anew(self) -> None:
        self.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)

    def content(self) -> bytes:
        return self.file.read_bytes()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = Log(tmp_path)
    with closing(made.connection):
        yield made


def looked_at(log: bytes, folder: Path, sound: int = 0) -> Unread:
    file = folder / "copy"
    file.write_bytes(log)
    return unread(file, sound)


def frames(log: bytes) -> range:
    """Where each begins."""
    return range(HEADER.size, len(log) - LENGTH + 1, LENGTH)


def ends(log: bytes) -> list[int]:
    """The numbers of the frames that end a commit."""
    return [
        number for number, place in enumerate(frames(log)) if FRAME.unpack_from(log, place)[1] > 0
    ]


def test_a_damaged_frame_before_acknowledged_commits_is_a_loss(log: Log, tmp_path: Path):
    for _ in range(COMMITS):
        log.commit(2)
    content = log.content()
    *_, before_last, _ = ends(content)
    for number, place in enumerate(frames(content)):
        damaged = bytearray(content)
        damaged[place + 100] ^= 1
        found = looked_at(bytes(damaged), tmp_path, sound=number)
        assert found.is_loss == (number < before_last), number


def test_what_a_cut_leaves_of_the_last_commit_is_none(log: Log, tmp_path: Path):
    for _ in range(COMMITS):
        log.commit(5)
    content = log.content()
    *_, before_last, last = ends(content)
    for number in range(before_last + 1, last + 1):
        torn = bytearray(content)
        place = frames(content)[number]
        torn[place : place + 512] = bytes(512)
        assert not looked_at(bytes(torn), tmp_path, sound=before_last + 1).is_loss


def test_the_head_of_an_old_frame_before_the_rest_of_a_new_one_ends_no_commit(
    log: Log, tmp_path: Path
):
    for _ in range(COMMITS):
        log.commit(1)
    old = log.content()
    log.begin_anew()
    log.commit(len(frames(old)) + 5)
    new = log.content()
    for number in ends(old):
        place = frames(new)[number]
        mixed = new[:place] + old[place : place + 8] + new[place + 8 :]
        mixed = mixed[: frames(new)[-1]]  # the frame that would have ended the commit
        assert FRAME.unpack_from(mixed, place)[1] > 0
        assert not looked_at(mixed, tmp_path).is_loss


@pytest.mark.parametrize("content", [b"", b"short", bytes(HEADER.size)])
def test_of_what_is_no_log_nothing_was_lost(tmp_path: Path, content: bytes):
    assert not looked_at(content, tmp_path).is_loss
    assert unread(tmp_path / "none", 0) == Unread()
