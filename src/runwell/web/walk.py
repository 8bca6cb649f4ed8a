"""A long list as many short questions: windows of numbers that are as wide as they are cheap.

Nothing here knows what is asked: `Ask` does. The order of the numbers is that of the list, so one
walk is one pass over the events, and what is new since its beginning lies outside of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from runwell.errors import NotCaughtUp, Overloaded, QueryTooLong, TooLarge

START = 256  # numbers in the first window, and rows in the first answer
WIDTHS = 40  # a window has at most so many times the rows that are asked for, but for a gap
SLOW_SECONDS = 0.5  # others wait as long as this for a thread
RETRY_SECONDS = 0.5


class Span(NamedTuple):
    """Numbers from `first` to `last`, both in it; empty where `last` lies before `first`."""

    first: int
    last: int
    descending: bool = False

    def take(self, width: int) -> Span:
        """The next so many numbers."""
        if self.descending:
            return self._replace(first=max(self.first, self.last - width + 1))
        return self._replace(last=min(self.last, self.first + width - 1))

    def behind(self, number: int) -> Span:
        """What follows after this number."""
        return (
            self._replace(last=number - 1) if self.descending else self._replace(first=number + 1)
        )

    @property
    def end(self) -> int:
        """The number that comes last."""
        return self.first if self.descending else self.last

    @property
    def is_empty(self) -> bool:
        """Whether no number is left."""
        return self.first > self.last


class Piece(NamedTuple):
    """What one question brought."""

    rows: int
    size: int  # bytes that it took, about
    content: bytes
    reached: int | None = None  # the last row's number, if there may be more rows in the window


Ask = Callable[[Span, int], Awaitable[Piece]]  # a window, and the most rows to answer


@dataclass(slots=True)
class Pace:
    """How wide the next window is, and how many rows of it are asked for."""

    rows_max: int
    bytes_max: int
    width: int = START
    rows: int = START

    def __post_init__(self) -> None:
        self.rows = min(self.rows, self.rows_max)

    def note(self, piece: Piece, seconds: float) -> None:
        """Learn from a piece: its rows tell how large rows are, its time how dear numbers are."""
        fitting = self.bytes_max * piece.rows // piece.size if piece.size else self.rows_max
        self.rows = max(1, min(self.rows_max, 2 * self.rows, fitting))
        widest = WIDTHS * self.rows_max
        if piece.reached is not None or seconds > SLOW_SECONDS:
            self.width = max(1, min(self.width // 2, widest))
        elif piece.rows == 0 and seconds < SLOW_SECONDS / 2:
            self.width *= 2  # a gap, as a restore leaves it: soon crossed, however wide it is
        elif piece.rows < self.rows / 2 and seconds < SLOW_SECONDS / 2:
            self.width = max(self.width, min(2 * self.width, widest))

    def shrink(self) -> bool:
        """Ask for less after a refusal; False if that is not possible."""
        if self.width == self.rows == 1:
            return False
        self.width = max(1, self.width // 4)
        self.rows = max(1, self.rows // 4)
        return True


async def walk(
    ask: Ask, span: Span, pace: Pace, patience_seconds: float, *, is_under_way: bool = False
) -> AsyncGenerator[Piece, None]:
    """The pieces of a span in its order; at least one, be it empty.

    Raises:
        QueryTooLong, TooLarge: a single number is too much.
        Overloaded, NotCaughtUp: the first question is refused, or a later one again and again; if
            the stream was under way before, the first one is a later one, too.
    """
    patience = patience_seconds if is_under_way else 0.0
    is_first = True
    while is_first or not span.is_empty:
        window = span.take(pace.width)
        began = time.monotonic()
        piece = await _ask(ask, window, pace, patience)
        if piece is None:
            continue
        pace.note(piece, time.monotonic() - began)
        span = span.behind(window.end if piece.reached is None else piece.reached)
        patience, is_first = patience_seconds, False
        yield piece


async def _ask(ask: Ask, window: Span, pace: Pace, patience_seconds: float) -> Piece | None:
    """None: it was too much, and the pace is slower now."""
    until = time.monotonic() + patience_seconds
    while True:
        try:
            return await ask(window, pace.rows)
        except (QueryTooLong, TooLarge):
            if not pace.shrink():
                raise
            return None
        except (Overloaded, NotCaughtUp):
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(RETRY_SECONDS)
