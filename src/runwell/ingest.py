"""The one place that commits: a bounded queue, group commit, an answer for every write."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from runwell.clock import Clock
from runwell.config import Config
from runwell.errors import (
    BadEvent,
    DiskFull,
    Error,
    InternalError,
    LedgerHeld,
    Overloaded,
    Stopping,
    StorageFailed,
    TooLarge,
)
from runwell.model import Write, Written
from runwell.model.bounds import check_event
from runwell.observe import Counters, log
from runwell.room import Room
from runwell.store.ledger.base import Ledger

EVENT_OVERHEAD_BYTES = 512  # what an event costs beyond its payload
PACE_EVENTS = 200  # commits of fewer writes are no measure of speed
WRITES_PER_EVENT = 2  # an event may bring along what it belongs to
SOURCES_COUNTED_MAX = 100  # senders choose sources of their own: beyond these, all are one
OTHER_SOURCES = "other"
# An event that begins so long after its arrival tells that its sender's clock is wrong, or ours.
SKEW_US = 24 * 3_600 * 1_000_000
COMPLAIN_SECONDS = 10.0  # a disk that stays full is not logged at every request


@dataclass(slots=True)
class _Waiting:
    """One request's writes and who waits for them."""

    writes: Sequence[Write]
    size: int
    answer: asyncio.Future[list[Written]]


