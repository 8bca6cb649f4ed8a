"""`/-/api/relations`: what SQL may read."""

from __future__ import annotations

from pathlib import Path

from tests.apps import play

from runwell.query import ABOUT


def test_every_relation_is_answered_with_its_columns(tmp_path: Path):
    async def scenario(app, client):
        relations = (await client.get("/-/api/relations")).json()["relations"]
        assert [one["name"] for one in relations] == list(app.store.columns.relations())
        events, tags, *_ = relations
        assert events["about"].startswith("every event of every protocol")
        assert events["columns"][2] == {
            "name": "received",
            "type": "TIMESTAMP",
            "about": ABOUT["received"],
        }
        assert tags["columns"][-1] == {
            "name": "value",
            "type": "VARCHAR",
            "about": "one of its values",
        }

    play(tmp_path, scenario)


def test_what_is_answered_can_be_read(tmp_path: Path):
    async def scenario(_app, client):
        for relation in (await client.get("/-/api/relations")).json()["relations"]:
            question = {"sql": f"SELECT * FROM {relation['name']}"}
            answer = (await client.post("/-/api/sql", json=question)).json()
            names = [column["name"] for column in relation["columns"]]
            assert [column["name"] for column in answer["columns"]] == names

    play(tmp_path, scenario)


def test_a_parameter_is_refused(tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get("/-/api/relations?name=events")
        assert (answer.status_code, answer.json()["pointer"]) == (400, "name")

    play(tmp_path, scenario)
