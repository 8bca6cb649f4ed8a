"""Ingest: nothing is answered before it is on disk, and the queue has an end."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.builders import a_write

from runwell.clock import Clock
from runwell.config import Config
from runwell.errors import (
    Conflict,
    DiskFull,
    InternalError,
    LedgerHeld,
    Overloaded,
    Stopping,
    StorageFailed,
    TooLarge,
)
from runwell.ingest import Ingest
from runwell.model import Event, Outcome, Written
from runwell.observe import Counters
from runwell.room import Room


class FakeLedger:
    """Commits in memory; holds every commit until `gate` is open; fails with `failure` once."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.failure: Exception | None = None
        self.always = False
        self.poison = ""  # the id that no commit survives
        self.last_committed = 0

    def commit(self, requests, _received):
        self.entered.set()
        assert self.gate.wait(30)
        if self.failure:
            failure = self.failure
            if not self.always:
                self.failure = None
            raise failure
        if any(write.event.id == self.poison for request in requests for write in request):
            raise UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed")
        self.batches.append(requests)
        self.last_committed += sum(map(len, requests))
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        try:
            for write in request:
                write.rule(None, write.event)
        except Conflict as refusal:
            return refusal
        return [Written(write.event, Outcome.CREATED) for write in request]


Scenario = Callable[[Ingest, FakeLedger], Awaitable[None]]


class ScriptedRoom(Room):
    """Has so much room, one request after the other."""

    def __init__(self, free: list[int]) -> None:
        super().__init__(Path(), 100)
        self._script = iter(free)

    def is_short(self) -> bool:
        self.free = next(self._script)
        return self.free < 100


def run(
    scenario: Scenario, room: Room | None = None, **settings: Any
) -> tuple[FakeLedger, list[int], Counters]:
    ledger, announced, counters = FakeLedger(), [], Counters()

    async def main() -> None:
        config = dataclasses.replace(Config(), **settings)
        ingest = Ingest(
            ledger, Clock(counters), counters, config, announced.append, room or Room(Path(), 0)
        )
        try:
            await scenario(ingest, ledger)
        finally:
            ledger.gate.set()
            await ingest.close()

    asyncio.run(main())
    return ledger, announced, counters


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to be")


def refuse(_stored: Event | None, _incoming: Event) -> Event:
    raise Conflict


def test_an_answer_comes_only_after_the_commit():
    async def scenario(ingest, ledger):
        ledger.gate.clear()
        task = asyncio.create_task(ingest.accept([a_write("a")]))
        await until(ledger.entered.is_set)
        assert not task.done()
        ledger.gate.set()
        (written,) = await task
        assert (written.event.id, written.outcome) == ("a", Outcome.CREATED)

    _, announced, _ = run(scenario)
    assert announced == [1]


def test_what_comes_during_a_commit_shares_the_next_one():
    async def scenario(ingest, ledger):
        ledger.gate.clear()
        tasks = [asyncio.create_task(ingest.accept([a_write("first")]))]
        await until(ledger.entered.is_set)
        tasks += [asyncio.create_task(ingest.accept([a_write(str(n))])) for n in range(50)]
        await until(lambda: ingest.queued_events == 51)
        ledger.gate.set()
        await asyncio.gather(*tasks)

    ledger, announced, counters = run(scenario)
    assert [len(batch) for batch in ledger.batches] == [1, 50]
    assert announced == [1, 51]
    assert ("runwell_commits_total", (), 2) in counters.samples()
    labels = (("source", "test"), ("outcome", "created"))
    assert ("runwell_writes_total", labels, 51) in counters.samples()


def test_a_commit_has_a_bound_but_takes_a_large_request_whole():
    async def scenario(ingest, ledger):
        ledger.gate.clear()
        sizes = [1, 2, 2, 9, 1]
        tasks = [
            asyncio.create_task(ingest.accept([a_write(str(n))] * size))
            for n, size in enumerate(sizes)
        ]
        await until(lambda: ingest.queued_events == sum(sizes))
        ledger.gate.set()
        await asyncio.gather(*tasks)

    ledger, _, _ = run(scenario, commit_events_max=4)
    assert [[len(request) for request in batch] for batch in ledger.batches] == [
        [1, 2],
        [2],
        [9],
        [1],
    ]


@pytest.mark.parametrize("bound", [{"queue_events_max": 2}, {"queue_bytes_max": 2000}])
def test_a_full_queue_refuses_and_recovers(bound: dict[str, int]):
    async def scenario(ingest, ledger):
        ledger.gate.clear()
        payload = "x" * 400
        waiting = [
            asyncio.create_task(ingest.accept([a_write(str(n), payload=payload)])) for n in range(2)
        ]
        await until(lambda: ingest.queued_events == 2)
        with pytest.raises(Overloaded) as refusal:
            await ingest.accept([a_write("late", payload=payload)])
        assert refusal.value.retry_after_seconds
        ledger.gate.set()
        await asyncio.gather(*waiting)
        assert (ingest.queued_events, ingest.queued_bytes) == (0, 0)
        await ingest.accept([a_write("again", payload=payload)])

    ledger, _, _ = run(scenario, **bound)
    stored = [write.event.id for batch in ledger.batches for request in batch for write in request]
    assert stored == ["0", "1", "again"]


