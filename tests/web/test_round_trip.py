"""Everything of one server, read by its own API and written into another, is there again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from tests.apps import an_app

from runwell.demo.load import samples
from runwell.query import FIELDS

OWN = {"seq", "arrival", "received"}  # what each server tells for itself
TEKTON = "/apis/results.tekton.dev/v1alpha2/parents/-/results"
RESULTS = f"{TEKTON}?page_size=1000"
ANSWERS = [
    "/api/v1/metrics/?per_page=1000",
    "/api/v1/contexts/",
    "/api/v1/sessions/",
    "/api/v1/components/",
    "/api/v1/components/count",
    "/api/v1/pipelines/",
    "/api/v1/resources/memory/head/9/metrics",
    "/api/v1/event/?tag=service:web",
    "/api/v1/event/?tag=type:deploy",
    f"{TEKTON}/-/records?page_size=1000",
    f"{TEKTON}/-/records?filter=data_type%3D%3D%22tekton.dev/v1.TaskRun%22",
    f"{TEKTON}/-/records/summary?group_by=pipeline&summary=total,avg_duration",
]
RELATIONS = ["trunk_events", "metrics_pipeline", "metrics_build", "metrics_job"]
TIMED = quote("kind != 'context'")  # that has no time but that of its arrival
SUMMARIES = [
    f"/-/api/summary?filter={TIMED}{more}"
    for more in ("", "&group_by=source,status", "&group_by=week,kind", "&group_by=pipeline")
]
JSON = {"content-type": "application/json"}
Page = list[msgspec.Raw]


class Events(msgspec.Struct):
    events: Page
    next_page_token: str


async def everything(client: httpx.AsyncClient) -> Page:
    """All events with all fields, in the order of their arrival, byte for byte."""
    found: Page = []
    token = ""
    while True:
        asked = {"order_by": "arrival asc", "limit": "1000", "fields": ",".join(FIELDS)}
        answer = await client.get("/-/api/events", params={**asked, "page_token": token})
        page = msgspec.json.decode(answer.content, type=Events)
        found += page.events
        if not (token := page.next_page_token):
            return found


async def load(client: httpx.AsyncClient, events: Page) -> dict[str, int]:
    total = {"created": 0, "existed": 0, "replaced": 0}
    for first in range(0, len(events), 1_000):
        body = msgspec.json.encode({"events": events[first : first + 1_000]})
        answer = await client.post("/-/api/events", content=body)
        assert answer.status_code == 200, answer.text
        total = {name: total[name] + count for name, count in answer.json().items()}
    return total


def told(events: Page) -> list[dict[str, Any]]:
    """What the sender told; the time of an event without one is that of its arrival."""
    decoded = [msgspec.json.decode(event) for event in events]
    return [
        {
            name: value
            for name, value in event.items()
            if name not in OWN and (name != "time" or event["started"] or event["created"])
        }
        for event in decoded
    ]


def moved(data: Path, look: Callable[..., Any]) -> None:
    """Fill one server by the protocols, move its events to another, and look at both."""

    async def main() -> None:
        async with an_app(data / "old") as (_, old), an_app(data / "new") as (_, new):
            for request in samples(date(2026, 11, 20), 1, 2_000):
                answer = await old.post(request.path, content=request.body, headers=JSON)
                assert answer.status_code in request.good
            events = await everything(old)
            assert await load(new, events) == {"created": len(events), "existed": 0, "replaced": 0}
            await look(old, new, events)

    asyncio.run(main())


def test_all_events_of_all_protocols_are_there_again(tmp_path: Path):
    async def look(old: httpx.AsyncClient, new: httpx.AsyncClient, events: Page) -> None:
        sources = {msgspec.json.decode(event)["source"] for event in events}
        assert sources == {"ets", "pipeline_metrics", "pytest_monitor", "tekton", "trunk"}
        assert told(await everything(new)) == told(events)
        for address in SUMMARIES:
            first, second = await old.get(address), await new.get(address)
            assert (first.status_code, first.json()) == (200, second.json())
        same = {"created": 0, "existed": len(events), "replaced": 0}
        assert await load(old, events) == same
        assert await load(new, events) == same

    moved(tmp_path, look)


def test_each_protocol_answers_the_same_of_them(tmp_path: Path):
    async def look(old: httpx.AsyncClient, new: httpx.AsyncClient, _events: Page) -> None:
        for address in ANSWERS:
            first, second = await old.get(address), await new.get(address)
            assert (first.status_code, second.status_code) == (200, 200), address
            assert first.content == second.content, address
        for relation in RELATIONS:
            question = {"sql": f"SELECT * EXCLUDE (id) FROM {relation} ORDER BY ALL"}
            first, second = [await c.post("/-/api/sql", json=question) for c in (old, new)]
            assert first.json()["rows"], relation
            assert first.json() == second.json(), relation
        results = (await new.get(RESULTS)).json()
        assert results == {"results": []}  # as lists of events leave them out

    moved(tmp_path, look)


def test_results_that_are_moved_too_are_as_they_were(tmp_path: Path):
    async def look(old: httpx.AsyncClient, new: httpx.AsyncClient, _events: Page) -> None:
        listed = (await old.get(RESULTS)).json()["results"]
        assert listed
        lines = (await old.get("/-/api/export?kinds=all")).content.splitlines()
        there = (await old.get("/-/api/summary?summary=total")).json()["summary"][0]["total"]
        assert (await load(new, [msgspec.Raw(line) for line in lines]))["existed"] == there
        assert (await new.get(RESULTS)).content == (await old.get(RESULTS)).content

        owner = listed[0]["name"]
        address = f"/apis/results.tekton.dev/v1alpha2/parents/{owner}"
        assert (await new.get(f"{address}/records")).json()["records"]
        assert (await new.delete(address)).status_code == 200
        assert (await new.get(f"{address}/records")).json()["records"] == []

    moved(tmp_path, look)


@pytest.mark.parametrize("attempts", [1, 3])
def test_attempts_of_a_run_go_on_where_they_were_moved_to(tmp_path: Path, attempts: int):
    sequence = {"platform": "jenkins", "kind": "pipeline", "key": "web", "name": "web"}
    repo = {"host": "github.com", "owner": "acme", "name": "web"}

    def run(number: int) -> dict[str, Any]:
        start = 1_717_400_000_000 + number * 100_000
        told = {"id": "1", "chainId": "1", "createdAt": start, "finishedAt": start + 1_000}
        return {
            "repo": repo,
            "events": [{**told, "conclusion": "SUCCESS", "sequence": sequence}],
        }

    async def main() -> None:
        address = "/v1/metrics/trackEvents"
        async with an_app(tmp_path / "old") as (_, old), an_app(tmp_path / "new") as (_, new):
            for number in range(attempts):
                assert (await old.post(address, json=run(number))).status_code == 200
            await load(new, await everything(old))
            for server in (old, new):
                repeated = (await server.post(address, json=run(0))).json()
                added = (await server.post(address, json=run(9))).json()
                assert (repeated["created"], added["created"]) == (0, 1)
            assert told(await everything(new)) == told(await everything(old))

    asyncio.run(main())
