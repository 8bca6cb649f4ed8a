"""What a source yields, and what a source is. Nothing is read or sent here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class LoadFailed(RuntimeError):
    """A load cannot go on; the message says why, and what to do."""


class Position(NamedTuple):
    """How far a source was acknowledged: its last line or row, and the byte behind it."""

    place: int = 0
    offset: int = 0


START = Position()


class Item(NamedTuple):
    """One thing to send, and where it stands."""

    at: Position
    body: bytes  # JSON
    target: str = ""  # the address that takes it alone; empty: it goes with others as events


class Bad(NamedTuple):
    """A place that nothing can be made of."""

    at: Position
    problem: str


class Source(Protocol):
    """A file, or standard input, that was opened."""

    word: str  # what a place is called: line, row
    total: int  # how much there is, in the units of `done`; 0: nobody knows

    def items(self, after: Position) -> Iterator[Item | Bad]:
        """Everything behind a position, in order."""

    def done(self) -> int:
        """How much has been read."""

    def close(self) -> None:
        """Let it go."""


@dataclass
class Tally:
    """What came of the items so far."""

    created: int = 0
    existed: int = 0
    replaced: int = 0
    accepted: int = 0  # by an API that does not tell new ones from repeats
    refused: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.created + self.existed + self.replaced + self.accepted + self.refused

    def add(self, other: Tally) -> None:
        """Both together."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
