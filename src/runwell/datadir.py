"""One data directory: its lock, its ledger, its columns, and what is done to them as a whole."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from runwell.config import Config
from runwell.folders import make_folder
from runwell.model.times import now_us
from runwell.observe import log
from runwell.protocols.base import Protocol
from runwell.store.columns import Columns, delete_columns, open_columns
from runwell.store.columns.base import Additions
from runwell.store.columns.open import columns_bytes
from runwell.store.ledger import Ledger, ledger_exists, open_ledger
from runwell.store.ledger.accepting import Accepted, accept_loss
from runwell.store.ledger.base import LedgerDamaged
from runwell.store.ledger.opening import RESTORE
from runwell.store.projector import Projector


class InUse(RuntimeError):
    """Another process has this data directory open."""


CHECKED_AT_ONCE_BYTES = 32 * 1024 * 1024  # a larger ledger is looked at while it is served
RESTORING = "restoring"  # a file in the data directory while `runwell restore` swaps the others


class HalfRestored(RuntimeError):
    """A restore was interrupted in this data directory."""


class DataLock:
    """Keeps a second process out of a data directory; gone with the process, however it ends."""

    def __init__(self, data: Path) -> None:
        make_folder(data)
        self._file = (data / "lock").open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise InUse(
                f"{data} is in use by another runwell; stop it first, or name another --data"
            ) from error

    def release(self) -> None:
        """Let the next one in."""
        self._file.close()


class Store:
    """The ledger, its columns and the projector between them, of one data directory."""

    def __init__(self, config: Config, protocols: Sequence[Protocol]) -> None:
        with ExitStack() as opened:  # closes what is open already if the next part fails
            opened.callback(DataLock(config.data_dir).release)
            _check_restored(config)
            _check_there(config)
            self.ledger: Ledger = open_ledger(ledger_url(config))
            opened.callback(self.ledger.close)
            if self.ledger.size() <= CHECKED_AT_ONCE_BYTES:
                _check_pages(self.ledger)
            self.columns = self._open_columns(config, protocols)
            opened.callback(self.columns.close)
            self._check_columns()
            self.projector = Projector(
                self.ledger,
                self.columns,
                rows_max=config.projector_rows_max,
                delay_seconds=config.projector_delay_ms / 1000,
            )
            self._opened = opened.pop_all()

    def _open_columns(self, config: Config, protocols: Sequence[Protocol]) -> Columns:
        open_ = partial(
            open_columns,
            columns_url(config),
            self.ledger.identity,
            added=Additions(
                [protocol.views for protocol in protocols if protocol.views],
                [path for protocol in protocols for path in protocol.paths],
            ),
            memory_mib=config.columns_memory_mib,
            threads=config.columns_threads,
            answer_bytes_max=config.answer_bytes_max,
        )
        columns: Columns = open_()
        if 0 < columns.applied() < self.ledger.forgotten:
            columns.close()
            log.warning("columns_made_anew", reason="they are older than what the ledger forgot")
            delete_columns(columns_url(config))
            columns = open_()
        return columns

    def _check_columns(self) -> None:
        """Columns take only what is on the disk: what they know and the ledger does not is lost.

        Raises:
            LedgerDamaged: with what to do.
        """
        applied, last = self.columns.applied(), self.ledger.last_seq()
        if applied > last:
            raise LedgerDamaged(
                f"the ledger ends at change {last}, but its columns know of {applied}: it has lost "
                f"what was acknowledged, or is an older copy; {RESTORE}"
            )

    def close(self) -> None:
        """Close both halves, then let the directory go."""
        self._opened.close()


def _check_there(config: Config) -> None:
    if not ledger_exists(ledger_url(config)) and columns_bytes(columns_url(config)):
        raise LedgerDamaged(
            f"there is no ledger at {ledger_url(config)}, but columns that were made from one: see "
            "that its disk is there, or restore a backup with `runwell restore`; to begin with "
            f"nothing, remove {columns_url(config).partition(':///')[2]}"
        )


def _check_pages(ledger: Ledger) -> None:
    if problems := ledger.check_pages():
        raise LedgerDamaged(f"the ledger is damaged: {problems[0]}; {RESTORE}")


def holds_ledger(config: Config) -> bool:
    """Is there a data directory with a ledger, or would opening make one?"""
    return config.data_dir.is_dir() and ledger_exists(ledger_url(config))


@contextmanager
def ledger_alone(config: Config) -> Iterator[Ledger]:
    """The ledger of a stopped server, to read; it and its columns are left as they are.

    Raises:
        InUse, SchemaTooNew, BadSetting
    """
    with ExitStack() as opened:
        opened.callback(DataLock(config.data_dir).release)
        _check_restored(config)
        ledger = open_ledger(ledger_url(config), upgrade=False)
        opened.callback(ledger.close)
        yield ledger


def _check_restored(config: Config) -> None:
    if (config.data_dir / RESTORING).exists():
        raise HalfRestored(
            f"{config.data}: a restore was interrupted; run `runwell restore` again to finish it"
        )


def delete_derived(config: Config) -> None:
    """Remove the columns; the next start fills them from the ledger.

    Raises:
        InUse: a server uses the directory.
    """
    lock = DataLock(config.data_dir)
    delete_columns(columns_url(config))
    lock.release()


def go_on_without(config: Config) -> Accepted:
    """Take what can be read of the ledger for all there is, and give up the columns.

    Raises:
        InUse: a server uses the directory.
        LedgerDamaged: what can be read is not sound in itself; nothing was changed.
    """
    lock = DataLock(config.data_dir)
    try:
        accepted = accept_loss(ledger_url(config), now_us(datetime.now(UTC)))
        delete_columns(columns_url(config))
    finally:
        lock.release()
    return accepted


def ledger_url(config: Config) -> str:
    """Where the ledger is."""
    return config.ledger or f"sqlite:///{config.data_dir}/ledger.sqlite"


def columns_url(config: Config) -> str:
    """Where the columns are."""
    return config.columns or f"duckdb:///{config.data_dir}/columns.duckdb"
