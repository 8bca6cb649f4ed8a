"""An export as a file: whole or not there at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from runwell.client.ask import Link, Parameters

PATH = "/-/api/export"
FORMATS = ("ndjson", "csv", "parquet", "arrow")
ENDINGS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
}
# The server may gather a whole file of columns before the first byte of it.
TIMEOUT_SECONDS = 120.0

Look = Callable[[bytes], object]


class Exists(FileExistsError):
    """The file is there already."""


def format_of(path: Path) -> str:
    """The format that a file's ending says, or ""."""
    return ENDINGS.get(path.suffix.lower(), "")


def download(
    link: Link, parameters: Parameters, path: Path, *, overwrite: bool, look: Look | None = None
) -> int:
    """Write an export to a file and return its bytes; `look` sees each piece.

    Raises:
        Exists: unless it may be overwritten.
        NoAnswer: there is no answer, or it breaks off; then there is no file, or still the old one.
        OSError: the file cannot be written.
    """
    if path.exists() and not overwrite:
        raise Exists(f"{path} exists")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with link.stream(PATH, parameters, timeout_seconds=TIMEOUT_SECONDS) as stream:
            with part.open("wb") as file:
                size = copy(stream.pieces(), file, look)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size


def stream_to(link: Link, parameters: Parameters, file: BinaryIO, look: Look | None = None) -> int:
    """Write an export to an open file and return its bytes; what breaks off raises NoAnswer."""
    with link.stream(PATH, parameters, timeout_seconds=TIMEOUT_SECONDS) as stream:
        return copy(stream.pieces(), file, look)


def copy(pieces: Iterable[bytes], file: BinaryIO, look: Look | None) -> int:
    """Write the pieces and return their bytes."""
    size = 0
    for piece in pieces:
        file.write(piece)
        size += len(piece)
        if look:
            look(piece)
    return size
