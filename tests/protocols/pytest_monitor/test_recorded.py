"""What the real plugin sent to a recorder, replayed: every post is accepted, every metric kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.apps import play

CASES = Path(__file__).parents[2] / "cases" / "pytest_monitor.json"
RUNS = json.loads(CASES.read_text("utf-8"))["runs"]


def as_bytes(body) -> bytes:
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run["name"][:40])
def test_a_recorded_run_is_accepted_and_kept(run: dict, tmp_path: Path):
    posted: dict[str, int] = {"contexts": 0, "sessions": 0, "metrics": 0}

    async def scenario(_app, client):
        seen: set[str] = set()
        for request in run["requests"]:
            if request["method"] == "GET":
                known = request["path"] in seen
                answer = await client.get(request["path"])
                assert answer.status_code == (200 if known else 204)
                continue
            body = as_bytes(request["body"])
            answer = await client.post(request["path"], content=body)
            assert answer.status_code == 201, answer.text
            name = request["path"].strip("/").split("/")[2]
            sent = json.loads(body)
            assert sent.items() <= {**answer.json(), "description": sent.get("description")}.items()
            key = json.dumps(sent, sort_keys=True)
            if name == "contexts":
                seen.add(f"/api/v1/contexts/{sent['h']}")
            if key not in seen:
                posted[name] += 1
                seen.add(key)
        for name, count in posted.items():
            assert (await client.get(f"/api/v1/{name}/count")).json() == {"count": count}

    play(tmp_path, scenario)
