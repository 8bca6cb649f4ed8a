"""docs/schema.md is what the code has, and its examples are answered."""

from __future__ import annotations

import re
from datetime import date
from itertools import islice
from pathlib import Path

import httpx
from tests.apps import play

from runwell.demo import ets, pipeline_metrics, pytest_monitor, tekton, trunk
from runwell.query import Relation

PAGE = (Path(__file__).parents[1] / "docs" / "schema.md").read_text("utf-8")
JSON_TYPE = {"Content-Type": "application/json"}
UNTOLD = {"duration_pull", "duration_up_without_pull"}  # by the demo's jobs
SAMPLES = ((pytest_monitor, 200), (pipeline_metrics, 400), (trunk, 80), (ets, 200), (tekton, 300))


def shown(relation: Relation) -> tuple[str, str]:
    """What stands before the example of a relation, and the table behind it."""
    about = relation.about[0].upper() + relation.about[1:]
    rows = [f"| `{column.name}` | {column.type} | {column.about} |" for column in relation.columns]
    table = "\n".join(["| column | type | |", "|---|---|---|", *rows])
    return f"## {relation.name}\n\n{about}.", table


def test_the_schema_page_has_every_relation_as_it_is(tmp_path: Path):
    async def scenario(app, _client):
        relations = app.store.columns.relations()
        _, *sections = re.split(r"^(?=## )", PAGE, flags=re.MULTILINE)
        assert [section.split()[1] for section in sections] == list(relations)
        for section, relation in zip(sections, relations.values(), strict=True):
            parts = re.fullmatch(r"(.*?)\n\n```sql\n.*?\n```\n\n(.*?)\n+", section, re.DOTALL)
            assert parts, section
            assert parts.groups() == shown(relation)

    play(tmp_path, scenario)


def test_every_example_of_the_schema_page_finds_something(tmp_path: Path):
    examples = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)

    async def scenario(app, client):
        await load_samples(client)
        assert len(examples) == len(app.store.columns.relations())
        for sql in examples:
            answer = await client.post("/-/api/sql", json={"sql": sql})
            assert answer.status_code == 200, (sql, answer.text)
            assert answer.json()["rows"], sql

    play(tmp_path, scenario)


def test_every_column_of_every_relation_tells_something(tmp_path: Path):
    async def scenario(app, client):
        await load_samples(client)
        for relation in app.store.columns.relations().values():
            counts = ", ".join(f'count("{column.name}")' for column in relation.columns)
            question = {"sql": f"SELECT {counts} FROM {relation.name}"}
            (row,) = (await client.post("/-/api/sql", json=question)).json()["rows"]
            names = [column.name for column in relation.columns]
            empty = {name for name, count in zip(names, row, strict=True) if not count}
            assert empty <= UNTOLD, relation.name

    play(tmp_path, scenario)


def test_the_sources_that_tell_of_waits_are_those_of_the_reference(tmp_path: Path):
    async def scenario(_app, client):
        await load_samples(client)
        waits = {"sql": "SELECT source, min(queue) FROM events WHERE queue IS NOT NULL GROUP BY 1"}
        rows = (await client.post("/-/api/sql", json=waits)).json()["rows"]
        assert {source for source, least in rows if least >= 0} == {"trunk", "tekton"}
        asked = {"filter": 'queue > duration("5s")', "fields": "queue", "limit": "5"}
        events = (await client.get("/-/api/events", params=asked)).json()["events"]
        assert len(events) == 5
        assert all(event["queue"] > 5 for event in events)

    play(tmp_path, scenario)


async def load_samples(client: httpx.AsyncClient) -> None:
    """Some of what the demo sends, of every protocol."""
    for source, count in SAMPLES:
        for request in islice(source.requests(date(2026, 11, 20), 1), count):
            answer = await client.post(request.path, content=request.body, headers=JSON_TYPE)
            assert answer.status_code in request.good
