"""Backups: a folder with the ledger as it was at one moment, the tokens and what both must be.

Made under another name and given its own when all of it is on the disk: a folder that is called
like a backup is a whole one.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from runwell import __version__
from runwell.config import Config
from runwell.datadir import DataLock, InUse, holds_ledger, ledger_url
from runwell.folders import make_folder, sync_folder
from runwell.store.ledger import copies
from runwell.store.ledger.copies import CopyFailed, Facts
from runwell.store.ledger.open import ledger_file
from runwell.vitals import STAMP, Stamp

FORMAT = 1
LEDGER, TOKENS, MANIFEST = "ledger.sqlite", "tokens.json", "manifest.json"
PRIVATE = 0o700
SPARE_BYTES = 256 * 1024 * 1024  # left free where a full disk would stop others
CHUNK_BYTES = 1024 * 1024
NAME = "runwell-{}"
IS_NAME = re.compile(r"runwell-\d{8}T\d{6}(\d{6})?Z")

Progress = Callable[[str, int, int], object]  # what is done, bytes done, bytes in all


class BadBackup(RuntimeError):
    """This is no backup, or no longer what was written."""


class NoBackup(RuntimeError):
    """A backup could not be made; nothing was left behind."""


class File(msgspec.Struct, frozen=True):
    """One file of a backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds. It is written last."""

    format: int
    runwell: str  # the version that made it
    made: str  # when it began, RFC 3339: everything acknowledged before is in it
    ledger: Facts
    files: dict[str, File]


def make(config: Config, to: Path, progress: Progress, *, reads_back: bool = False) -> Manifest:
    """Write a backup into a new folder; a server may use the directory meanwhile.

    Raises:
        NoBackup: there is nothing to back up, no room, or something is there already.
        BadBackup: what was written is not what is read back.
    """
    if not holds_ledger(config):
        raise NoBackup(f"{config.data} holds no ledger; name the server's directory with --data")
    if to.exists():
        raise NoBackup(f"{to} exists; name a new folder, or a folder of backups with --keep")
    _check_room(config, to)
    began = datetime.now(UTC)
    try:
        _check_log(config)
        with _part_of(to) as part:
            manifest = _fill(config, part, began, progress)
            if reads_back:
                read(part, progress)
            part.rename(to)
            sync_folder(to.parent)
    except CopyFailed as error:
        raise NoBackup(f"{to}: {error.strerror}") from error
    except OSError as error:
        raise NoBackup(f"{to}: {error.strerror or error}") from error
    _leave_stamp(config, manifest, began)
    return manifest


def _check_log(config: Config) -> None:
    """A stopped server's ledger is looked at as its next start would; a running one did that."""
    try:
        lock = DataLock(config.data_dir)
    except InUse:
        return
    try:
        copies.check_log(ledger_url(config))
    finally:
        lock.release()


def _check_room(config: Config, to: Path) -> None:
    ledger = ledger_file(ledger_url(config))
    log = ledger.with_name(f"{ledger.name}-wal")
    needed = ledger.stat().st_size + (log.stat().st_size if log.exists() else 0)
    there = next(folder for folder in to.absolute().parents if folder.is_dir())
    if there.stat().st_dev == ledger.stat().st_dev:
        needed += SPARE_BYTES
    free = shutil.disk_usage(there).free
    if free < needed:
        raise NoBackup(
            f"{to}: {needed / 2**20:,.0f} MiB are needed and {free / 2**20:,.0f} MiB are free; "
            "make room or name another disk"
        )


@contextmanager
def _part_of(to: Path) -> Iterator[Path]:
    """The folder under its working name, held as long as it is worked on; gone if that fails."""
    make_folder(to.parent)
    part = to.with_name(f".{to.name}.part")
    if part.exists() and not _abandoned(part):
        raise NoBackup(f"{to}: another backup is writing it")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=PRIVATE)
    held = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield part
    finally:
        os.close(held)
        shutil.rmtree(part, ignore_errors=True)


