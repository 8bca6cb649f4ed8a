"""Connections to files whose pages carry checksums: a flipped bit is an error, never an answer.

SQLite's own checksum VFS writes eight bytes at the end of each page when the page goes to the file,
and compares them when it is read back. Frames of the write-ahead log have checksums anyway.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import apsw
from apsw import sqlite_extra

from runwell.observe import log

CHECKSUMS = "cksmvfs"  # as the VFS calls itself
CHECKSUM_BYTES = 8
LONG_BYTES = 64 * 1024 * 1024  # what takes long enough to be announced

_loading = threading.Lock()


def connect(path: Path) -> apsw.Connection:
    """Open a file, or make it with checksums.

    The VFS lies over what was the default when it was loaded, and is the default from then on.
    """
    load_checksums()
    connection = apsw.Connection(str(path))
    if connection.pragma("page_count") == 0:
        connection.reserve_bytes("main", CHECKSUM_BYTES)
    return connection


def load_checksums() -> None:
    """Make the VFS known to SQLite, for as long as this process lives."""
    with _loading:
        if CHECKSUMS not in apsw.vfs_names():
            connection = apsw.Connection(":memory:")
            sqlite_extra.load(connection, "cksumvfs")
            connection.close()


def has_checksums(connection: apsw.Connection) -> bool:
    """Does the file keep room for them? What it keeps it fills."""
    connection.pragma("schema_version")  # the number is known once the first page was read
    return connection.reserve_bytes("main", -1) == CHECKSUM_BYTES


def add_checksums(connection: apsw.Connection, path: Path) -> None:
    """Write every page of a ledger of an older version anew, in one transaction.

    Raises:
        apsw.FullError: that takes twice the room of the ledger, for a while.
    """
    if has_checksums(connection):
        return
    began, size = time.perf_counter(), path.stat().st_size
    if size > LONG_BYTES:
        log.info("checksums_begun", bytes=size, advice="this is done once; please wait")
    connection.reserve_bytes("main", CHECKSUM_BYTES)
    connection.execute("VACUUM").fetchall()
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    log.info("checksums_added", bytes=size, seconds=round(time.perf_counter() - began, 3))
