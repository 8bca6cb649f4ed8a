"""The read twin of ingest.py: a question waits for what was acknowledged, then runs in a pool."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from runwell.config import Config
from runwell.errors import Error, Overloaded
from runwell.observe import Counters, log
from runwell.query import Query, Rows
from runwell.store.columns.base import (
    Columns,
    Described,
    SQLEngine,
    SQLLimits,
    Stopper,
    yield_to_writes,
)
from runwell.store.projector import Projector

T = TypeVar("T")


SHOWN_CHARS = 500
LITERAL = re.compile(r"'(?:[^']|'')*'")


def shown(asked: Query | str) -> str:
    """A question as the log has it: in bounds, and an SQL text without the values in it."""
    text = LITERAL.sub("'...'", asked) if isinstance(asked, str) else repr(asked)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} ..."


class Questions:
    """Runs questions on the columns: a few at a time, each bounded in time."""

    def __init__(
        self, columns: Columns, projector: Projector, counters: Counters, config: Config
    ) -> None:
        self._columns = columns
        self._projector = projector
        self._counters = counters
        self._config = config
        self._under_way = 0
        self._pool = ThreadPoolExecutor(
            config.query_threads, thread_name_prefix="question", initializer=yield_to_writes
        )

    @property
    def under_way(self) -> int:
        """How many run, or wait for a thread."""
        return self._under_way

    async def run(self, query: Query) -> Rows:
        """Answer a question about everything acknowledged before this call.

        Raises:
            NotCaughtUp: the columns are too far behind.
            QueryTooLong: it took too long and was interrupted.
            Overloaded: too many questions wait already.
        """
        return await self._ask(lambda stopper: self._columns.run(query, stopper), query)

    async def sql(
        self, text: str, params: Sequence[Any], limits: SQLLimits, of: SQLEngine | None = None
    ) -> Rows:
        """Answer a read-only SQL question as `run` does; BadQuery if it may not be asked."""
        engine = of or self._columns
        return await self._ask(lambda stopper: engine.sql(text, params, limits, stopper), text)

    async def describe(self, text: str, known: Sequence[str], of: SQLEngine) -> Described:
        """Tell what an SQL question takes and answers, with the same bounds."""
        return await self._ask(lambda stopper: of.describe(text, known, stopper), text)

    async def _ask(self, work: Callable[[Stopper], T], asked: Query | str) -> T:
        if self._under_way >= self._config.query_threads + self._config.query_waiting_max:
            raise Overloaded("too many questions are waiting; ask again soon")
        stopper = Stopper()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._config.query_seconds_max, stopper.stop)
        seq = self._projector.committed
        self._under_way += 1
        try:
            return await loop.run_in_executor(self._pool, self._work, work, seq, stopper, asked)
        except asyncio.CancelledError:  # nobody waits for it any more
            stopper.stop()
            raise
        finally:
            self._under_way -= 1
            timer.cancel()

    def _work(
        self, work: Callable[[Stopper], T], seq: int, stopper: Stopper, asked: Query | str
    ) -> T:
        began = time.perf_counter()
        outcome = "answered"
        try:
            stopper.check()  # it may have waited for a thread all its time
            self._projector.wait(seq, self._config.visible_seconds_max)
            return work(stopper)
        except Error as error:
            outcome = type(error).__name__
            raise
        finally:
            self._counters.add("runwell_questions_total", outcome=outcome)
            seconds = time.perf_counter() - began
            self._counters.took("runwell_question_seconds", seconds)
            if 0 < self._config.slow_question_seconds < seconds:
                log.warning(
                    "slow_question",
                    seconds=round(seconds, 3),
                    outcome=outcome,
                    asked=shown(asked),
                    advice="ask for less time or fewer columns; `query_threads` and "
                    "`columns_memory_mib` give questions more",
                )

    def close(self) -> None:
        """End the pool after the questions under way."""
        self._pool.shutdown(cancel_futures=True)
