"""Gives the disk what a ledger no longer needs. Nothing else may have the file open."""

from __future__ import annotations

from pathlib import Path

import apsw

from runwell.store.ledger.base import LedgerBusy
from runwell.store.ledger.pages import connect


def compact(file: Path) -> tuple[int, int]:
    """Write the file anew without its free pages; its bytes before and after.

    Raises:
        LedgerBusy: there is no room for a second copy, or another process holds it.
    """
    before = file.stat().st_size
    connection = connect(file)
    try:
        connection.execute("VACUUM").fetchall()
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except (apsw.FullError, apsw.BusyError) as error:
        raise LedgerBusy(f"{file} stays as it is: {error}") from error
    finally:
        connection.close()
    return before, file.stat().st_size
