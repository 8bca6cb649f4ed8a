"""What SQLite reports decides whether the next commit may succeed, and nothing else does."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import apsw
import pytest

from runwell.errors import DiskFull, Error, LedgerHeld, StorageFailed
from runwell.store.ledger.faults import fault_of


def io_error(extended: int) -> apsw.IOError:
    error = apsw.IOError("disk I/O error")
    error.extendedresult = extended
    return error


@pytest.mark.parametrize(
    ("error", "number", "answer"),
    [
        (apsw.FullError("full"), 0, DiskFull),
        (io_error(apsw.SQLITE_IOERR_WRITE), errno.EDQUOT, DiskFull),
        (io_error(apsw.SQLITE_IOERR_WRITE), errno.EFBIG, DiskFull),
        (io_error(apsw.SQLITE_IOERR_SHMSIZE), errno.ENOSPC, DiskFull),
        (io_error(apsw.SQLITE_IOERR_WRITE), errno.EIO, StorageFailed),
        # a sync that finds no room has lost what was written before
        (io_error(apsw.SQLITE_IOERR_FSYNC), errno.ENOSPC, StorageFailed),
        (apsw.CorruptError("malformed"), 0, StorageFailed),
        (apsw.NotADBError("no database"), 0, StorageFailed),
        (apsw.ReadOnlyError("read only"), 0, StorageFailed),
        (apsw.BusyError("locked"), 0, LedgerHeld),
    ],
)
def test_an_error_of_the_disk_has_its_answer(error: apsw.Error, number: int, answer: type[Error]):
    fault = fault_of(error, SimpleNamespace(system_errno=number))
    assert type(fault) is answer
    assert (fault.status, fault.retry_after_seconds is not None) == (503, True)


@pytest.mark.parametrize("error", [apsw.ConstraintError("unique"), apsw.TooBigError("too big")])
def test_what_a_request_is_to_blame_for_is_no_failure_of_the_disk(error: apsw.Error):
    assert fault_of(error, SimpleNamespace(system_errno=0)) is None
