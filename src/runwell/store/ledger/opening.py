"""What a ledger goes through when it is opened: what its last process left behind is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from runwell.observe import log
from runwell.store.ledger.base import LedgerDamaged
from runwell.store.ledger.faults import is_full
from runwell.store.ledger.schema import transaction
from runwell.store.ledger.wal import Unread, unread

PART_BYTES = 1024 * 1024
RESTORE = (
    "restore a backup with `runwell restore`; or go on without what is gone: "
    "`runwell doctor --accept-loss` says how much that is"
)


def unread_log(connection: apsw.Connection, path: Path) -> Unread:
    """What of the write-ahead log SQLite did not read."""
    frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
    return unread(path.with_name(path.name + "-wal"), max(frames, 0))


def settle(connection: apsw.Connection, path: Path) -> None:
    """Bring over to the file what the log holds, and begin a new log.

    After a sync that failed the log in the system's cache may be more than what is on the disk:
    what is appended to it then would be lost with the part that never got there. What is written
    to the file now is written and synced anew.

    Raises:
        LedgerDamaged: the log held more than can be read.
    """
    found = unread_log(connection, path)
    if found.is_loss:
        leave_log(connection)
        raise LedgerDamaged(
            f"the ledger's log {path}-wal is damaged: at least {found.commits} commits that were "
            f"acknowledged cannot be read; {RESTORE}"
        )
    if found.frames:
        log.warning("wal_damaged", frames=found.frames, commits=found.commits)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error as error:
        if not (isinstance(error, apsw.BusyError) or is_full(error, connection)):
            raise
        _write_anew(connection, path.with_name(path.name + "-wal"))
        log.warning("wal_kept", error=str(error), advice="make room, if no backup is under way")


def _write_anew(connection: apsw.Connection, file: Path) -> None:
    """Bring the log to the disk where it is: a backup reads it, or the ledger has no room."""
    with transaction(connection), file.open("r+b", buffering=0) as opened:
        while part := opened.read(PART_BYTES):
            opened.seek(-len(part), os.SEEK_CUR)
            opened.write(part)
        os.fsync(opened.fileno())


def leave_log(connection: apsw.Connection) -> None:
    """Whoever closes last would bring the log over to the file: not this one."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
