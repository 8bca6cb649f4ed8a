"""What `runwell backup` and `runwell restore` show while they work, and say at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from runwell import backup
from runwell.backup import Manifest
from runwell.config import Config
from runwell.restore import restore

NICE = 10  # the server comes first


def back_up(config: Config, to: Path, *, keep: int | None, verify: bool) -> None:
    """Make a backup and say what is in it; with `keep` in a folder of backups.

    Raises:
        NoBackup, BadBackup
    """
    os.nice(NICE)
    began = time.perf_counter()
    if keep:
        to.mkdir(parents=True, exist_ok=True, mode=backup.PRIVATE)
    folder = backup.next_name(to) if keep else to
    with _bar() as progress:
        manifest = backup.make(config, folder, progress, reads_back=verify)
    _say(f"{folder}: {_told(manifest)} in {time.perf_counter() - began:.1f} s")
    for gone in backup.keep_newest(to, keep, folder) if keep else []:
        _say(f"{gone}: removed")


def bring_back(config: Config, folder: Path, *, force: bool, check: bool) -> None:
    """Restore a backup, or only check it, and say what it held.

    Raises:
        BadBackup, NotRestored, InUse, SchemaTooNew
    """
    with _bar() as progress:
        if check:
            manifest = backup.read(folder, progress)
        else:
            manifest = restore(config, folder, progress, force=force)
    done = "is sound" if check else f"is restored in {config.data}"
    _say(f"{folder} {done}: {_told(manifest)}, of {manifest.made}")


def _say(text: str) -> None:
    Console(highlight=False).print(text, markup=False, soft_wrap=True)


def _told(manifest: Manifest) -> str:
    size = sum(file.bytes for file in manifest.files.values())
    tokens = "with tokens" if backup.TOKENS in manifest.files else "no tokens"
    return f"{manifest.ledger.events:,} events, {size / 2**20:,.1f} MiB, {tokens}"


@contextmanager
def _bar() -> Iterator[backup.Progress]:
    """A bar on the standard error, on a terminal only."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task("", total=None)
        yield lambda what, done, total: shown.update(
            task, description=what, completed=done, total=total
        )
