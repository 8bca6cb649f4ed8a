"""`/-/api/summary` against plain Python, and the operations addresses."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import an_app, play
from tests.builders import HOUR_US, NOON_US, a_write
from tests.store.strategies import EVENTS

from runwell.model import Status, Write, replace
from runwell.model.times import to_iso


def expected(events: list) -> dict:
    durations = [event.duration for event in events if event.duration is not None]
    times = [event.started if event.started is not None else event.created for event in events]
    p50, p80, p95 = np.percentile(durations, [50, 80, 95]) / 1e6 if durations else [None] * 3
    ended = [e for e in events if e.status in ("succeeded", "failed", "timed_out")]
    good = sum(event.status is Status.SUCCEEDED for event in ended)
    counts = {str(status): sum(event.status is status for event in events) for status in Status}
    return {
        "total": len(events),
        **counts,
        "avg_duration": pytest.approx(statistics.fmean(durations) / 1e6) if durations else None,
        "min_duration": min(durations) / 1e6 if durations else None,
        "max_duration": max(durations) / 1e6 if durations else None,
        "total_duration": sum(durations) / 1e6 if durations else None,
        "p50_duration": pytest.approx(p50) if durations else None,
        "p80_duration": pytest.approx(p80) if durations else None,
        "p95_duration": pytest.approx(p95) if durations else None,
        "success_rate": pytest.approx(good / len(ended)) if ended else None,
        "failure_rate": pytest.approx(1 - good / len(ended)) if ended else None,
        "first_run": to_iso(min(times)) if times else None,
        "last_run": to_iso(max(times)) if times else None,
    }


@given(
    st.lists(EVENTS.filter(lambda event: event.started is not None or event.created is not None))
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_summary_says_what_plain_python_says(events):
    folder = Path(tempfile.mkdtemp(prefix="runwell-test-"))

    async def main() -> None:
        async with an_app(folder) as (app, client):
            await app.ingest.accept([Write(event, replace) for event in events])
            kept = list({event.key: event for event in events}.values())
            answer = (await client.get("/-/api/summary")).json()["summary"]
            assert answer == [expected(kept)]
            grouped = (await client.get("/-/api/summary?group_by=name")).json()["summary"]
            by_name: dict[str, list] = {}
            for event in kept:
                by_name.setdefault(event.name, []).append(event)
            assert {row.pop("name"): row for row in grouped} == {
                name: expected(group) for name, group in by_name.items()
            }

    asyncio.run(main())
    shutil.rmtree(folder)


def test_groups_can_be_ordered_limited_and_combined(tmp_path: Path):
    async def scenario(app, client):
        names = ["a", "b", "b", "c", "c", "c"]
        writes = [
            a_write(str(n), name=name, started=NOON_US + 24 * HOUR_US * (n % 2))
            for n, name in enumerate(names)
        ]
        await app.ingest.accept(writes)

        async def ask(query: str):
            return (await client.get(f"/-/api/summary?summary=total&{query}")).json()["summary"]

        assert await ask("group_by=name&order_by=total%20desc&limit=2") == [
            {"name": "c", "total": 3},
            {"name": "b", "total": 2},
        ]
        assert await ask("group_by=day") == [
            {"day": "2026-01-01T00:00:00Z", "total": 3},
            {"day": "2026-01-02T00:00:00Z", "total": 3},
        ]
        assert await ask("group_by=week%20started") == [
            {"week": "2025-12-29T00:00:00Z", "total": 6}
        ]
        assert (await ask("group_by=day,name&order_by=name"))[0] == {
            "day": "2026-01-01T00:00:00Z",
            "name": "a",
            "total": 1,
        }

    play(tmp_path, scenario)


def test_what_has_no_value_comes_last_in_both_directions(tmp_path: Path):
    async def scenario(app, client):
        teams = {"1": ["x"], "2": [], "3": ["y"]}
        await app.ingest.accept(
            [a_write(id_, name="n" + id_, tags={"team": team}) for id_, team in teams.items()]
            + [a_write("4", name="n4", duration=1), a_write("5", name="n5", duration=2)]
        )

        async def ask(group: str, order: str) -> list:
            query = {"summary": "avg(duration)", "group_by": group, "order_by": order}
            rows = (await client.get("/-/api/summary", params=query)).json()["summary"]
            return [row[group] for row in rows]

        assert await ask("tags.team", "tags.team") == ["x", "y", None]
        assert await ask("tags.team", "tags.team desc") == ["y", "x", None]
        assert await ask("name", "avg(duration) desc") == ["n5", "n4", "n1", "n2", "n3"]
        assert await ask("name", "avg(duration)") == ["n4", "n5", "n1", "n2", "n3"]
        assert await ask("name", "avg(duration),name desc") == ["n4", "n5", "n3", "n2", "n1"]

    play(tmp_path, scenario)


def test_conditions_leave_groups_by_measures_that_need_not_be_shown(tmp_path: Path):
    async def scenario(app, client):
        runs = [("a", 1, Status.FAILED), ("a", 9, Status.SUCCEEDED), ("b", 2, Status.SUCCEEDED)]
        await app.ingest.accept(
            [
                a_write(str(n), name=name, duration=seconds * 1_000_000, status=status)
                for n, (name, seconds, status) in enumerate(runs)
            ]
        )

        async def ask(**query: str):
            query = {"summary": "total", "group_by": "name", "shape": "objects", **query}
            return (await client.get("/-/api/summary", params=query)).json()

        a, b = {"name": "a", "total": 2}, {"name": "b", "total": 1}
        assert await ask() == [a, b]
        assert await ask(having="p50(duration) >= 5") == [a]
        assert await ask(having="failure_rate == 0.5, max(duration) > 8.5") == [a]
        assert await ask(having='count(name == "b") > 0') == [b]
        assert await ask(having="total > 1, total < 2") == []
        assert await ask(having="avg(metrics.none) < 1") == []
        assert await ask(group_by="", having="total > 5") == []
        assert await ask(group_by="", having="total > 2") == [{"total": 3}]
        assert await ask(summary="p95( duration ),total", order_by="p95(duration)") == [
            {"name": "b", "p95(duration)": 2.0, "total": 1},
            {"name": "a", "p95(duration)": pytest.approx(8.6), "total": 2},
        ]

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("query", "pointer", "says"),
    [
        ("summary=totl", "summary", "did you mean 'total'?"),
        ("group_by=pipelin", "group_by", "did you mean 'pipeline'?"),
        ("group_by=day%20name", "group_by", "'name' is not a time"),
        ("group_by=day%20startd", "group_by", "did you mean 'started'?"),
        ("group_by=name%20started", "group_by", "there is no group"),
        ("group_by=a,b,c,d,e", "group_by", "at most 4 groups"),
        ("summary=total&order_by=failed", "order_by", "'failed' is not asked for"),
        ("filter=x", "filter", "<input>:1:1: undeclared reference to 'x'"),
        ("filter=name", "filter", "expected boolean expression, but got string"),
        ("where=x", "where", "there is no such parameter"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(
    query: str, pointer: str, says: str, tmp_path: Path
):
    async def scenario(_app, client):
        answer = await client.get(f"/-/api/summary?{query}")
        problem = answer.json()
        assert (answer.status_code, problem["pointer"]) == (400, pointer)
        assert says in problem["detail"]

    play(tmp_path, scenario)


def test_operators_are_told_how_things_stand(tmp_path: Path):
    async def scenario(app, client):
        assert (await client.get("/-/healthz")).json() == {"status": "ok"}
        assert (await client.get("/-/readyz")).json() == {
            "status": "ready",
            "applied": 0,
            "needed": 0,
        }
        await app.ingest.accept([a_write("1")])
        assert (await client.get("/-/api/summary?summary=total")).status_code == 200
        text = (await client.get("/-/metrics")).text
        assert 'runwell_writes_total{source="test",outcome="created"} 1' in text
        assert "runwell_columns_seq 1" in text
        began = float(text.split("\nrunwell_start_time_seconds ")[1].split("\n")[0])
        assert 0 <= time.time() - began < 3600
        app._needed = 99
        answer = await client.get("/-/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "catching up")
        page = await client.get("/")
        assert "1 events so far" in page.text
        assert "/save_metrics" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]

    play(tmp_path, scenario)
