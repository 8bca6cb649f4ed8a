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

REPO = {"host": "github.com", "owner": "acme", "name": "webshop"}


def statuses(rows) -> dict[str, str]:
    return {event["id"]: event["status"] for event in rows.json()["events"]}


def test_only_what_is_unfinished_and_old_becomes_stale(tmp_path: Path):
    async def scenario(app, client):
        old, new = NOON_US - 24 * HOUR_US - 1, NOON_US - 24 * HOUR_US
        await app.ingest.accept(
            [
                a_write("running", status=Status.RUNNING, started=old),
                a_write("queued", status=Status.QUEUED, created=old),
                a_write("retried", status=Status.RUNNING, started=old, attempt=2),
                a_write("young", status=Status.RUNNING, started=new),
                a_write("failed", status=Status.FAILED, started=old),
                a_write("unknown", started=old),
                a_write("just received", status=Status.RUNNING),
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
            "just received": "running",
        }
        (summary,) = (await client.get("/-/api/summary?summary=total,stale")).json()["summary"]
        assert summary == {"total": 7, "stale": 3}

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
    monkeypatch.setattr("runwell.stale.PAUSE_SECONDS_MAX", 0.01)
    monkeypatch.setattr("runwell.stale.max", lambda _least, wanted: wanted, raising=False)

    async def scenario(app, client):
        await app.ingest.accept([a_write("1", replace, status=Status.RUNNING, started=NOON_US)])
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
        return await original(self, now)

    monkeypatch.setattr(Sweeper, "sweep", busy_at_first)
    play(tmp_path, scenario)
    assert len(asked) > 1


def test_nothing_becomes_stale_if_that_is_not_wanted(tmp_path: Path):
    async def scenario(app, _client):
        assert app.sweeper._task is None

    play(tmp_path, scenario, stale_after_hours=0.0)
