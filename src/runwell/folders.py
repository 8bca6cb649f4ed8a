"""Folders that a power cut does not take back: their names are on the disk once they are made."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make it, and whatever it lies in, unless it is there.

    The files in it may be synced as often as one likes: while the folder's own name is not on the
    disk, all of them can go with it.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    with suppress(OSError):  # whoever may write there need not be allowed to read it
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
