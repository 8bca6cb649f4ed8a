"""A backup made a data directory again: read whole first, then put in place, nothing deleted."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from runwell.backup import LEDGER, TOKENS, Manifest, Progress, read, write_private
from runwell.config import Config
from runwell.datadir import RESTORING, DataLock, columns_url, holds_ledger, ledger_url
from runwell.folders import make_folder, sync_folder
from runwell.model.times import now_us
from runwell.store.columns import delete_columns
from runwell.store.ledger.copies import CopyFailed, begin_life
from runwell.store.ledger.open import ledger_file
from runwell.vitals import STAMP

ASIDE = "before-restore-{}"


class NotRestored(RuntimeError):
    """The backup was not put in place."""


def check(config: Config, *, force: bool) -> None:
    """Is there a place for a ledger?

    Raises:
        NotRestored: a ledger is there.
    """
    if holds_ledger(config) and not force and not (config.data_dir / RESTORING).exists():
        raise NotRestored(
            f"{config.data} holds a ledger; name another --data, or --force moves it aside"
        )


def restore(config: Config, folder: Path, progress: Progress, *, force: bool) -> Manifest:
    """Read a backup whole and put it in place of a data directory that no server uses.

    Raises:
        BadBackup, SchemaTooNew: this backup cannot be restored.
        NotRestored: a ledger is there, or there is no room.
        InUse: a server uses the directory.
    """
    check(config, force=force)
    manifest = read(folder, progress)
    lock = DataLock(config.data_dir)
    try:
        check(config, force=force)  # what was there when the lock was not ours does not count
        part = _prepare(config, folder)
        try:
            _swap(config, part)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except CopyFailed as error:
        raise NotRestored(f"{config.data}: {error.strerror}") from error
    except OSError as error:
        raise NotRestored(f"{config.data}: {error.strerror or error}") from error
    finally:
        lock.release()
    return manifest


def _prepare(config: Config, folder: Path) -> Path:
    """The files as they shall be, beside their place."""
    part = ledger_file(ledger_url(config)).parent / ".restore.part"
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part.parent)
    part.mkdir(mode=0o700)
    try:
        shutil.copyfile(folder / LEDGER, part / LEDGER)
        begin_life(part / LEDGER, now_us(datetime.now(UTC)))
        with (part / LEDGER).open("rb") as ledger:
            os.fsync(ledger.fileno())
        if (folder / TOKENS).exists():
            write_private(part / TOKENS, (folder / TOKENS).read_bytes())
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return part


def _swap(config: Config, part: Path) -> None:
    """Old files aside, new files in; a mark keeps a server from what is only half of that."""
    mark = config.data_dir / RESTORING
    write_private(mark, b"runwell restore was here; run it again to finish\n")
    sync_folder(config.data_dir)
    ledger = ledger_file(ledger_url(config))
    aside = ASIDE.format(datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ"))
    for file in (ledger, *(ledger.with_name(f"{ledger.name}-{end}") for end in ("wal", "shm"))):
        _move_aside(file, aside)
    for name in (TOKENS, STAMP):
        _move_aside(config.data_dir / name, aside)
    delete_columns(columns_url(config))
    if (part / TOKENS).exists():
        # Another disk may lie between the two, so the file is written, not moved.
        write_private(config.data_dir / TOKENS, (part / TOKENS).read_bytes())
    (part / LEDGER).rename(ledger)
    sync_folder(ledger.parent)
    sync_folder(config.data_dir)
    mark.unlink()
    sync_folder(config.data_dir)


def _move_aside(file: Path, aside: str) -> None:
    if file.exists():
        (file.parent / aside).mkdir(exist_ok=True, mode=0o700)
        file.rename(file.parent / aside / file.name)
        sync_folder(file.parent / aside)
