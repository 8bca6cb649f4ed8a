"""The streams under way: how many there may be, what is new for those that wait, and their end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from runwell.config import Config
from runwell.errors import Stopping, TooManyStreams
from runwell.observe import Counters

NEVER = 2**63  # no change has this number


class StreamKind(StrEnum):
    """What is streamed."""

    LIST = "list"  # ends: every event that there is
    TAIL = "tail"  # does not: what is new from now on


class Streams:
    """One for the server. Entered and waited for in the event loop; news come from any thread."""

    def __init__(self, config: Config, counters: Counters, newest: int) -> None:
        self._most = {StreamKind.LIST: config.streams_max, StreamKind.TAIL: config.tails_max}
        self._counters = counters
        self._newest = newest
        self._stopping = False
        self._under_way: Counter[StreamKind] = Counter()
        self._sleepers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    @property
    def newest(self) -> int:
        """The number of the newest acknowledged change."""
        return self._newest

    @property
    def is_stopping(self) -> bool:
        """Whether every stream shall end."""
        return self._stopping

    @contextmanager
    def enter(self, kind: StreamKind) -> Iterator[None]:
        """Be one of the streams under way.

        Raises:
            TooManyStreams, Stopping
        """
        self.check_going()
        if self._under_way[kind] >= self._most[kind]:
            raise TooManyStreams
        self._under_way[kind] += 1
        try:
            yield
        finally:
            self._under_way[kind] -= 1

    def check_going(self) -> None:
        """Raises Stopping if the server is."""
        if self._stopping:
            raise Stopping("the server is stopping; ask again")

    def under_way(self, kind: StreamKind) -> int:
        """How many there are now."""
        return self._under_way[kind]

    def count_rows(self, kind: StreamKind, rows: int) -> None:
        """So many events were shown."""
        self._counters.add("runwell_streamed_events_total", rows, kind=kind)

    def announce(self, seq: int) -> None:
        """The ledger now holds changes up to `seq`. Called by the committing thread."""
        self._newest = max(self._newest, seq)
        self._wake()

    def stop(self) -> None:
        """Let every stream end, those that wait as well. Called in the event loop."""
        self._stopping = True
        self._wake()

    def _wake(self) -> None:
        for sleeper, loop in list(self._sleepers.items()):
            loop.call_soon_threadsafe(sleeper.set)

    async def wait(self, seen: int, seconds: float) -> None:
        """Return when there is a newer change than `seen`, at the stop, or after so long."""
        sleeper = asyncio.Event()
        self._sleepers[sleeper] = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                # looked at once it can be woken: nothing falls in between
                while self._newest <= seen and not self._stopping:
                    await sleeper.wait()
                    sleeper.clear()
        except TimeoutError:
            pass
        finally:
            del self._sleepers[sleeper]

    async def pause(self, seconds: float) -> None:
        """Return after so long, or at the stop."""
        await self.wait(NEVER, seconds)
