"""What SQLite reports -> what it means: no room, held by another process, or a failed disk."""

from __future__ import annotations

import errno

import apsw

from runwell.errors import DiskFull, Error, LedgerHeld, StorageFailed

HELD = (apsw.BusyError, apsw.LockedError)
# What no retry mends. After a sync that failed, the next may succeed without what the first lost:
# nothing may be asked of such a disk again.
FATAL = (
    apsw.IOError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.PermissionsError,
)
# SQLite knows ENOSPC by itself, but neither a quota nor what a process may write at most; and it
# has no word of its own for an index in shared memory that finds no room.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
GROWING = (apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_SHMSIZE)


def fault_of(error: apsw.Error, connection: apsw.Connection) -> Error | None:
    """What a failed commit is answered with; None if the disk is not to blame."""
    if isinstance(error, HELD):
        return LedgerHeld(f"another process holds the ledger, nothing was stored: {error}")
    if is_full(error, connection):
        return DiskFull()
    if isinstance(error, FATAL):
        return StorageFailed(
            f"the disk failed ({error}); whether this was stored shows after the restart: "
            "send it again"
        )
    return None


def is_full(error: apsw.Error, connection: apsw.Connection) -> bool:
    """Was there no room? Then nothing of the transaction is left, and the next one may succeed."""
    if isinstance(error, apsw.FullError):
        return True
    return grew(error) and connection.system_errno in NO_ROOM


def grew(error: Exception) -> bool:
    """Did a file fail to take more? What is in it is as it was."""
    return isinstance(error, apsw.IOError) and getattr(error, "extendedresult", 0) in GROWING
