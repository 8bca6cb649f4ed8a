"""`/-/api/fields`: what questions may name."""

from __future__ import annotations

from pathlib import Path

from tests.apps import play
from tests.builders import a_write

from runwell.model import Kind
from runwell.query import ABOUT, FIELDS

WRITES = [
    a_write("1", tags={"team": ["a", "b"], "k": ["x"]}, metrics={"m": 1.0}, name="one"),
    a_write("2", tags={"team": ["a"]}, links={"log": "https://x"}),
    a_write("3", tags={"hidden": ["a"]}, kind=Kind.SEQUENCE),
]


def test_fields_come_with_types_and_descriptions(tmp_path: Path):
    async def scenario(_app, client):
        answer = (await client.get("/-/api/fields")).json()
        assert answer["fields"] == [
            {"name": name, "type": FIELDS[name], "about": ABOUT[name]} for name in FIELDS
        ]
        assert {"total", "failed", "p95(X)"} <= set(answer["measures"])
        assert {"minute", "week", "year"} <= set(answer["buckets"])
        assert {"startsWith", "has", "getHours"} <= set(answer["functions"])

    play(tmp_path, scenario)


def test_names_come_with_the_events_that_have_them(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept(WRITES)
        answer = (await client.get("/-/api/fields")).json()
        assert answer["tags"] == [{"name": "team", "events": 2}, {"name": "k", "events": 1}]
        assert answer["metrics"] == [{"name": "m", "events": 1}]
        assert answer["links"] == [{"name": "log", "events": 1}]

    play(tmp_path, scenario)


def test_names_are_those_of_the_filtered_events_and_no_more_than_asked_for(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept(WRITES)
        only = (await client.get("/-/api/fields", params={"filter": 'name == "one"'})).json()
        assert only["tags"] == [{"name": "k", "events": 1}, {"name": "team", "events": 1}]
        assert only["links"] == []
        first = (await client.get("/-/api/fields?limit=1")).json()
        assert first["tags"] == [{"name": "team", "events": 2}]

    play(tmp_path, scenario)


def test_a_mistake_is_named(tmp_path: Path):
    async def scenario(_app, client):
        for query, pointer in (("filtr=x", "filtr"), ("limit=0", "limit"), ("filter=1", "filter")):
            answer = await client.get(f"/-/api/fields?{query}")
            assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)

    play(tmp_path, scenario)
