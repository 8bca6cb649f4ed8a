"""What the original answered, exchange by exchange: the same here, or listed with its reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.apps import play

import runwell.protocols.ets

FOLDER = Path(runwell.protocols.ets.__path__[0])
CASES = Path(__file__).parents[2] / "cases" / "ets.json"
EXCHANGES = json.loads(CASES.read_text("utf-8"))["exchanges"]
MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
CLOCK = re.compile(r"20(2[6-9]|[3-9]\d)-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00")


def without_chance(text: str) -> str:
    """Without the ids that a server makes up and the times of its clock."""
    return CLOCK.sub("<now>", MADE_UP.sub("<uuid>", text))


def listed(*, with_insert: bool) -> set[str]:
    """The labels in the first column of the README's table of differences.

    Those that differ because an unknown event is stored by a merge stand in a row of their own.
    """
    text = (FOLDER / "README.md").read_text("utf-8").split("## DIFFERS", 1)[1]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    rows = [line.split("|")[1] for line in lines if with_insert or "ets_insert_default" not in line]
    labels = {label for row in rows for label in re.findall(r"`([^`]+)`", row)}
    return labels & {exchange["label"] for exchange in EXCHANGES}


def test_every_difference_has_its_reason():
    text = (
        (FOLDER / "README.md").read_text("utf-8").split("## DIFFERS", 1)[1].split("Further", 1)[0]
    )
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) >= 15
    assert [row[1] for row in rows if not row[4].strip()] == []


def content_of(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


@pytest.mark.parametrize("with_insert", [True, False])
def test_every_exchange_is_answered_the_same_or_listed(with_insert: bool, tmp_path: Path):
    different = set()

    async def scenario(_app, client):
        for exchange in EXCHANGES:
            answer = await client.request(
                exchange["method"],
                exchange["path"],
                headers=exchange["req_headers"],
                content=content_of(exchange["body"]),
            )
            assert answer.status_code < 500
            same = (
                answer.status_code == exchange["status"]
                and without_chance(answer.text) == without_chance(exchange["response"])
                and answer.headers["content-type"] == exchange["ctype"]
            )
            if not same:
                different.add(exchange["label"])

    play(tmp_path, scenario, ets_insert_default=with_insert)
    assert different == listed(with_insert=with_insert)
    assert len(EXCHANGES) - len(different) == (52 if with_insert else 55)


@pytest.mark.parametrize(("default", "status"), [(True, 200), (False, 404)])
def test_an_unknown_event_is_stored_by_a_merge_as_the_setting_says(
    default: bool, status: int, tmp_path: Path
):
    async def scenario(_app, client):
        answer = await client.post("/api/v1/event/", json={"event": {"id": "ghost"}})
        assert answer.status_code == 200
        assert answer.headers.get("x-ets-stored") == (None if default else "false")
        assert (await client.get("/api/v1/event/ghost")).status_code == status

        for insert in (False, True):
            body = {"event": {"id": f"said-{insert}"}, "insert": insert}
            assert (await client.post("/api/v1/event/", json=body)).status_code == 200
            found = await client.get(f"/api/v1/event/said-{insert}")
            assert found.status_code == (200 if insert else 404)

    play(tmp_path, scenario, ets_insert_default=default)


def test_every_spelling_of_an_address_is_answered(tmp_path: Path):
    async def scenario(_app, client):
        for number, path in enumerate(("event", "event/", "events", "events/")):
            body = {"event": {"id": f"a/{number}"}}
            assert (await client.put(f"/api/v1/{path}", json=body)).status_code == 200
            for spelled in ("event", "events"):
                for end in ("", "/"):
                    one = f"/api/v1/{spelled}/a%2F{number}"
                    assert (await client.get(one + end)).json()["id"] == f"a/{number}"
                    assert (await client.get(f"{one}/trace{end}")).json()[0]["id"] == f"a/{number}"
        assert (await client.get("/monitor/ping")).json() == {}
        for method, path, text in (
            ("PATCH", "/api/v1/event/", "405: Method Not Allowed"),
            ("GET", "/api/v1/event/a/b/c", "404: Not Found"),
        ):
            answer = await client.request(method, path)
            assert (answer.text, answer.headers["content-type"]) == (
                text,
                "text/plain; charset=utf-8",
            )

    play(tmp_path, scenario)


def test_the_swagger_document_names_what_it_refers_to(tmp_path: Path):
    async def scenario(_app, client):
        text = (await client.get("/api/swagger.json")).text
        document = json.loads(text)
        names = set(re.findall(r"#/definitions/(\w+)", text))
        assert names == set(document["definitions"])
        assert document["swagger"] == "2.0"
        assert set(document["paths"]["/api/v1/event/"]) == {"get", "put", "post"}

    play(tmp_path, scenario)