def _abandoned(part: Path) -> bool:
    """Whether its maker is gone: the lock goes with the process."""
    descriptor = os.open(part, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _fill(config: Config, part: Path, began: datetime, progress: Progress) -> Manifest:
    write_private(part / LEDGER, b"")
    facts = copies.copy_ledger(
        ledger_url(config), part / LEDGER, lambda done, total: progress("copying", done, total)
    )
    tokens = config.data_dir / TOKENS
    if tokens.exists():
        write_private(part / TOKENS, tokens.read_bytes())
    files = {file.name: _seen(file, progress) for file in sorted(part.iterdir())}
    manifest = Manifest(FORMAT, __version__, began.isoformat(), facts, files)
    write_private(part / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    sync_folder(part)
    return manifest


def _seen(file: Path, progress: Progress) -> File:
    """A file as it is on the disk."""
    total, done, digest = file.stat().st_size, 0, hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress("reading back", done, total)
    return File(done, digest.hexdigest())


def read(folder: Path, progress: Progress) -> Manifest:
    """Look at every byte of a backup.

    Raises:
        BadBackup: it is not whole, or not what was written.
        SchemaTooNew: a newer version made it.
    """
    manifest = read_manifest(folder)
    for name, known in manifest.files.items():
        if not (folder / name).is_file():
            raise BadBackup(f"{folder} is not whole: {name} is missing")
        if _seen(folder / name, progress) != known:
            raise BadBackup(f"{folder / name} is not what was written; take another backup")
    try:
        problems, facts = copies.check_copy(folder / LEDGER)
    except CopyFailed as error:
        raise BadBackup(f"{folder / LEDGER}: {error.strerror}") from error
    if problems:
        raise BadBackup(f"{folder / LEDGER} is damaged: {problems[0]}")
    if facts != manifest.ledger:
        raise BadBackup(f"{folder / LEDGER} is not the ledger that the manifest tells of")
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself.

    Raises:
        BadBackup: there is none.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadBackup(f"{folder} is no backup: its {MANIFEST} cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise BadBackup(f"{folder}: this runwell reads format {FORMAT}, not {manifest.format}")
    if not {LEDGER} <= manifest.files.keys() <= {LEDGER, TOKENS}:
        raise BadBackup(f"{folder} is no backup: it tells of {', '.join(manifest.files)}")
    return manifest


def next_name(folder: Path) -> Path:
    """A name in a folder of backups, by the time."""
    now = datetime.now(UTC)
    named = folder / NAME.format(now.strftime("%Y%m%dT%H%M%SZ"))
    return folder / NAME.format(now.strftime("%Y%m%dT%H%M%S%fZ")) if named.exists() else named


def keep_newest(folder: Path, count: int, made: Path) -> list[Path]:
    """Remove all but the newest whole backups, and what makers that are gone left unfinished.

    The one that was just `made` is the newest, whatever a clock that was ahead has dated later.
    """
    whole = sorted(
        (item for item in folder.iterdir() if IS_NAME.fullmatch(item.name) and is_whole(item)),
        key=lambda item: (item == made, read_manifest(item).made),
    )
    gone = whole[:-count]
    unfinished = [
        item
        for item in folder.iterdir()
        if item.suffix == ".part" and IS_NAME.fullmatch(item.stem[1:]) and _abandoned(item)
    ]
    for item in [*gone, *unfinished]:
        shutil.rmtree(item)
    return gone


def is_whole(folder: Path) -> bool:
    """Whether this is a backup by its manifest; its bytes are not read."""
    try:
        read_manifest(folder)
    except BadBackup:
        return False
    return True


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only its owner reads, and bring it to the disk."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _leave_stamp(config: Config, manifest: Manifest, began: datetime) -> None:
    """For the metrics. Whoever may only read the data directory makes backups without it."""
    size = sum(file.bytes for file in manifest.files.values())
    new = config.data_dir / f"{STAMP}.new"
    try:
        new.write_bytes(msgspec.json.encode(Stamp(began.timestamp(), size)))
        new.replace(config.data_dir / STAMP)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise NoBackup(f"the backup is made, but {new}: {error.strerror}") from error
