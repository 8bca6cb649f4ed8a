"""A path, or `-`, as a source: told by what the file begins with."""

from __future__ import annotations

import sys
from pathlib import Path

from runwell.client.loading import parquet, pymon
from runwell.client.loading.items import LoadFailed, Source
from runwell.client.loading.ndjson import GZIP_MAGIC, MARK, Lines, open_lines

STDIN = "-"
FIRST_BYTES = 16
KNOWN = "NDJSON (.ndjson, .jsonl, also gzipped), Parquet, or .pymon of pytest-monitor"


def open_source(name: str) -> Source:
    """Open what a command line names.

    Raises:
        LoadFailed: it is not there, or nothing that events can be read from.
    """
    if name == STDIN:
        return Lines(sys.stdin.buffer)
    path = Path(name)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe, which is read once
            return Lines(path.open("rb"))
        with path.open("rb") as file:
            first = file.read(FIRST_BYTES).removeprefix(MARK)
        if first.startswith(parquet.MAGIC):
            return parquet.Rows(path)
        if first == pymon.MAGIC:
            return pymon.Posts(path)
        if not first.strip() or first.startswith(GZIP_MAGIC) or first.lstrip()[:1] == b"{":
            return open_lines(path)
    except OSError as error:
        raise LoadFailed(f"it cannot be read: {error.strerror or error}") from error
    raise LoadFailed(f"it is none of {KNOWN}")
