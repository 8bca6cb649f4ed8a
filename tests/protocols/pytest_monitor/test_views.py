"""`pytest_sessions`, `pytest_tests`, `pytest_contexts`: the original's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
from tests.apps import play
from tests.protocols.pytest_monitor.bodies import a_context, a_metric, a_session


async def rows(client: httpx.AsyncClient, relation: str) -> list[dict[str, Any]]:
    question = {"sql": f"SELECT * FROM {relation}"}
    answer = await client.post("/-/api/sql?shape=objects", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_has_what_was_sent_under_the_names_of_its_table(tmp_path: Path):
    async def scenario(_app, client):
        for path, body in (
            ("contexts", a_context()),
            ("sessions", a_session()),
            ("metrics", a_metric()),
        ):
            assert (await client.post(f"/api/v1/{path}/", json=body)).status_code == 201
        (context,) = await rows(client, "pytest_contexts")
        sent = a_context()
        names = {"env_h": "h", "cpu_frequency_mhz": "cpu_frequency", "ram_total_mb": "ram_total"}
        assert context == {name: sent[names.get(name, name)] for name in context}
        (session,) = await rows(client, "pytest_sessions")
        assert session == {
            "session_h": "s1",
            "run_date": "2026-01-01T12:00:00Z",
            "scm_ref": "cafe",
            "description": '{"pipeline_branch":"main","pipeline_build_no":"7","description":"mine"}',
            "tags": {
                "pipeline_branch": ["main"],
                "pipeline_build_no": ["7"],
                "description": ["mine"],
            },
        }
        (test,) = await rows(client, "pytest_tests")
        start = {"item_pk": 3, "item_start_time": "2026-01-01T12:00:00.500000Z"}
        assert test == {**a_metric(), **start}

    play(tmp_path, scenario)


def test_what_was_left_out_does_not_fail_the_others(tmp_path: Path):
    async def scenario(_app, client):
        await client.post("/api/v1/contexts/", json=a_context(cpu_count=2**63 - 1, cpu_vendor=None))
        await client.post("/api/v1/sessions/", json=a_session(description={}, scm_ref=None))
        (context,) = await rows(client, "pytest_contexts")
        assert (context["cpu_count"], context["cpu_vendor"]) == (None, None)
        (session,) = await rows(client, "pytest_sessions")
        assert (session["description"], session["tags"], session["scm_ref"]) == ("{}", {}, "")

    play(tmp_path, scenario)