def test_a_request_with_too_many_events_is_refused_whole():
    async def scenario(ingest, _ledger):
        with pytest.raises(TooLarge, match="5 events in one request; 4 is the most"):
            await ingest.accept([a_write(str(n)) for n in range(5)])

    ledger, _, _ = run(scenario, events_per_request_max=2)
    assert ledger.batches == []


def test_a_refusal_reaches_only_the_request_it_belongs_to():
    async def scenario(ingest, ledger):
        ledger.gate.clear()
        good = asyncio.create_task(ingest.accept([a_write("good")]))
        bad = asyncio.create_task(ingest.accept([a_write("bad", refuse)]))
        await until(lambda: ingest.queued_events == 2)
        ledger.gate.set()
        assert len(await good) == 1
        with pytest.raises(Conflict):
            await bad

    run(scenario)


@pytest.mark.parametrize(
    ("failure", "answer"),
    [(DiskFull(), DiskFull), (LedgerHeld(), LedgerHeld), (RuntimeError("a bug"), InternalError)],
)
def test_a_failed_commit_is_told_to_everyone_in_it_and_the_next_one_works(
    failure: Exception, answer: type[Exception]
):
    async def scenario(ingest, ledger):
        ledger.failure = failure
        with pytest.raises(answer):
            await ingest.accept([a_write("a")])
        assert (ingest.queued_events, ingest.queued_bytes) == (0, 0)
        await ingest.accept([a_write("b")])

    _, announced, _ = run(scenario)
    assert announced == [1]


def test_after_a_failed_disk_nothing_is_accepted_and_what_waits_is_refused():
    failures: list[StorageFailed] = []

    async def scenario(ingest, ledger):
        ingest.on_failure = failures.append
        ledger.gate.clear()
        ledger.failure = StorageFailed("disk I/O error")
        first = asyncio.create_task(ingest.accept([a_write("a")]))
        await until(ledger.entered.is_set)
        ledger.always = True
        waiting = [asyncio.create_task(ingest.accept([a_write(str(n))])) for n in range(5)]
        await until(lambda: ingest.queued_events == 6)
        ledger.gate.set()
        for task in (first, *waiting):
            with pytest.raises(StorageFailed, match="disk I/O error"):
                await task
        with pytest.raises(StorageFailed):
            await ingest.accept([a_write("late")])

    ledger, announced, _ = run(scenario)
    assert (ledger.batches, announced, {failure.message for failure in failures}) == (
        [],
        [],
        {"disk I/O error"},
    )


def test_a_disk_that_fails_while_removals_are_forgotten_has_failed_for_all():
    failures: list[StorageFailed] = []

    async def scenario(ingest, ledger):
        def forget(*_: int) -> int:
            raise StorageFailed("disk I/O error")

        ledger.forget = forget
        ingest.on_failure = failures.append
        with pytest.raises(StorageFailed):
            await ingest.forget(1, 1, 1)
        with pytest.raises(StorageFailed):
            await ingest.accept([a_write("late")])

    run(scenario)
    assert [failure.message for failure in failures] == ["disk I/O error"]


def test_with_too_little_room_nothing_is_accepted_until_there_is_some(capsys):
    free = [10**12, 10, 10, 10**12]

    async def scenario(ingest, _ledger):
        await ingest.accept([a_write("a")])
        for _ in range(2):
            with pytest.raises(DiskFull) as refusal:
                await ingest.accept([a_write("refused")])
            assert refusal.value.retry_after_seconds
        await ingest.accept([a_write("b")])

    ledger, _, _ = run(scenario, room=ScriptedRoom(free))
    assert [request[0].event.id for batch in ledger.batches for request in batch] == ["a", "b"]
    assert capsys.readouterr().err.count("disk_short") == 1


def test_a_client_that_leaves_does_not_stop_its_commit():
    async def scenario(ingest, ledger):
        ledger.gate.clear()
        task = asyncio.create_task(ingest.accept([a_write("a")]))
        await until(ledger.entered.is_set)
        task.cancel()
        ledger.gate.set()
        await until(lambda: ingest.queued_events == 0)

    ledger, _, _ = run(scenario)
    assert len(ledger.batches) == 1


def test_closing_commits_what_waits_and_refuses_what_comes():
    async def scenario(ingest, ledger):
        ledger.gate.clear()
        waiting = [asyncio.create_task(ingest.accept([a_write(str(n))])) for n in range(5)]
        await until(lambda: ingest.queued_events == 5)
        closing = asyncio.create_task(ingest.close())
        await asyncio.sleep(0)
        with pytest.raises(Stopping):
            await ingest.accept([a_write("late")])
        ledger.gate.set()
        await closing
        assert [len(await task) for task in waiting] == [1] * 5

    run(scenario)


def test_a_request_that_no_ledger_can_take_harms_no_other():
    async def scenario(ingest, ledger):
        ledger.poison = "bad"
        answers = await asyncio.gather(
            *(ingest.accept([a_write(id_)]) for id_ in ("a", "bad", "b")), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [list, InternalError, list]

    run(scenario)


def test_a_request_larger_than_the_queue_is_refused_for_good():
    async def scenario(ingest, _ledger):
        with pytest.raises(TooLarge, match="bytes in one request; 1000 is the most"):
            await ingest.accept([a_write(payload="x" * 1000)])

    run(scenario, queue_bytes_max=1000)

    async def many(ingest, _ledger):
        with pytest.raises(TooLarge, match="3 writes; 2 is the most"):
            await ingest.accept([a_write(str(n)) for n in range(3)])

    run(many, queue_events_max=2)
