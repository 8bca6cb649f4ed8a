"""Summaries by time buckets and fields against plain Python on random events."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import an_app, play
from tests.builders import NOON_US, a_write

from runwell.model import Event, Status, Write, keep_stored
from runwell.model.times import EPOCH, LATEST_US, parse_iso, to_iso

DAY_US = 86_400_000_000
TIMES = st.integers(0, LATEST_US - 1) | st.integers(NOON_US - 40 * DAY_US, NOON_US + 40 * DAY_US)
EVENTS = st.lists(
    st.builds(
        Event,
        source=st.just("test"),
        scope=st.just("s"),
        id=st.uuids().map(str),
        kind=st.sampled_from(["job", "test"]),
        pipeline=st.sampled_from(["", "p", "q"]),
        status=st.sampled_from(list(Status)),
        started=TIMES,
        finished=st.none() | TIMES,
        duration=st.none() | st.integers(0, 10**12),
    ),
    max_size=12,
)


def start_of(bucket: str, us: int) -> int:
    """When the bucket of an instant starts, in UTC; weeks on Monday."""
    moment = EPOCH + timedelta(microseconds=us)
    kept = {"minute": 5, "hour": 4, "day": 3, "week": 3, "month": 2, "quarter": 2, "year": 1}[
        bucket
    ]
    parts = list(moment.timetuple()[:kept])
    start = datetime(*parts, *[1] * (3 - len(parts)), tzinfo=UTC)
    if bucket == "quarter":
        start = start.replace(month=(start.month - 1) // 3 * 3 + 1)
    if bucket == "week":
        start -= timedelta(days=start.weekday())
    return (start - EPOCH) // timedelta(microseconds=1)


def by(events: list[Event], key: Callable[[Event], Any]) -> dict[Any, list[Event]]:
    groups: dict[Any, list[Event]] = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    return groups


def measured(events: list[Event]) -> dict[str, Any]:
    durations = [event.duration for event in events if event.duration is not None]
    return {
        "total": len(events),
        "failed": sum(event.status is Status.FAILED for event in events),
        "max_duration": max(durations) / 1e6 if durations else None,
    }


MEASURES = "summary=total,failed,max_duration"


@given(
    EVENTS,
    st.sampled_from(["minute", "hour", "day", "week", "month", "quarter", "year"]),
    st.sampled_from(["started", "finished"]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_buckets_hold_what_plain_python_puts_into_them(events, bucket: str, field: str):
    def start(event: Event) -> int | None:
        us = getattr(event, field)
        return None if us is None else start_of(bucket, us)

    async def main(folder: str) -> None:
        async with an_app(Path(folder), []) as (app, client):
            await app.ingest.accept([Write(event, keep_stored) for event in events])
            query = f"group_by={bucket}%20{field},pipeline&{MEASURES}"
            rows = (await client.get(f"/-/api/summary?{query}")).json()["summary"]
            groups = by(events, lambda event: (start(event), event.pipeline))
            ordered = sorted(groups, key=lambda key: (key[0] is None, key[0] or 0, key[1]))
            assert rows == [
                {bucket: to_iso(us), "pipeline": name, **measured(groups[us, name])}
                for us, name in ordered
            ]

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


@given(
    EVENTS,
    st.sampled_from(["total", "failed", "max_duration", "pipeline"]),
    st.booleans(),
    st.integers(1, 4),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_groups_come_in_the_order_and_number_that_was_asked_for(events, order, descending, limit):
    async def main(folder: str) -> None:
        async with an_app(Path(folder), []) as (app, client):
            await app.ingest.accept([Write(event, keep_stored) for event in events])
            direction = "desc" if descending else "asc"
            query = f"group_by=pipeline&{MEASURES}&order_by={order}%20{direction}&limit={limit}"
            rows = (await client.get(f"/-/api/summary?{query}")).json()["summary"]
            groups = by(events, lambda event: event.pipeline)
            expected = [{"pipeline": name, **measured(groups[name])} for name in sorted(groups)]
            there = [row for row in expected if row[order] is not None]
            there.sort(key=lambda row: row[order], reverse=descending)  # ties stay by name
            expected = there + [row for row in expected if row[order] is None]
            assert rows == expected[:limit]

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(folder))


def test_an_empty_store_is_one_row_of_nothing_and_no_groups(tmp_path: Path):
    async def scenario(_app, client):
        (row,) = (await client.get("/-/api/summary")).json()["summary"]
        assert {name: value for name, value in row.items() if value not in (0, None)} == {}
        assert (row["total"], row["avg_duration"], row["last_run"]) == (0, None, None)
        assert (await client.get("/-/api/summary?group_by=day,kind")).json() == {"summary": []}

    play(tmp_path, scenario)


@pytest.mark.parametrize("field", ["duration", "received", "seq", "attempt", "kind"])
def test_any_field_may_be_grouped_by(field: str, tmp_path: Path):
    async def scenario(app, client):
        same = {"tags": {"t": ["x"]}, "metrics": {"m": 1.0}, "payload": '{"a" : 1}', "duration": 5}
        await app.ingest.accept([a_write("1", **same), a_write("2")])
        rows = (await client.get(f"/-/api/summary?summary=total&group_by={field}")).json()[
            "summary"
        ]
        assert sum(row["total"] for row in rows) == 2
        assert all(set(row) == {field, "total"} for row in rows)

    play(tmp_path, scenario)


def test_a_week_starts_on_monday_and_a_day_at_midnight_utc(tmp_path: Path):
    async def scenario(app, client):
        sunday = NOON_US + 3 * DAY_US  # 2026-01-04, a Sunday
        midnight = sunday + DAY_US // 2
        await app.ingest.accept(
            [a_write("1", started=midnight - 1), a_write("2", started=midnight)]
        )
        rows = (await client.get("/-/api/summary?group_by=week&summary=total")).json()["summary"]
        assert rows == [
            {"week": "2025-12-29T00:00:00Z", "total": 1},
            {"week": "2026-01-05T00:00:00Z", "total": 1},
        ]

    play(tmp_path, scenario)


def test_buckets_of_a_zone_begin_by_its_clock_and_show_its_offset(tmp_path: Path):
    async def scenario(app, client):
        instants = ["2026-03-28T23:30", "2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T22:30"]
        times = [parse_iso(text) for text in instants]
        await app.ingest.accept([a_write(str(us), started=us) for us in times])

        async def ask(group: str, **more: str) -> list[Any]:
            query = {"group_by": group, "zone": "Europe/Berlin", "summary": "total", **more}
            answer = await client.get("/-/api/summary", params=query)
            return [list(row.values()) for row in answer.json()["summary"]]

        assert await ask("day") == [
            ["2026-03-29T00:00:00+01:00", 3],
            ["2026-03-30T00:00:00+02:00", 1],
        ]
        assert await ask("hour", order_by="hour desc", limit="2") == [
            ["2026-03-30T00:00:00+02:00", 1],
            ["2026-03-29T03:00:00+02:00", 1],
        ]
        assert await ask("quarter", having="total > 3") == [["2026-01-01T00:00:00+01:00", 4]]
        assert await ask("year finished") == [[None, 4]]
        assert await ask("started", limit="1") == [["2026-03-28T23:30:00Z", 1]]

    play(tmp_path, scenario)
