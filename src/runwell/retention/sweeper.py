"""Looks now and then for events at the end of their time, and takes them out in small requests.

Each request is one transaction: events go and their roll-up comes at once, or neither does. Between
two requests it rests for as long as the last one took, so that what comes in is not held up.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from runwell.clock import Clock
from runwell.config import Config
from runwell.model import Event, Kind, Write, Written
from runwell.model.rollup import rollup_of, size_of
from runwell.observe import Counters, log
from runwell.query import Query, Rows
from runwell.retention.aged import pairs_query, repeated_query
from runwell.retention.plan import Manner, Plan, Task
from runwell.retention.retire import Retirement, Row
from runwell.retention.rules import Action

DAY_US = 86_400_000_000
PAGE = 5_000  # events that one question finds
BATCH = 250  # events that one request takes out
MEMBERS_MAX = 1_000  # of a roll-up, which is written anew when some are added
PURGED_AT_ONCE = 2_000
REST_SECONDS_MIN = 0.01
RETRY_SECONDS = 10.0  # after a look that was refused, as by a server that has too much to do


@dataclass(frozen=True, slots=True)
class Store:
    """What the sweeper does its work with."""

    run: Callable[[Query], Awaitable[Rows]]
    accept: Callable[[Sequence[Write]], Awaitable[list[Written]]]
    find: Callable[[bytes], Awaitable[Event | None]]
    purge: Callable[[int, int], Awaitable[int]]  # removed before this time, at most so many
    visible: Callable[[], Awaitable[None]]  # returns once questions see all that was committed


class Part(NamedTuple):
    """The roll-up that takes in the next events of a day, and how many it holds."""

    number: int
    members: int


class Retention:
    """Keeps to the rules of the setting `retention`."""

    def __init__(
        self,
        store: Store,
        manners: Mapping[str, Manner],
        clock: Clock,
        counters: Counters,
        config: Config,
    ) -> None:
        self._store = store
        self._clock = clock
        self._counters = counters
        self._plan = Plan(config, manners)
        self._tags = frozenset(config.rollup_tag_names)
        self._memory_us = int(config.retention_memory_days * DAY_US)
        self._pause_seconds = config.retention_interval_minutes * 60
        self._batch = min(BATCH, config.events_per_request_max, config.queue_events_max // 4) or 1
        self._parts: dict[tuple[str, str, int], Part] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look: now, and then after each pause."""
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Look no more; a request under way is still committed."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _follow(self) -> None:
        while True:
            pause = self._pause_seconds
            try:
                if self._clock.is_settled():
                    await self.sweep(self._clock.now())
            except Exception as error:  # noqa: BLE001 - whatever it was, the next look comes soon
                log.warning("retention_failed", error=repr(error))
                pause = min(pause, RETRY_SECONDS)
            await asyncio.sleep(pause)

    async def sweep(self, now: int) -> Counter[Action]:
        """Take out everything that is too old at this time; how many events went in which way."""
        began, gone = time.monotonic(), Counter[Action]()
        self._parts.clear()  # after a failure they are not what they were thought to be
        while more := await self._pass(now):
            gone += more  # what they needed may go now
        purged = await self._purge(now)
        seconds = round(time.monotonic() - began, 3)
        self._counters.add("runwell_retention_seconds_total", seconds)
        if gone or purged:
            log.info(
                "retention_swept",
                rolled_up=gone[Action.ROLL_UP],
                dropped=gone[Action.DROP],
                forgotten=purged,
                seconds=seconds,
            )
        return gone

    async def _pass(self, now: int) -> Counter[Action]:
        gone = Counter[Action]()
        pairs = await self._store.run(pairs_query()) if self._plan.rules else Rows((), [])
        for task in self._plan.tasks(pairs.rows):
            async for page in self._pages(task, now):
                gone[task.rule.action] += await self._take(task, page)
        return +gone

    async def _pages(self, task: Task, now: int) -> AsyncIterator[list[Row]]:
        """The old events of a task, until a page brings nothing that was not there before."""
        seen: set[int] = set()
        while True:
            rows: list[Row] = [*(await self._store.run(self._plan.query(task, now, PAGE))).dicts()]
            arrivals = {row["arrival"] for row in rows}
            if arrivals <= seen:
                return
            seen = arrivals
            yield rows

    async def _take(self, task: Task, rows: Sequence[Row]) -> int:
        """Take these events out in small requests; how many went."""
        source, action = task.source, task.rule.action
        repeated = await self._repeated(source, rows)
        gone = 0
        for (kind, day), ids in _by_day(rows).items():
            while ids:
                began = time.monotonic()
                if action is Action.DROP:
                    retirement = Retirement(source, _cut(ids, self._batch))
                    await self._store.accept(retirement.removals())
                else:
                    retirement = await self._roll_up(source, kind, day, ids, repeated)
                gone += len(retirement.taken)
                self._count(source, action, retirement, repeated)
                # Each request is seen whole before the next one changes the same roll-up.
                await self._store.visible()
                await asyncio.sleep(max(REST_SECONDS_MIN, time.monotonic() - began))
        return gone

    async def _roll_up(
        self, source: str, kind: str, day: int, ids: list[list[Row]], repeated: frozenset[int]
    ) -> Retirement:
        """One request: the first of these ids go, the roll-up of their day takes them in."""
        part = await self._open_part(source, kind, day)
        retirement = Retirement(source, _cut(ids, min(self._batch, MEMBERS_MAX - part.members)))
        keeps = self._plan.manner(source).keeps
        merge = Write(
            rollup_of(source, Kind(kind), day, part.number),
            retirement.merged(keeps, self._tags, repeated),
        )
        written = await self._store.accept([*retirement.removals(), merge])
        self._parts[source, kind, day] = Part(part.number, size_of(written[-1].event))
        return retirement

    async def _open_part(self, source: str, kind: str, day: int) -> Part:
        part = self._parts.get((source, kind, day)) or await self._last_part(source, kind, day)
        return part if part.members < MEMBERS_MAX else Part(part.number + 1, 0)

    async def _last_part(self, source: str, kind: str, day: int) -> Part:
        """The highest number that there is; there are no gaps, so it is halved in on."""

        async def members(number: int) -> int:
            event = await self._store.find(rollup_of(source, Kind(kind), day, number).key)
            return size_of(event) if event else 0

        low, high = 0, 1
        while await members(high):
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if await members(middle) else (low, middle)
        return Part(low, await members(low)) if low else Part(1, 0)

    async def _repeated(self, source: str, rows: Sequence[Row]) -> frozenset[int]:
        """Arrivals of what came again after it was rolled up: only a change can be that."""
        changed = [row["arrival"] for row in rows if row["seq"] > row["arrival"]]
        if not changed:
            return frozenset()
        query = repeated_query(source, min(changed), max(changed))
        return frozenset((await self._store.run(query)).first())

    def _count(
        self, source: str, action: Action, retirement: Retirement, repeated: frozenset[int]
    ) -> None:
        again = len(repeated.intersection(retirement.taken)) if action is Action.ROLL_UP else 0
        outcomes = {ACTIONS[action]: len(retirement.taken) - again, "repeated": again}
        for outcome, count in outcomes.items():
            if count:
                self._counters.add(
                    "runwell_retention_events_total", count, source=source, outcome=outcome
                )
        size = sum(len(event.payload) for _, event in retirement.taken.values())
        self._counters.add("runwell_retention_payload_bytes_total", size)

    async def _purge(self, now: int) -> int:
        """Forget the keys of what was removed long ago."""
        forgotten = 0
        while True:
            count = await self._store.purge(max(0, now - self._memory_us), PURGED_AT_ONCE)
            forgotten += count
            if not count:
                break
            await asyncio.sleep(REST_SECONDS_MIN)
        self._counters.add("runwell_retention_forgotten_total", forgotten)
        return forgotten


ACTIONS = {Action.ROLL_UP: "rolled_up", Action.DROP: "dropped"}


def _by_day(rows: Sequence[Row]) -> dict[tuple[str, int], list[list[Row]]]:
    """The attempts of each id, in the order of the rows, by kind and day of the first of them."""
    ids: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        ids.setdefault((row["scope"], row["id"]), []).append(row)
    days: dict[tuple[str, int], list[list[Row]]] = {}
    for attempts in ids.values():
        first = attempts[0]
        day = first["time"] - first["time"] % DAY_US
        days.setdefault((first["kind"], day), []).append(attempts)
    return days


def _cut(ids: list[list[Row]], size: int) -> list[Row]:
    """Take away the first ids: so many rows, at least one id, and never a part of one."""
    taken: list[Row] = []
    while ids and (not taken or len(taken) + len(ids[0]) <= size):
        taken += ids.pop(0)
    return taken
