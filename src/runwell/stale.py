"""Runs that never told their end: once they are old enough their status becomes `stale`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from runwell.clock import Clock
from runwell.config import Config
from runwell.filter import And, Compare, Field, OneOf
from runwell.model import Event, Outcome, Rule, Status, Write, Written
from runwell.observe import log
from runwell.query import Query, Rows, Select

HOUR_US = 3_600_000_000
HOUR_SECONDS = 3_600
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 1.0, 60.0
BATCH_MAX = 1_000
UNFINISHED = (Status.QUEUED, Status.RUNNING)
KEY = ("source", "scope", "id", "attempt")


class Sweeper:
    """Looks now and then for old runs without an end, of the protocols that have such."""

    def __init__(
        self,
        run: Callable[[Query], Awaitable[Rows]],
        accept: Callable[[Sequence[Write]], Awaitable[list[Written]]],
        sources: Sequence[str],
        clock: Clock,
        config: Config,
    ) -> None:
        self._run = run
        self._accept = accept
        self._sources = tuple(sources)
        self._clock = clock
        self._after_us = int(config.stale_after_hours * HOUR_US)
        pause = config.stale_after_hours * HOUR_SECONDS / 4
        self._pause_seconds = max(PAUSE_SECONDS_MIN, min(PAUSE_SECONDS_MAX, pause))
        # a part of what the queue takes, so that it never stands in anyone's way
        self._batch = (
            min(BATCH_MAX, config.events_per_request_max, config.queue_events_max // 4) or 1
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look, if anything is to become stale at all."""
        if self._after_us and self._sources:
            self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._pause_seconds)
            if not self._clock.is_settled():
                continue
            try:
                while await self.sweep(self._clock.now()) == self._batch:
                    pass
            except Exception as error:  # noqa: BLE001 - whatever it was, the next look comes soon
                log.warning("sweep_failed", error=repr(error))

    async def sweep(self, now: int) -> int:
        """Mark a batch of what is too old at this time; how many became stale."""
        before = max(0, now - self._after_us)
        where = And(
            (
                OneOf(Field("source"), self._sources),
                OneOf(Field("status"), UNFINISHED),
                Compare(Field("time"), "<", before),
            ),
        )
        rows = await self._run(Select(tuple(map(Field, KEY)), where, limit=self._batch))
        if not rows.rows:
            return 0
        writes = [Write(Event(**key), mark_stale(before)) for key in rows.dicts()]
        written = await self._accept(writes)
        return sum(one.outcome is Outcome.MERGED for one in written)


def mark_stale(before: int) -> Rule:
    """A rule: what is stored becomes stale, unless it has changed since it was looked at."""

    def rule(stored: Event | None, incoming: Event) -> Event | None:  # noqa: ARG001 - only the key counts
        if stored is None or stored.status not in UNFINISHED:
            return stored
        started = stored.created if stored.started is None else stored.started
        if started is not None and started >= before:
            return stored
        return msgspec.structs.replace(stored, status=Status.STALE)

    return rule
