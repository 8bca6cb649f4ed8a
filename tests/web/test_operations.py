"""`/-/healthz`, `/-/readyz`, `/-/metrics`: who may ask, and what is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.apps import an_app, play
from tests.builders import a_write

from runwell.tokens import Tokens


def test_health_and_readiness_need_no_token_and_metrics_one_that_may_read(tmp_path: Path):
    async def scenario(_app, client):
        reader = {"authorization": f"Bearer {Tokens(tmp_path).create('r', ['read'])}"}
        writer = {"authorization": f"Bearer {Tokens(tmp_path).create('w', ['write'])}"}
        admin = {"authorization": f"Bearer {Tokens(tmp_path).create('a', ['admin'])}"}
        for path in ("/-/healthz", "/-/readyz"):
            assert (await client.get(path)).status_code == 200
        refused = await client.get("/-/metrics")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Basic realm="runwell"'
        answers = [await client.get("/-/metrics", headers=who) for who in (writer, reader, admin)]
        assert [answer.status_code for answer in answers] == [403, 200, 200]
        assert answers[1].headers["content-type"].startswith("text/plain; version=0.0.4")

    play(tmp_path, scenario)


def test_what_was_refused_and_answered_is_counted(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write("1"), a_write("1")])
        await client.get("/nowhere")
        await client.post("/-/api/sql", json={"sql": "SELECT 1"})
        await client.post("/-/api/sql", json={"sql": "DELETE FROM event"})
        lines = (await client.get("/-/metrics")).text.splitlines()
        for line in (
            'runwell_requests_total{protocol="runwell",status="404"} 1',
            'runwell_requests_total{protocol="runwell",status="400"} 1',
            'runwell_refused_total{protocol="runwell",reason="NotFound"} 1',
            'runwell_refused_total{protocol="runwell",reason="ReadOnly"} 1',
            'runwell_writes_total{source="test",outcome="created"} 1',
            'runwell_writes_total{source="test",outcome="existed"} 1',
            'runwell_questions_total{outcome="answered"} 1',
            'runwell_questions_total{outcome="ReadOnly"} 1',
            "runwell_commits_total 1",
            "runwell_queue_events 0",
            "runwell_queue_bytes 0",
            "runwell_ledger_seq 1",
        ):
            assert line in lines

    play(tmp_path, scenario)


def test_a_start_is_ready_once_the_columns_hold_what_the_ledger_held(tmp_path: Path):
    async def write() -> None:
        async with an_app(tmp_path) as (app, _):
            await app.ingest.accept([a_write("1"), a_write("2")])

    async def wait() -> None:
        (tmp_path / "columns.duckdb").unlink()
        async with an_app(tmp_path) as (app, client):
            app.store.projector.wait(2, 30)
            ready = await client.get("/-/readyz")
            assert (ready.status_code, ready.json()) == (
                200,
                {"status": "ready", "applied": 2, "needed": 2},
            )

    asyncio.run(write())
    asyncio.run(wait())
