"""Every recorded or documented request: the status it gets, and what is stored of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.apps import play

from runwell.tokens import Tokens

CASES = Path(__file__).parents[2] / "cases" / "trunk.json"
BY_ID = {case["id"]: case for case in json.loads(CASES.read_text("utf-8"))["cases"]}


def body_of(case: dict[str, Any]) -> bytes:
    return case["raw_body"].encode() if "raw_body" in case else json.dumps(case["body"]).encode()


def expected(name: str, value: Any, event: dict[str, Any]) -> None:
    """One line of a case's `check` about the stored event."""
    if name == "status":
        is_running = event["status"] == "running"
        assert is_running == (value == "running")
        assert is_running == (event["finished"] is None)
    elif name.startswith("metrics."):
        assert event["metrics"][name.removeprefix("metrics.")] == value
    elif name == "duration_ms":
        assert event["duration"] == value / 1000
    else:
        assert event[name] == value


def check(
    case: dict[str, Any], stored: list[dict[str, Any]], sequences: list[dict[str, Any]]
) -> None:
    """Compare what is stored with the case."""
    request = json.loads(body_of(case))
    scope = "/".join(request["repo"][name] for name in ("host", "owner", "name"))
    sent = request["events"][0]
    same_id = [event for event in stored if event["id"] == sent["id"]]
    here = [event for event in same_id if event["scope"] == scope]
    counts = {"events_with_id": len(here), "events_with_id_all_repos": len(same_id)}
    for name, value in case["expect"].get("check", {}).items():
        if name in counts:
            assert counts[name] == value
        elif name.startswith("sequence."):
            (found,) = [row for row in sequences if row["key"] == sent["sequence"]["key"]]
            expected(name.removeprefix("sequence."), value, found)
        else:
            expected(name, value, here[0])


@pytest.mark.parametrize("case", BY_ID.values(), ids=lambda case: case["id"])
def test_a_recorded_request_is_answered_and_stored_as_it_should(case: dict, tmp_path: Path):
    token = Tokens(tmp_path).create("ci", ("read", "write"))

    async def send(client, one: dict[str, Any]):
        headers = {name: value.replace("<valid>", token) for name, value in one["headers"].items()}
        return await client.request(
            one["method"], one["path"], headers=headers, content=body_of(one)
        )

    async def scenario(_app, client):
        async def prepare(one: dict[str, Any]) -> None:
            for name in one["prior"]:
                await prepare(BY_ID[name])
                assert (await send(client, BY_ID[name])).status_code == 200

        await prepare(case)
        before = await everything(client, token)
        answer = await send(client, case)
        assert answer.status_code == case["expect"]["status"], answer.text
        after = await everything(client, token)
        if case["expect"]["accepted"]:
            events = json.loads(body_of(case))["events"]
            assert answer.json()["tracked"] == len(events)
            assert {event["id"] for event in events} <= {event["id"] for event in after}
            check(case, after, await all_sequences(client, token))
        else:
            assert after == before
            error = answer.json()["error"]
            assert "\n" not in answer.text
            assert len(answer.text) < 500
            assert error["message"].startswith(error.get("path", ""))
        if answer.status_code == 405:
            assert answer.headers["allow"] == "POST"

    play(tmp_path, scenario)


async def everything(client, token: str) -> list[dict[str, Any]]:
    answer = await client.get(
        "/-/api/events?limit=10000", headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["events"]


async def all_sequences(client, token: str) -> list[dict[str, Any]]:
    answer = await client.post(
        "/-/api/sql?shape=objects",
        json={"sql": "SELECT key, name, platform FROM trunk_sequences"},
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_cases_check_something():
    assert sum(len(case["expect"].get("check", {})) for case in BY_ID.values()) >= 10
