"""Hundreds of injections in every place where a text is read: nothing of any of them has an effect."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from tests.hostile.payloads import PAYLOADS, QUESTIONS
from tests.hostile.refusals import check_refusal
from tests.hostile.test_questions import ask, encoded, filled, reading
from tests.hostile.world import World
from tests.pgwire.serving import Serving

SECRET = "a-secret-of-this-machine"
TURN = count()


class Trap:
    """A file that nobody may read, a folder that nobody may write to, an address that nobody may call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "secret.csv"
        self.file.write_text(f"a\n{SECRET}\n")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def bait(self, payload: str) -> str:
        for name, value in (("file", self.file), ("folder", self.folder), ("url", self.url)):
            payload = payload.replace(f"{{{name}}}", str(value))
        return payload

    def check(self) -> None:
        assert [file.name for file in self.folder.iterdir()] == ["secret.csv"]
        with pytest.raises(BlockingIOError):
            self.listener.accept()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    folder = tmp_path / "trap"
    folder.mkdir()
    found = Trap(folder)
    yield found
    found.check()
    found.listener.close()


def places(world: World) -> list[tuple[str, str]]:
    """Protocol and address, with `{here}` where the text goes: each path and each parameter."""
    found: list[tuple[str, str]] = []
    for protocol, path, inside, asked in reading(world):
        found += [(protocol, filled(path, {name: "{here}"})) for name in inside]
        found += [(protocol, f"{filled(path, {})}?{name}={{here}}") for name in asked]
    return found


def test_no_address_and_no_parameter_is_a_way_into_a_query(world: World, trap: Trap):
    before = world.print()
    turns = places(world)
    for payload in PAYLOADS:
        text = encoded(trap.bait(payload))
        protocol, path = turns[next(TURN) % len(turns)]
        said = ask(world, protocol, path.replace("{here}", text))
        assert SECRET.encode() not in said.body, path
    for payload in PAYLOADS[::3]:
        word = encoded("name == " + json.dumps(trap.bait(payload)))
        said = ask(world, "runwell", f"/-/api/events?filter={word}")
        assert said.status == 400 or said.json["events"] == [], payload
    assert world.print() == before
    assert world.errors() == []


def test_no_header_is_a_way_in(world: World, trap: Trap):
    before = world.print()
    for payload in PAYLOADS[::4]:
        text = trap.bait(payload).encode()
        for name in (
            "authorization",
            "x-api-token",
            "user-agent",
            "accept",
            "x-source",
            "host",
            "cookie",
        ):
            said = world.ask("GET", "/-/api/relations", headers={name: text})
            assert said.status in (200, 400, 401, 403, 421), (name, said)
            assert SECRET.encode() not in said.body
    assert world.print() == before
    assert world.errors() == []


@pytest.mark.parametrize("shape", ["text", "value"])
def test_no_sql_has_an_effect(world: World, trap: Trap, shape: str):
    before = world.print()
    for payload in PAYLOADS if shape == "value" else [*QUESTIONS, *PAYLOADS[:160:8]]:
        text = trap.bait(payload)
        asked = {"sql": text} if shape == "text" else {"sql": "SELECT ? AS x", "params": [text]}
        said = world.ask("POST", "/-/api/sql", json.dumps(asked).encode())
        if shape == "value":
            assert said.json["rows"] == [[text]]
        elif said.status == 200:
            assert SECRET.encode() not in said.body, text
        else:
            check_refusal("runwell", said)
    assert world.print() == before
    assert world.errors() == []


def answered(client: psycopg.Connection, text: str) -> tuple[str, str]:
    """The rows as a text and no SQLSTATE, or what was said and the SQLSTATE."""
    try:
        return str(client.execute(text).fetchall()), ""  # type: ignore[arg-type]
    except psycopg.Error as error:
        client.execute("ROLLBACK")
        return str(error), error.sqlstate or ""


def test_no_sql_of_a_postgresql_client_has_an_effect(trap: Trap, tmp_path: Path):
    with Serving(tmp_path / "data", query_seconds_max=2.0) as serving, serving.connect() as client:
        files = sorted(str(file) for file in (tmp_path / "data").iterdir())
        for payload in QUESTIONS:
            text = trap.bait(payload)
            told, state = answered(client, text)
            assert SECRET not in told, text
            assert state[:2] not in ("XX", "58"), (text, told)  # an error inside, or of the system
        assert client.execute("SELECT count(*) FROM events").fetchone() == (0,)
        assert client.execute("SELECT current_user = 'postgres'").fetchone() in ((False,), (None,))
        assert sorted(str(file) for file in (tmp_path / "data").iterdir()) == files
