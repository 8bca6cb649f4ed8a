"""Point reads: events by their keys, from the ledger. Everything else is a question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from runwell.config import Config
from runwell.errors import Overloaded
from runwell.model import Event
from runwell.observe import Counters
from runwell.store.ledger.base import Ledger

K = TypeVar("K")
E = TypeVar("E")


class Lookups:
    """Reads events by their keys in a thread of its own: no slow question stands before them."""

    def __init__(self, ledger: Ledger, counters: Counters, config: Config) -> None:
        self._ledger = ledger
        self._counters = counters
        self._config = config
        self._under_way = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lookup")

    async def find(self, key: bytes) -> Event | None:
        """The event of this key as it is on disk now; everything acknowledged is.

        Raises:
            Overloaded: too many wait already.
        """
        return await self._read(self._find, key)

    async def find_each(self, keys: Sequence[bytes]) -> list[Event | None]:
        """The events of these keys in their order, as they are on disk now.

        Those of the first keys, at least one, if all were more than `answer_bytes_max`.

        Raises:
            Overloaded: too many lookups wait already.
        """
        return await self._read(self._find_each, keys)

    async def _read(self, work: Callable[[K], E], wanted: K) -> E:
        if self._under_way > self._config.lookups_waiting_max:
            raise Overloaded("too many events are being looked up; ask again soon")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, wanted)
        finally:
            self._under_way -= 1

    def _find(self, key: bytes) -> Event | None:
        with self._counted() as count:
            event = self._ledger.get(key)
            count("found" if event else "absent", 1)
            return event

    def _find_each(self, keys: Sequence[bytes]) -> list[Event | None]:
        with self._counted() as count:
            events = self._ledger.get_each(keys, self._config.answer_bytes_max)
            missing = events.count(None)
            count("found", len(events) - missing)
            count("absent", missing)
            return events

    @contextmanager
    def _counted(self) -> Iterator[Callable[[str, int], None]]:
        began = time.perf_counter()

        def count(outcome: str, number: int) -> None:
            self._counters.add("runwell_lookups_total", number, outcome=outcome)

        try:
            yield count
        except Exception:
            count("failed", 1)
            raise
        finally:
            self._counters.add("runwell_lookup_seconds_total", time.perf_counter() - began)

    def close(self) -> None:
        """End the thread after the lookup under way."""
        self._thread.shutdown(cancel_futures=True)
