"""A month of every protocol, half of it rolled up: what is kept is answered as if nothing was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.apps import play

from runwell.demo import load
from runwell.model.times import now_us

TODAY = date(2026, 5, 20)
NOW_US = now_us(datetime.combine(TODAY, time(), tzinfo=UTC))
EVENTS = 500
SUMMARY = "/-/api/summary?summary=total,failed,success_rate,p95_duration,sum(duration),last_run"
RECORDS = "/apis/results.tekton.dev/v1alpha2/parents/-/results/-/records"
MEASURES = "total,succeeded,failed,cancelled,running,others,last_runtime,avg_duration,max_duration"
QUESTIONS = [
    f"{SUMMARY}&group_by={groups}"
    for groups in (
        "source,kind,week",
        "source,name,status",
        "pipeline,ref,repo,namespace",
        "platform,component,event_type,client",
        "source,attempt,tags.team",
        "tags.type,tags.item_path,tags.is_main",
        "month&zone=Asia/Kolkata",
    )
] + [
    "/-/api/summary?summary=p50(metrics.cpu_usage),avg(metrics.duration_e2e)&group_by=source,week",
    "/-/api/series?bucket=day&group_by=source&summary=total,avg_duration",
    f"{RECORDS}/summary?summary={MEASURES}",
    f"{RECORDS}/summary?summary={MEASURES}&group_by=pipeline",
    f"{RECORDS}/summary?summary={MEASURES}&group_by=week startTime",
    f"{RECORDS}/summary?group_by=repository&filter=data.metadata.namespace != 'x'",
    f"{RECORDS}/summary?filter=data_type==TASK_RUN %26%26 data.status.conditions[0].reason=='Failed'",
]
LISTS = {
    "/api/v1/metrics/": ("metrics", "/api/v1/metrics/count"),
    "/api/v1/sessions/": ("sessions", "/api/v1/sessions/count"),
    "/api/v1/contexts/": ("contexts", "/api/v1/contexts/count"),
}


def close_to(answer: Any) -> Any:
    """Numbers up to the order in which an engine adds them up."""
    if isinstance(answer, float):
        return float(f"{answer:.9g}")
    if isinstance(answer, dict):
        return {name: close_to(value) for name, value in answer.items()}
    return [close_to(value) for value in answer] if isinstance(answer, list) else answer


async def load_month(client) -> None:
    for request in load.samples(TODAY, 1, EVENTS):
        reply = await client.post(request.path, content=request.body, headers=load.HEADERS)
        assert reply.status_code in request.good


async def answers(client) -> dict[str, Any]:
    found = {}
    for path in QUESTIONS:
        reply = await client.get(path)
        assert reply.status_code == 200, (path, reply.text)
        found[path] = close_to(reply.json())
    return found


async def listed(client) -> list[dict[str, Any]]:
    reply = await client.get("/-/api/export?kinds=all&format=ndjson")
    assert reply.status_code == 200, reply.text
    return [event for event in map(json.loads, reply.text.splitlines()) if "id" in event]


def addresses(events: list[dict[str, Any]]) -> Iterator[str]:
    """Where protocols answer single events."""
    for event in events:
        id_, parent = event["id"], event["scope"]
        match event["source"], event["kind"]:
            case "pytest_monitor", "test":
                yield f"/api/v1/sessions/{event['chain']}"
                yield f"/api/v1/contexts/{event['tags']['context_h'][0]}"
            case "ets", _:
                yield f"/api/v1/event/{id_}"
            case "tekton", "result":
                yield f"/apis/results.tekton.dev/v1alpha2/parents/{parent}/results/{id_}"
            case "tekton", _:
                result, record = id_.split("/")
                above = f"/apis/results.tekton.dev/v1alpha2/parents/{parent}/results/{result}"
                yield above
                yield f"{above}/records/{record}"


def test_summaries_are_the_same_and_what_is_kept_is_answered(tmp_path: Path):
    async def scenario(app, client):
        await app.retention.stop()
        await load_month(client)
        everything, before = await listed(client), await answers(client)
        total = (await client.get("/-/api/summary?summary=total")).json()["summary"][0]["total"]

        gone = await app.retention.sweep(NOW_US)

        assert await answers(client) == before
        kept = await listed(client)
        assert 100 < len(kept) == len(everything) - sum(gone.values())
        sources = {event["source"] for event in kept}
        assert sources == {event["source"] for event in everything}
        old = f"time < timestamp('{date(2026, 5, 5)}T00:00:00Z') && kind != 'context'"
        found = (await client.get("/-/api/events", params={"filter": old})).json()["events"]
        assert found == []
        for path in sorted(set(addresses(kept))):
            assert (await client.get(path)).status_code == 200, path
        for event in kept[::20]:
            path = "/".join(quote(event[name], "") for name in ("source", "scope", "id"))
            assert (await client.get(f"/-/api/events/{path}/tree")).status_code == 200, path
        for path, (name, counted) in LISTS.items():
            page = await client.get(f"{path}?per_page=10000")
            assert len(page.json()[name]) == (await client.get(counted)).json()["count"]
        for sql, expected in (
            ("SELECT count(*) FROM events", total),
            ("SELECT count(*) FROM events WHERE rolled_up", total - len_of_events(kept)),
            ("SELECT count(*) FROM pytest_tests", count_of(kept, "pytest_monitor", "test")),
            ("SELECT count(*) FROM trunk_events WHERE name = ''", 0),
            ("SELECT count(*) FROM tekton_runs WHERE record = ''", 0),
            (
                "SELECT count(*) FROM metrics_pipeline",
                count_of(kept, "pipeline_metrics", "pipeline"),
            ),
            ("SELECT count(*) - count(DISTINCT arrival) FROM events", 0),
        ):
            reply = (await client.post("/-/api/sql", json={"sql": sql})).json()
            assert reply["rows"] == [[expected]], sql

    play(tmp_path, scenario, retention="*/*=15d", free_bytes_min=0)


def len_of_events(events: list[dict[str, Any]]) -> int:
    return sum(event["kind"] not in ("sequence", "result") for event in events)


def count_of(events: list[dict[str, Any]], source: str, kind: str) -> int:
    return sum((event["source"], event["kind"]) == (source, kind) for event in events)
