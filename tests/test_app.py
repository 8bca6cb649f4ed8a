"""Discovery: a protocol from elsewhere is one entry point and no edit here."""

from __future__ import annotations

import asyncio
import dataclasses
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from tests.apps import an_app

from runwell.app import build
from runwell.config import BadSetting, Config
from runwell.datadir import InUse
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.model import Event, Write
from runwell.protocols import base
from runwell.protocols.base import Protocol, ProtocolClash, Services, discover

VIEWS = "CREATE OR REPLACE VIEW toys AS SELECT id AS toy FROM events WHERE source = 'toy'"


def endpoints(services: Services) -> list[Endpoint]:
    async def put_toy(call: Call) -> Answer:
        event = Event(source="toy", scope="box", id=call.params["name"], payload=call.body.decode())
        (written,) = await services.accept([Write(event)])
        return json_answer({"outcome": written.outcome})

    return [
        Endpoint(
            method="PUT",
            path="/toys/{name}",
            handle=put_toy,
            scope="write",
            summary="Put.",
            body=dict,
        )
    ]


TOY = Protocol(
    name="toy",
    title="Toys",
    claims=("/toys",),
    endpoints=endpoints,
    render_error=lambda error: json_answer({"broken": error.message}, error.status),
    views=VIEWS,
)


OURS = dataclasses.replace(TOY, name=base.OWN_NAME)


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch):
    entry = EntryPoint(name="toy", value="tests.test_app:TOY", group=base.ENTRY_POINTS)
    monkeypatch.setattr(base, "entry_points", lambda group: [entry] if group == entry.group else [])


def test_a_protocol_of_another_package_is_served_asked_about_and_described(
    announced, tmp_path: Path
):
    async def main() -> None:
        async with an_app(tmp_path) as (_, client):
            assert (await client.put("/toys/a%2Fb", content=b"{}")).json() == {"outcome": "created"}
            assert (await client.put("/toys/a%2Fb", content=b"{}")).json() == {"outcome": "existed"}
            assert (await client.get("/toys/x")).json()["broken"]
            summary = (await client.get("/-/api/summary?group_by=source&summary=total")).json()
            assert summary == {"summary": [{"source": "toy", "total": 1}]}
            rows = await client.post("/-/api/sql", json={"sql": "SELECT toy FROM toys"})
            assert rows.json()["rows"] == [["a/b"]]
            assert "/toys/{name}" in (await client.get("/-/openapi.json")).json()["paths"]
            assert "Toys" in (await client.get("/")).text

    asyncio.run(main())


def test_the_protocols_of_this_package_are_found():
    assert {"pipeline_metrics", "pytest_monitor"} <= {protocol.name for protocol in discover()}


def test_two_protocols_with_one_name_are_an_error(monkeypatch: pytest.MonkeyPatch):
    value = "runwell.protocols.pytest_monitor:PROTOCOL"
    entry = EntryPoint(name="x", value=value, group=base.ENTRY_POINTS)
    monkeypatch.setattr(base, "entry_points", lambda **_: [entry])
    with pytest.raises(ProtocolClash, match="pytest_monitor"):
        discover()


def test_our_own_name_is_not_to_be_had(monkeypatch: pytest.MonkeyPatch):
    entry = EntryPoint(name="x", value="tests.test_app:OURS", group=base.ENTRY_POINTS)
    monkeypatch.setattr(base, "entry_points", lambda **_: [entry])
    with pytest.raises(ProtocolClash, match="runwell"):
        discover()


def test_a_second_process_is_kept_out(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path):
            with pytest.raises(InUse, match="is in use by another runwell; stop it first"):
                build(Config(data=str(tmp_path)))
        build(Config(data=str(tmp_path))).store.close()

    asyncio.run(main())


@pytest.mark.parametrize("name", ["ledger", "columns"])
def test_an_unknown_engine_is_named(name: str, tmp_path: Path):
    with pytest.raises(BadSetting, match=f"{name}: no engine for 'oracle'"):
        build(Config(data=str(tmp_path), **{name: "oracle://x"}))
    build(Config(data=str(tmp_path))).store.close()
