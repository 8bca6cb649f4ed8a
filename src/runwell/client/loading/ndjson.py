"""Events from lines of JSON: a plain or gzipped file, or standard input."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from runwell.client.loading.items import Bad, Item, LoadFailed, Position

LINE_BYTES_MAX = 64 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
MARK = b"\xef\xbb\xbf"  # of UTF-8, which editors and shells of Windows write before everything

_decode = msgspec.json.Decoder(msgspec.Raw).decode


class Lines:
    """One event a line."""

    word = "line"

    def __init__(self, file: BinaryIO, *, is_zipped: bool = False, total: int = 0) -> None:
        self.total = total
        self._file = file
        self._lines = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if is_zipped else file

    def items(self, after: Position) -> Iterator[Item | Bad]:
        """See `Source.items`. Raises LoadFailed if the file breaks off."""
        try:
            if after.offset:
                self._lines.seek(after.offset)
            place, offset = after
            while line := self._lines.readline(LINE_BYTES_MAX):
                place, offset = place + 1, offset + len(line)
                if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
                    offset += self._skip_line()
                    yield Bad(Position(place, offset), f"longer than {LINE_BYTES_MAX} bytes")
                elif text := (line.removeprefix(MARK) if place == 1 else line).strip():
                    yield _item(text, Position(place, offset))
        except (OSError, EOFError) as error:
            raise LoadFailed(f"it cannot be read to its end: {error}") from error

    def _skip_line(self) -> int:
        skipped = 0
        while rest := self._lines.readline(LINE_BYTES_MAX):
            skipped += len(rest)
            if rest.endswith(b"\n"):
                break
        return skipped

    def done(self) -> int:
        """Bytes of the file, as they are on the disk."""
        return self._file.tell() if self.total else 0

    def close(self) -> None:
        """See `Source.close`."""
        self._lines.close()
        self._file.close()


def open_lines(path: Path) -> Lines:
    """The lines of a file."""
    file = path.open("rb")
    is_zipped = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    file.seek(0)
    return Lines(file, is_zipped=is_zipped, total=os.fstat(file.fileno()).st_size)


def _item(text: bytes, at: Position) -> Item | Bad:
    """A line with one JSON value; whether it is an event is for the server to say."""
    try:
        text.decode()
        _decode(text)
    except UnicodeDecodeError as error:
        return Bad(at, f"not UTF-8 (byte {error.start})")
    except msgspec.DecodeError as error:
        advice = "; a list is no NDJSON, which has one event a line" if text == b"[" else ""
        return Bad(at, f"not JSON: {error}{advice}")
    return Item(at, text)
