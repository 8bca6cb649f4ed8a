"""A ledger, its columns and their retention without a server: everything in one thread."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from tests.store.engines import COLUMNS, LEDGERS

from runwell.clock import Clock
from runwell.config import Config
from runwell.errors import Error
from runwell.model import Event, Write, Written, replace
from runwell.observe import Counters
from runwell.query import Query, Rows
from runwell.retention import Action, Retention, Store
from runwell.store.columns import Stopper
from runwell.store.projector import Projector

Accept = Callable[[Sequence[Write]], Awaitable[list[Written]]]
RECEIVED_US = 1  # when every event was received, as tests/web/answering.py has it


class Kept:
    """What `app.py` joins, for as many settings as a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = LEDGERS["sqlite"](folder)
        self.columns = COLUMNS["duckdb"](folder, self.ledger.identity)
        self.projector = self._projector()
        self.counters = Counters()

    def _projector(self) -> Projector:
        return Projector(self.ledger, self.columns, rows_max=100, delay_seconds=0)

    def put(self, events: Sequence[Event], received: int = RECEIVED_US) -> None:
        """Store these events, a request for all."""
        (answer,) = self.ledger.commit([[Write(event, replace) for event in events]], received)
        assert not isinstance(answer, Error)

    def ask(self, query: Query) -> Rows:
        """The answer, after everything that was stored."""
        while self.projector.step():
            pass
        return self.columns.run(query, Stopper())

    def retention(self, rules: str, manners: Any = None, **settings: Any) -> Retention:
        """A sweeper that keeps to these rules."""
        config = Config(retention=rules, **{"retention_memory_days": 1e6, **settings})
        clock = Clock(self.counters)
        return Retention(self.store(), manners or {}, clock, self.counters, config)

    def store(self, accept: Accept | None = None) -> Store:
        """What a sweeper works with."""
        return Store(self._run, accept or self.accept, self._find, self.forget, self._visible)

    def sweep(self, now: int, rules: str, **settings: Any) -> Counter[Action]:
        """One look at this time."""
        return asyncio.run(self.retention(rules, **settings).sweep(now))

    async def _run(self, query: Query) -> Rows:
        return self.ask(query)

    async def accept(self, writes: Sequence[Write]) -> list[Written]:
        """One request."""
        (answer,) = self.ledger.commit([writes], RECEIVED_US)
        if isinstance(answer, Error):
            raise answer
        return answer

    async def _visible(self) -> None:
        """A question brings over what it needs."""

    async def _find(self, key: bytes) -> Event | None:
        return self.ledger.get(key)

    async def forget(self, before: int, limit: int) -> int:
        """As `Ledger.forget`, of what the columns know."""
        return self.ledger.forget(before, self.columns.applied(), limit)

    def rebuild(self) -> None:
        """Make the columns anew from the ledger."""
        self.columns.close()
        for file in self.folder.glob("columns.duckdb*"):
            file.unlink()
        self.columns = COLUMNS["duckdb"](self.folder, self.ledger.identity)
        self.projector = self._projector()

    def close(self) -> None:
        """Nothing may be asked afterwards."""
        self.columns.close()
        self.ledger.close()
