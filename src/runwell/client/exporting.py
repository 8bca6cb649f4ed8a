"""What `runwell export` does: a download with its progress, on the side for who looks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn

from runwell.client.ask import Link, member
from runwell.client.client import given
from runwell.client.download import download, stream_to

QUOTE, LINE_END = b'"', b"\n"


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for, and where it goes; no path is the standard output."""

    url: str
    token: str
    parameters: Mapping[str, str]
    path: Path | None = None
    overwrite: bool = False


def run(export: Export) -> None:
    """Download it, then say how much it was.

    Raises:
        FileExistsError: it may not be overwritten.
        NoAnswer: there is no server, or it refused, or the answer breaks off; no file is left.
    """
    link = Link(export.url, export.token)
    console = Console(stderr=True, highlight=False)
    asked = given(export.parameters)
    counter, began = Counter(asked["format"]), time.monotonic()
    try:
        total = _total(link, asked)
        with _bar(console) as bar:
            task = bar.add_task("exporting", total=total if counter.counts else None, told="")

            def look(piece: bytes) -> None:
                counter.see(piece)
                told = counter.told(total, time.monotonic() - began)
                bar.update(task, completed=counter.events, told=told)

            size = _fetch(link, asked, export, look)
    finally:
        link.close()
    console.print(
        f"{export.path or 'standard output'}: {counter.told_events(total)}, {size:,} bytes "
        f"in {time.monotonic() - began:.1f} s",
        markup=False,
        soft_wrap=True,
    )


def _fetch(
    link: Link, asked: Mapping[str, str], export: Export, look: Callable[[bytes], None]
) -> int:
    if export.path:
        return download(link, asked, export.path, overwrite=export.overwrite, look=look)
    size = stream_to(link, asked, sys.stdout.buffer, look)
    sys.stdout.buffer.flush()
    return size


def _total(link: Link, asked: Mapping[str, str]) -> int:
    """How many events there are before it begins: meanwhile others may come."""
    question = given({"summary": "total", "filter": asked.get("filter", "")})
    rows = member(link.url, link.get("/-/api/summary", question), "summary")
    total = int(rows[0]["total"])
    return min(total, int(asked["limit"])) if "limit" in asked else total


def _bar(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


class Counter:
    r"""Counts bytes, and events where a format has one in each line.

    >>> counter = Counter("csv")
    >>> counter.see(b'name,payload\r\na,"{""b"": ')
    >>> counter.see(b'\n1}"\r\n')
    >>> counter.events
    1
    """

    def __init__(self, format_: str) -> None:
        self.counts = format_ in ("ndjson", "csv")
        self.size = 0
        self._lines = -1 if format_ == "csv" else 0  # the first line of CSV is the heading
        self._is_csv = format_ == "csv"
        self._is_quoted = False

    @property
    def events(self) -> int:
        """How many events are here."""
        return max(self._lines, 0)

    def see(self, piece: bytes) -> None:
        """One more piece."""
        self.size += len(piece)
        if not self._is_csv:
            self._lines += piece.count(LINE_END) if self.counts else 0
            return
        for part in piece.split(QUOTE):  # between two quotes, in turns, are values and none
            self._lines += 0 if self._is_quoted else part.count(LINE_END)
            self._is_quoted = not self._is_quoted
        self._is_quoted = not self._is_quoted  # there is one quote less than there are parts

    def told(self, total: int, seconds: float) -> str:
        """How far it is, and how fast."""
        speed = decimal(int(self.size / seconds)) if seconds else decimal(0)
        return f"{self.told_events(total)}, {decimal(self.size)}, {speed}/s"

    def told_events(self, total: int) -> str:
        """How many are here; of a format that does not tell, how many there were before."""
        return f"{self.events:,} events" if self.counts else f"about {total:,} events"
