"""Runs without an end become stale, and their end may still come."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.apps import play
from tests.builders import HOUR_US, NOON_US, a_write

from runwell.errors import Overloaded
from runwell.model import Status, replace
from runwell.stale import Sweeper, mark_stale

SOURCE = "trunk"

REPO = {"host": "github.com", "owner": "acme", "name": "webshop"}


def statuses(rows) -> dict[str, str]:
    return {event["id"]: event["status"] for event in rows.json()["events"]}


def test_only_what_is_unfinished_and_old_becomes_stale(tmp_path: Path):
    async def scenario(app, client):
        old, new = NOON_US - 24 * HOUR_US - 1, NOON_US - 24 * HOUR_US
        await app.ingest.accept(
            [
                a_write("running", source=SOURCE, status=Status.RUNNING, started=old),
                a_write("queued", source=SOURCE, status=Status.QUEUED, created=old),
                a_write("retried", source=SOURCE, status=Status.RUNNING, started=old, attempt=2),
                a_write("young", source=SOURCE, status=Status.RUNNING, started=new),
                a_write("failed", source=SOURCE, status=Status.FAILED, started=old),
                a_write("unknown", source=SOURCE, started=old),
                a_write("elsewhere", status=Status.RUNNING, started=old),
                a_write("just received", source=SOURCE, status=Status.RUNNING),
            ]
        )
        assert await app.sweeper.sweep(NOON_US) == 3
        assert await app.sweeper.sweep(NOON_US) == 0
        assert statuses(await client.get("/-/api/events")) == {
            "running": "stale",
            "queued": "stale",
            "retried": "stale",
            "young": "running",
            "failed": "failed",
            "unknown": "unknown",
            "elsewhere": "running",
            "just received": "running",
        }
        (summary,) = (await client.get("/-/api/summary?summary=total,stale")).json()["summary"]
        assert summary == {"total": 8, "stale": 3}

    play(tmp_path, scenario)


def test_a_late_end_finishes_a_stale_run(tmp_path: Path):
    async def scenario(app, client):
        start = {"id": "1", "chainId": "1", "createdAt": 1_717_400_000_000}
        end = {**start, "finishedAt": 1_717_500_000_000, "conclusion": "SUCCESS"}

        async def send(event) -> dict[str, str]:
            body = {"repo": REPO, "events": [event]}
            assert (await client.post("/v1/metrics/trackEvents", json=body)).status_code == 200
            return statuses(await client.get("/-/api/events"))

        assert await send(start) == {"1": "running"}
        assert await app.sweeper.sweep(NOON_US) == 1
        assert statuses(await client.get("/-/api/events")) == {"1": "stale"}
        summary = (await client.get("/-/api/summary?summary=avg_duration")).json()["summary"]
        assert summary == [{"avg_duration": None}]
        assert await send(end) == {"1": "succeeded"}
        assert await app.sweeper.sweep(NOON_US) == 0
        summary = (await client.get("/-/api/summary?summary=avg_duration")).json()["summary"]
        assert summary == [{"avg_duration": 100_000.0}]

    play(tmp_path, scenario)


def test_what_changed_since_it_was_looked_at_stays_as_it_is():
    rule = mark_stale(NOON_US)
    ended = a_write(status=Status.SUCCEEDED, started=0).event
    again = a_write(status=Status.RUNNING, started=NOON_US).event

    assert rule(None, ended) is None
    assert rule(ended, ended) is ended
    assert rule(again, again) is again


def test_the_server_looks_by_itself_and_goes_on_after_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("runwell.stale.PAUSE_SECONDS_MIN", 0.0)
    monkeypatch.setattr("runwell.stale.PAUSE_SECONDS_MAX", 0.01)

    async def scenario(app, client):
        await app.ingest.accept(
            [a_write("1", replace, source=SOURCE, status=Status.RUNNING, started=NOON_US)]
        )
        for _ in range(500):
            if statuses(await client.get("/-/api/events")) == {"1": "stale"}:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it never became stale")

    asked = []
    original = Sweeper.sweep

    async def busy_at_first(self, now: int) -> int:
        asked.append(now)
        if len(asked) == 1:
            raise Overloaded
        if len(asked) == 2:
            raise MemoryError
        return await original(self, now)

    monkeypatch.setattr(Sweeper, "sweep", busy_at_first)
    play(tmp_path, scenario)
    assert len(asked) > 2


def test_a_sweep_keeps_to_what_the_queue_takes(tmp_path: Path):
    async def scenario(app, _client):
        for number in range(9):
            write = a_write(str(number), source=SOURCE, status=Status.RUNNING, started=0)
            await app.ingest.accept([write])
        assert [await app.sweeper.sweep(NOON_US) for _ in range(6)] == [2, 2, 2, 2, 1, 0]

    play(tmp_path, scenario, queue_events_max=8)


def test_a_start_told_again_leaves_a_stale_run_stale(tmp_path: Path):
    async def scenario(app, client):
        start = {"id": "1", "chainId": "1", "createdAt": 1_717_400_000_000}
        other = {**start, "createdAt": start["createdAt"] + 5}

        async def send(event) -> int:
            body = {"repo": REPO, "events": [event]}
            return (await client.post("/v1/metrics/trackEvents", json=body)).json()["updated"]

        await send({**start, "payload": {"tags": [{"k": "a", "v": "b"}]}})
        await send(other)
        assert await app.sweeper.sweep(NOON_US) == 1
        assert [await send(start), await send(other)] == [0, 0]
        assert statuses(await client.get("/-/api/events")) == {"1": "stale"}

    play(tmp_path, scenario)


def test_nothing_becomes_stale_if_that_is_not_wanted(tmp_path: Path):
    async def scenario(app, _client):
        assert app.sweeper._task is None

    play(tmp_path, scenario, stale_after_hours=0.0)
