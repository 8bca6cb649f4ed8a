"""What every column store promises. No SQL here."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from runwell.errors import QueryTooLong
from runwell.query import Column, Query, Relation, Rows, StoredPath
from runwell.store.ledger.base import Change

NICE = 19  # a thread of questions gets a 68th of the processor of one that takes in events


def yield_to_writes() -> None:
    """Make this thread one that steps back wherever events wait to be taken in.

    Linux alone has niceness of threads; where it is not ours to choose all are as nice.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)


STOP_AGAIN_SECONDS = 0.05


class Stopper:
    """The way to stop a question that runs in another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._interrupt: Callable[[], None] | None = None
        self.stopped = False

    def attach(self, interrupt: Callable[[], None]) -> None:
        """The engine says how the question that starts now is interrupted."""
        with self._lock:
            if self.stopped:
                raise QueryTooLong
            self._interrupt = interrupt

    def check(self) -> None:
        """Raises QueryTooLong if it was stopped."""
        if self.stopped:
            raise QueryTooLong

    def detach(self) -> None:
        """The question has ended: a late stop must not hit the next one."""
        with self._lock:
            self._interrupt = None

    def stop(self) -> None:
        """Interrupt the question now, or as soon as it starts, until it has ended.

        An interrupt that comes between two statements of one question is forgotten by the engine.
        """
        with self._lock:
            self.stopped = True
            if self._interrupt:
                self._interrupt()
                again = threading.Timer(STOP_AGAIN_SECONDS, self.stop)
                again.daemon = True
                again.start()


class ColumnsHeld(RuntimeError):
    """Another process has the columns open; end it, then start again."""


class ColumnsRoomless(RuntimeError):
    """The columns cannot be opened without room on the disk; make some, then start again."""


class Additions(NamedTuple):
    """What protocols add to the columns."""

    views: Sequence[str] = ()  # SQL of relations for questions
    paths: Sequence[StoredPath] = ()  # places in payloads that become columns of their own


class SQLLimits:
    """How much one SQL question may answer."""

    def __init__(self, rows_max: int, bytes_max: int) -> None:
        self.rows_max = rows_max
        self.bytes_max = bytes_max


class Typed(NamedTuple):
    """A parameter that is to be of a type of the engine, whatever Python makes of its value."""

    value: Any
    type: str


class Described(NamedTuple):
    """What is known of a question before it is asked."""

    parameters: tuple[str, ...]  # the engine's types, in their order
    columns: tuple[Column, ...]


class SQLEngine(Protocol):
    """What answers SQL."""

    def sql(self, text: str, params: Sequence[Any], limits: SQLLimits, stopper: Stopper) -> Rows:
        """Answer one SELECT over the documented relations. Raises BadQuery, QueryTooLong."""

    def describe(self, text: str, known: Sequence[str], stopper: Stopper) -> Described:
        """Tell what a SELECT takes and answers; `known` has the types that the asker knows."""


class ColumnEngine(SQLEngine, Protocol):
    """Typed columns of every event. One thread applies; any thread asks."""

    def applied(self) -> int:
        """The `seq` up to which the ledger's changes are here; 0 for an empty projection."""

    def apply(self, changes: Sequence[Change]) -> None:
        """Take in changes and move `applied` to the last one, in one transaction.

        Changes up to `applied` are ignored: handing over the same ones twice changes nothing.
        """

    def run(self, query: Query, stopper: Stopper) -> Rows:
        """Answer a question. Raises QueryTooLong when stopped, TooLarge past a bound in bytes."""

    def relations(self) -> dict[str, Relation]:
        """The documented relations by their names."""

    def close(self) -> None:
        """Give everything back; nothing may be asked afterwards."""


class Columns(ColumnEngine, Protocol):
    """An engine whose file may be damaged without harm: the ledger has all that is in it."""

    @property
    def is_damaged(self) -> bool:
        """Did something that was read turn out to be damaged? Nothing is answered until `mend`."""

    @property
    def times_mended(self) -> int:
        """How often it was."""

    def mend(self) -> None:
        """Begin anew if they are damaged; called by the thread that applies."""
