"""`ets_events`: events as SQL sees them."""

from __future__ import annotations

from pathlib import Path

from tests.apps import play

EVENT = {
    "id": "deploy-1",
    "source_id": "job-7",
    "parent_id": "commit-1",
    "start_time": "2026-01-01T12:00:00Z",
    "end_time": "2026-01-01T12:02:00Z",
    "description": "web 1.8",
    "detail_urls": {"build": "https://ci/7"},
    "tags": {
        "type": ["deploy"],
        "service": ["web"],
        "environment": ["prod"],
        "author": ["kim"],
        "status": ["pending", "success"],
    },
}


def test_an_event_has_the_fields_of_its_api_and_what_its_tags_mean(tmp_path: Path):
    async def scenario(_app, client):
        assert (await client.put("/api/v1/event/", json={"event": EVENT})).status_code == 200
        question = {"sql": "SELECT * EXCLUDE (update_time) FROM ets_events"}
        (row,) = (await client.post("/-/api/sql?shape=objects", json=question)).json()
        assert row == {
            **EVENT,
            "arrival": 1,
            "kind": "deploy",
            "type": "deploy",
            "status": "succeeded",
            "service": "web",
            "environment": "prod",
            "author": "kim",
            "duration": 120.0,
        }

    play(tmp_path, scenario)


def test_what_is_not_told_is_empty_or_null(tmp_path: Path):
    async def scenario(_app, client):
        await client.put("/api/v1/event/", json={"event": {"id": "1"}})
        question = {
            "sql": "SELECT source_id, parent_id, tags, type, service, author FROM ets_events"
        }
        answer = (await client.post("/-/api/sql", json=question)).json()
        assert answer["rows"] == [["", "", {}, None, "", None]]

    play(tmp_path, scenario)
