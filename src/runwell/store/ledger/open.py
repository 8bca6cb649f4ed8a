"""Pick a ledger engine by the scheme of its URL."""

from __future__ import annotations

from pathlib import Path

import apsw

from runwell.config import BadSetting
from runwell.errors import Unreadable
from runwell.store.ledger.base import Ledger, LedgerBusy, LedgerDamaged
from runwell.store.ledger.faults import grew
from runwell.store.ledger.opening import RESTORE
from runwell.store.ledger.sqlite import SQLiteLedger

SQLITE = "sqlite:///"
DAMAGED = (apsw.CorruptError, apsw.NotADBError, apsw.IOError)
PASSING = (apsw.FullError, apsw.BusyError, apsw.CantOpenError, apsw.ReadOnlyError)


def open_ledger(url: str, *, upgrade: bool = True) -> Ledger:
    """Open the ledger, making it if it is not there and bringing its schema up to date.

    Without `upgrade` the schema stays as it is, and the ledger is good for reading only.

    Raises:
        LedgerDamaged: it is not what was written.
        LedgerBusy: no room on the disk, or another process holds it.
        SchemaTooNew, BadSetting
    """
    file = ledger_file(url)
    try:
        return SQLiteLedger(file, upgrade=upgrade)
    except (*DAMAGED, Unreadable) as error:
        if grew(error):
            raise LedgerBusy(f"{file} cannot be opened now, for want of room: {error}") from error
        raise LedgerDamaged(f"{file} is damaged: {error}; {RESTORE}") from error
    except PASSING as error:
        raise LedgerBusy(f"{file} cannot be opened now: {error}") from error


def ledger_exists(url: str) -> bool:
    """Would `open_ledger` find a ledger, or make one?"""
    return ledger_file(url).exists()


def ledger_file(url: str) -> Path:
    """The file of an embedded ledger.

    Raises:
        BadSetting: there is no engine for this URL.
    """
    if url.startswith(SQLITE):
        return Path(url.removeprefix(SQLITE))
    raise BadSetting(
        f"ledger: no engine for {url.split(':', 1)[0]!r}; this version has sqlite:///FILE"
    )