class Ingest:
    """Accepts writes on the event loop and commits them in one thread.

    While a commit is on its way to the disk the next batch gathers: the busier the server, the
    larger the batches, and an idle one answers after a single commit.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        counters: Counters,
        config: Config,
        on_commit: Callable[[int], None],
        room: Room,
    ) -> None:
        self._ledger = ledger
        self._room = room
        self._clock = clock
        self._counters = counters
        self._config = config
        self._sources: set[str] = set()
        self._on_commit = on_commit  # gets the number of the newest change after every commit
        self.failure: StorageFailed | None = None  # once it is there, it stays
        self.on_failure: Callable[[StorageFailed], None] = lambda _: None  # called on the loop
        self._complained = 0.0
        self._queue: list[_Waiting] = []
        self._pace = _Pace()
        self.queued_events = 0
        self.queued_bytes = 0
        self._committer: asyncio.Task[None] | None = None
        self._stopping = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")

    async def accept(self, writes: Sequence[Write]) -> list[Written]:
        """Commit one request's writes, all or none; returns when they are on disk.

        Raises:
            Overloaded: the queue is full.
            Stopping: the server is draining.
            BadEvent: an event holds something beyond the bounds.
            TooLarge: more writes than one request may bring.
            DiskFull, LedgerHeld: it could not be stored now.
            StorageFailed: the disk failed, now or before.
            Error: whatever a write's rule raised.
        """
        self._admit(writes)
        size = sum(len(write.event.payload) + EVENT_OVERHEAD_BYTES for write in writes)
        if size > self._config.queue_bytes_max:
            raise TooLarge(
                f"{size} bytes in one request; {self._config.queue_bytes_max} is the most"
            )
        if len(writes) > self._config.queue_events_max:
            raise TooLarge(f"{len(writes)} writes; {self._config.queue_events_max} is the most")
        if self.queued_events + len(writes) > self._config.queue_events_max:
            raise Overloaded
        if self.queued_bytes + size > self._config.queue_bytes_max:
            raise Overloaded
        if self._pace.wait_seconds(self.queued_events) > self._config.wait_ms_max / 1000:
            raise Overloaded
        waiting = _Waiting(writes, size, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self.queued_events += len(writes)
        self.queued_bytes += size
        if self._committer is None:
            self._committer = asyncio.create_task(self._commit_all())
        return await waiting.answer

    async def forget(self, before: int, applied: int, limit: int) -> int:
        """Have the ledger forget what was removed, in the thread that commits: `Ledger.forget`."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._forget, before, applied, limit)
        finally:
            if self.failure:
                self.on_failure(self.failure)

    def _forget(self, before: int, applied: int, limit: int) -> int:
        try:
            return self._ledger.forget(before, applied, limit)
        except StorageFailed as error:
            self.failure = error
            raise StorageFailed(error.message) from error

    def _admit(self, writes: Sequence[Write]) -> None:
        if self.failure:
            raise StorageFailed
        if self._stopping:
            raise Stopping
        check_writes(writes, self._config)
        if self._room.is_short():
            self._complain("disk_short", free=self._room.free)
            raise DiskFull

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            batch = self._take()
            answers = await loop.run_in_executor(
                self._thread, self._commit, [waiting.writes for waiting in batch]
            )
            if self.failure:
                self.fail(self.failure)
            for waiting, answer in zip(batch, answers, strict=True):
                self._leave(waiting, answer)
        self._committer = None

    def fail(self, failure: StorageFailed) -> None:
        """Nothing is accepted any more. On the loop."""
        self.failure = failure
        self.on_failure(failure)

    def _take(self) -> list[_Waiting]:
        """The next batch: whole requests, at least one, up to the size of a commit."""
        count = events = 0
        for waiting in self._queue:
            if count and events + len(waiting.writes) > self._config.commit_events_max:
                break
            count += 1
            events += len(waiting.writes)
        batch, self._queue = self._queue[:count], self._queue[count:]
        return batch

    def _leave(self, waiting: _Waiting, answer: list[Written] | Error) -> None:
        self.queued_events -= len(waiting.writes)
        self.queued_bytes -= waiting.size
        if waiting.answer.done():  # the client went away; what it sent is stored all the same
            return
        if isinstance(answer, Error):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)

    def _commit(self, requests: list[Sequence[Write]]) -> Sequence[list[Written] | Error]:
        began = time.perf_counter()
        try:
            received = self._clock.stamp()
            answers = self._ledger.commit(requests, received)
        except StorageFailed as error:
            self.failure = error
            return [StorageFailed(error.message) for _ in requests]
        except (DiskFull, LedgerHeld) as error:
            self._complain("commit_refused", error=error.message)
            return [type(error)(error.message) for _ in requests]
        except Exception as error:  # noqa: BLE001 - whatever it was, every waiting request needs its answer
            if len(requests) > 1:  # one of them is to blame: let it harm no other
                return [answer for request in requests for answer in self._commit([request])]
            log.error("commit_failed", error=repr(error), requests=1)
            return [InternalError()]
        self._on_commit(self._ledger.last_committed)
        seconds = time.perf_counter() - began
        self._pace.took(sum(map(len, requests)), seconds)
        self._count(answers, received, seconds)
        return answers

    def _complain(self, event: str, **fields: object) -> None:
        now = time.monotonic()
        if now - self._complained >= COMPLAIN_SECONDS or not self._complained:
            self._complained = now
            log.error(event, **fields, advice="nothing is stored until this has changed")

    def _count(
        self, answers: Sequence[list[Written] | Error], received: int, seconds: float
    ) -> None:
        self._counters.add("runwell_commits_total")
        self._counters.took("runwell_commit_seconds", seconds)
        tally: dict[tuple[str, str], int] = {}
        latest = received + SKEW_US
        for answer in answers:
            for written in answer if isinstance(answer, list) else ():
                label = (self._label_of(written.event.source), str(written.outcome))
                tally[label] = tally.get(label, 0) + 1
                if (written.event.started or written.event.created or 0) > latest:
                    self._counters.add("runwell_future_events_total", source=label[0])
        for (source, outcome), count in tally.items():
            self._counters.add("runwell_writes_total", count, source=source, outcome=outcome)

    def _label_of(self, source: str) -> str:
        """The source as a label; labels must not grow in number for ever."""
        if source not in self._sources and len(self._sources) >= SOURCES_COUNTED_MAX:
            return OTHER_SOURCES
        self._sources.add(source)
        return source

    async def close(self) -> None:
        """Refuse what comes now, commit what waits, end the thread."""
        self._stopping = True
        if self._committer is not None:
            await self._committer
        self._thread.shutdown()


class _Pace:
    """How long what comes now would wait, as the large commits of late went."""

    def __init__(self) -> None:
        self._seconds_each = 0.0

    def took(self, events: int, seconds: float) -> None:
        """A small commit tells nothing: most of it is the same for a large one."""
        if events >= PACE_EVENTS:
            before = self._seconds_each or seconds / events
            self._seconds_each = 0.8 * before + 0.2 * seconds / events

    def wait_seconds(self, queued: int) -> float:
        """Until so many writes are on disk."""
        return queued * self._seconds_each


def check_writes(writes: Sequence[Write], config: Config) -> None:
    """The bounds that every request keeps to, whichever protocol it came by.

    Raises:
        TooLarge: too many events.
        BadEvent: an event holds something beyond the bounds.
    """
    most = config.events_per_request_max * WRITES_PER_EVENT
    if len(writes) > most:
        raise TooLarge(f"{len(writes)} events in one request; {most} is the most")
    for place, write in enumerate(writes):
        try:
            check_event(
                write.event,
                config.tags_per_event_max,
                config.tag_key_chars_max,
                config.tag_value_bytes_max,
            )
        except BadEvent as error:
            error.place = place
            raise
