"""Going on with a ledger that has lost something, because a person said so."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import apsw

from runwell.store.ledger.base import LedgerDamaged
from runwell.store.ledger.copies import CopyFailed, begin_life
from runwell.store.ledger.open import ledger_file
from runwell.store.ledger.opening import unread_log
from runwell.store.ledger.pages import has_checksums
from runwell.store.ledger.sqlite import _connect, _document_problems, integrity_problems

RESTORE = "restore a backup with `runwell restore`: there is nothing sound to go on with"


class Accepted(NamedTuple):
    """What was given up, and what there is now."""

    commits: int  # that the log showed and nobody can read
    seq: int


def accept_loss(url: str, received: int) -> Accepted:
    """Take what can be read for the whole ledger, and write its checksums anew.

    It is another ledger from then on: numbers of what is gone do not come again. `received` is now,
    in microseconds UTC.

    Raises:
        LedgerDamaged: what can be read is not sound in itself; nothing was changed.
    """
    file = ledger_file(url)
    accepted = _accept(file)
    try:
        begin_life(file, received)
    except CopyFailed as error:
        raise LedgerDamaged(f"{file}: {error.strerror}; {RESTORE}") from error
    return accepted


def _accept(file: Path) -> Accepted:
    try:
        connection = _connect(file)
    except apsw.Error as error:
        raise LedgerDamaged(f"{file} cannot be read: {error}; {RESTORE}") from error
    try:
        found = unread_log(connection, file)
        connection.execute("PRAGMA checksum_verification = OFF").fetchall()
        problems = integrity_problems(connection)
        for key, document in connection.execute("SELECT key, document FROM event"):
            problems += _document_problems(key, document)
        if problems:
            raise LedgerDamaged(f"{file} is not sound in itself: {problems[0]}; {RESTORE}")
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        if has_checksums(connection):
            connection.execute("VACUUM").fetchall()
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        (seq,) = connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone() or (0,)
        return Accepted(found.commits, seq)
    except (apsw.Error, UnicodeDecodeError) as error:
        raise LedgerDamaged(f"{file} cannot be read: {error}; {RESTORE}") from error
    finally:
        connection.close()
