"""Lookups: one event as it is on disk, without a question, and never too many of them."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.apps import asked_by_all, play
from tests.builders import a_write, an_event, remove
from tests.protocols.fake import FakeServer

from runwell.config import Config
from runwell.errors import Overloaded
from runwell.lookups import Lookups
from runwell.model import Event, Write, replace
from runwell.observe import Counters
from runwell.protocols.ets import PROTOCOL


class FakeLedger:
    """Holds one event; every read waits until `gate` is open, and fails if told to."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.readers: set[str] = set()
        self.broken = False

    def get(self, key: bytes) -> Event | None:
        self.readers.add(threading.current_thread().name)
        self.entered.set()
        assert self.gate.wait(30)
        if self.broken:
            raise OSError
        return an_event("a") if key == an_event("a").key else None

    def get_each(self, keys: Sequence[bytes], bytes_max: int) -> list[Event | None]:
        assert bytes_max == Config().answer_bytes_max
        return [self.get(key) for key in keys]


def run(scenario, **settings: Any) -> dict[str, float]:
    """Lookups by outcome."""
    counters = Counters()

    async def main() -> None:
        ledger = FakeLedger()
        lookups = Lookups(ledger, counters, dataclasses.replace(Config(), **settings))
        try:
            await scenario(lookups, ledger)
        finally:
            ledger.gate.set()
            lookups.close()

    asyncio.run(main())
    return {
        labels[0][1]: value
        for name, labels, value in counters.samples()
        if name == "runwell_lookups_total"
    }


def test_an_event_is_read_in_another_thread_and_counted():
    async def scenario(lookups, ledger):
        assert await lookups.find(an_event("a").key) == an_event("a")
        assert await lookups.find(an_event("b").key) is None
        assert ledger.readers == {"lookup_0"}

    assert run(scenario) == {"found": 1, "absent": 1}


def test_several_events_are_read_at_once_and_counted_one_by_one():
    async def scenario(lookups, ledger):
        keys = [an_event(name).key for name in "aba"]
        assert await lookups.find_each(keys) == [an_event("a"), None, an_event("a")]
        assert ledger.readers == {"lookup_0"}

    assert run(scenario) == {"found": 2, "absent": 1}


def test_the_event_loop_goes_on_while_the_ledger_reads():
    async def scenario(lookups, ledger):
        ledger.gate.clear()
        task = asyncio.create_task(lookups.find(an_event("a").key))
        await asyncio.sleep(0)
        assert not task.done()
        ledger.gate.set()
        assert await task

    run(scenario)


def test_lookups_beyond_the_bound_are_refused_and_the_rest_answered():
    async def scenario(lookups, ledger):
        ledger.gate.clear()
        tasks = [asyncio.create_task(lookups.find(an_event("a").key)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await lookups.find(an_event("a").key)
        ledger.gate.set()
        assert await asyncio.gather(*tasks) == [an_event("a")] * 3
        assert await lookups.find(an_event("a").key)

    assert run(scenario, lookups_waiting_max=2) == {"found": 4}


def test_a_client_that_leaves_frees_its_place():
    async def scenario(lookups, ledger):
        ledger.gate.clear()
        tasks = [asyncio.create_task(lookups.find(an_event("a").key)) for _ in range(2)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.wait([tasks[1]])
        third = asyncio.create_task(lookups.find(an_event("a").key))
        await asyncio.sleep(0)
        ledger.gate.set()
        assert await asyncio.gather(tasks[0], third) == [an_event("a")] * 2

    assert run(scenario, lookups_waiting_max=1) == {"found": 2}


def test_a_read_that_fails_is_told_and_counted():
    async def scenario(lookups, ledger):
        ledger.broken = True
        with pytest.raises(OSError):
            await lookups.find(an_event("a").key)

    assert run(scenario) == {"failed": 1}


def test_a_protocol_finds_what_was_acknowledged_and_not_what_was_removed(tmp_path: Path):
    async def scenario(app, client):
        services = asked_by_all(app.services)
        record = an_event("record", owner="result")
        for number in range(20):
            await services.accept([a_write("result", replace, name=str(number)), Write(record)])
            assert (await services.find(an_event("result").key)).name == str(number)
        assert await services.find(record.key) == record
        await services.accept([Write(an_event("result"), remove, with_owned=True)])
        assert await services.find(record.key) is None
        listed = (await client.get("/-/api/events")).json()
        assert listed["events"] == []
        metrics = (await client.get("/-/metrics")).text
        assert 'runwell_lookups_total{outcome="found"} 21' in metrics

    play(tmp_path, scenario)


def test_the_fake_server_finds_and_removes_as_the_real_one():
    server = FakeServer(PROTOCOL)
    record = an_event("record", owner="result")
    asyncio.run(server.accept([a_write("result"), Write(record)]))
    assert asyncio.run(server.find(record.key)) == record

    asyncio.run(server.accept([Write(an_event("result"), remove, with_owned=True)]))
    assert asyncio.run(server.find(record.key)) is None
    assert server.events == {}
