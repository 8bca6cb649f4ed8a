"""Point reads: one event by its key, from the ledger. Everything else is a question."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from runwell.config import Config
from runwell.errors import Overloaded
from runwell.model import Event
from runwell.observe import Counters
from runwell.store.ledger.base import Ledger


class Lookups:
    """Reads single events in a thread of its own, so that none waits behind a slow question."""

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
        if self._under_way > self._config.lookups_waiting_max:
            raise Overloaded("too many events are being looked up; ask again soon")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, key)
        finally:
            self._under_way -= 1

    def _work(self, key: bytes) -> Event | None:
        began = time.perf_counter()
        outcome = "failed"
        try:
            event = self._ledger.get(key)
            outcome = "found" if event else "absent"
            return event
        finally:
            self._counters.add("runwell_lookups_total", outcome=outcome)
            self._counters.add("runwell_lookup_seconds_total", time.perf_counter() - began)

    def close(self) -> None:
        """End the thread after the lookup under way."""
        self._thread.shutdown(cancel_futures=True)
