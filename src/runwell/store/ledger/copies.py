"""Copies of a ledger that is written to meanwhile, and a copy made into a ledger of its own.

A copy is one state of the ledger: that of the moment in which it began. Pages are copied as they
are, so whatever guards them on the disk guards them in the copy as well.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import apsw
import msgspec

from runwell.store.ledger.open import ledger_file
from runwell.store.ledger.opening import leave_log, unread_log
from runwell.store.ledger.pages import CHECKSUM_BYTES, connect, has_checksums, load_checksums
from runwell.store.ledger.schema import check_version, migrate
from runwell.store.ledger.sqlite import _document_problems

BUSY_MS = 5_000
STEP_PAGES = 64  # copied at once; the server gets the disk and the processor in between
REST = 1.0  # how long to rest after each step, in times of what it took
SYNC_PAGES = 1024  # what may lie in memory before it goes to the disk
# A restored ledger counts on from the next of these. What was numbered after the backup was made,
# and is gone now, shares no number with what comes: readers who know such a number miss nothing.
NUMBERS_OF_A_LIFE = 10**12

FACTS = """
SELECT
  (SELECT value FROM ledger WHERE name = 'identity'),
  (SELECT user_version FROM pragma_user_version),
  (SELECT coalesce(max(seq), 0) FROM event),
  (SELECT count(*) FROM event) - (SELECT count(*) FROM event WHERE document = '')
"""
RENAME = "UPDATE ledger SET value = lower(hex(randomblob(16))) WHERE name = 'identity'"
# The removal of an event that never was: a change that tells of nothing and takes the number.
COUNT_ON = """
INSERT INTO event (seq, arrival, received, key, document)
SELECT last.next, last.next, :received, randomblob(16), ''
FROM (SELECT (coalesce(max(seq), 0) / :life + 1) * :life AS next FROM event) AS last
"""

Progress = Callable[[int, int], object]  # bytes that are done, bytes in all


class CopyFailed(OSError):
    """The ledger could not be copied."""


class Facts(msgspec.Struct, frozen=True):
    """What a ledger says of itself."""

    identity: str
    schema: int
    seq: int  # number of the newest change
    events: int


@contextmanager
def _reading(file: Path) -> Iterator[apsw.Connection]:
    """A connection that leaves no trace in the ledger, its log included."""
    connection = None
    try:
        connection = connect(file)
        leave_log(connection)
        connection.set_busy_timeout(BUSY_MS)
        yield connection
    except apsw.Error as error:
        raise CopyFailed(errno.EIO, f"the ledger cannot be read: {error}", str(file)) from error
    finally:
        if connection is not None:
            connection.close()


def check_log(url: str) -> None:
    """Is all of a ledger there that nobody uses?

    Raises:
        CopyFailed: what was acknowledged cannot be read.
    """
    file = ledger_file(url)
    with _reading(file) as connection:
        connection.pragma("schema_version")
        if unread_log(connection, file).is_loss:
            raise CopyFailed(
                errno.EIO, "the ledger's log is damaged; ask `runwell doctor`", str(file)
            )


def copy_ledger(url: str, to: Path, progress: Progress) -> Facts:
    """Copy the ledger as it is now into a new file, whoever writes to it meanwhile.

    Raises:
        CopyFailed: no room, or a page that cannot be read.
    """
    with _reading(ledger_file(url)) as source:
        source.execute("BEGIN").fetchall()
        facts = _facts(source)  # the first read fixes the state that the transaction sees
        try:
            _copy_pages(source, to, progress)
        except apsw.FullError as error:
            raise CopyFailed(errno.ENOSPC, "no space left on the disk", str(to)) from error
    return facts


def _facts(connection: apsw.Connection) -> Facts:
    row = connection.execute(FACTS).fetchone()
    assert row is not None
    return Facts(*row)


def _copy_pages(source: apsw.Connection, to: Path, progress: Progress) -> None:
    copy = apsw.Connection(str(to), vfs=source.open_vfs)
    try:
        # Nobody sees the file before it is whole: it needs no journal, and one who syncs it.
        copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").fetchall()
        if has_checksums(source):
            # The first page tells the VFS to write them, and pages that come out of the log have
            # none yet: it must be there before the others come.
            copy.reserve_bytes("main", CHECKSUM_BYTES)
            copy.execute("PRAGMA user_version = 1").fetchall()
        page_bytes = int(source.pragma("page_size"))
        descriptor = os.open(to, os.O_RDONLY)
        try:
            with copy.backup("main", source, "main") as backup:
                _step(backup, page_bytes, descriptor, progress)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        copy.close()


def _step(backup: apsw.Backup, page_bytes: int, descriptor: int, progress: Progress) -> None:
    unsynced = 0
    while not backup.done:
        began = time.perf_counter()
        backup.step(STEP_PAGES)
        unsynced += STEP_PAGES
        if unsynced >= SYNC_PAGES:
            os.fdatasync(descriptor)
            unsynced = 0
        done = backup.page_count - backup.remaining
        progress(done * page_bytes, backup.page_count * page_bytes)
        time.sleep(REST * (time.perf_counter() - began))


def check_copy(file: Path) -> tuple[list[str], Facts]:
    """What is wrong with a copy, and what it holds; nothing is written beside it.

    Raises:
        CopyFailed: it cannot be read as a ledger.
        SchemaTooNew: a newer version made it.
    """
    connection = None
    try:
        connection = _look_at(file)
        check_version(connection)
        problems = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        problems = [] if problems == ["ok"] else problems
        for key, document in connection.execute("SELECT key, document FROM event"):
            problems += _document_problems(key, document)
        return problems, _facts(connection)
    except apsw.Error as error:
        raise CopyFailed(errno.EIO, f"it is no sound ledger: {error}", str(file)) from error
    finally:
        if connection is not None:
            connection.close()


def _look_at(file: Path) -> apsw.Connection:
    """Nobody writes to a copy: it is opened without a log, a lock or anything made beside it."""
    load_checksums()
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    return apsw.Connection(f"file:{quote(str(file))}?immutable=1", flags=flags)


def begin_life(file: Path, received: int) -> Facts:
    """Make a copy a ledger of its own: columns of the old one are not its columns.

    `received` is now, in microseconds UTC.

    Raises:
        CopyFailed: no room, or it cannot be written.
    """
    connection = None
    try:
        connection = connect(file)
        migrate(connection)
        connection.execute("BEGIN IMMEDIATE").fetchall()
        connection.execute(RENAME).fetchall()
        numbers = {"life": NUMBERS_OF_A_LIFE, "received": received}
        connection.execute(COUNT_ON, numbers).fetchall()
        connection.execute("COMMIT").fetchall()
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return _facts(connection)
    except apsw.Error as error:
        raise CopyFailed(errno.EIO, f"the ledger cannot be written: {error}", str(file)) from error
    finally:
        if connection is not None:
            connection.close()
