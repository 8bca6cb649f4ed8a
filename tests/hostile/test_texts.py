"""What may stand in a text is kept: whatever it looks like, it comes back as it was sent."""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import Any

from tests.hostile import places
from tests.hostile.corpus import TEXTS
from tests.hostile.test_questions import encoded
from tests.hostile.world import World

SHORT = [text for text in TEXTS if 0 < len(text) <= 40]


def send(world: World, name: str, value: Any) -> Any:
    place = places.BY_NAME[name]
    said = world.say(place, place.wrap(json.dumps(value).encode()))
    assert said.status in (200, 201), (value, said)
    return said.json if said.body else None


def listed(world: World, condition: str, fields: str) -> list[dict[str, Any]]:
    path = f"/-/api/events?limit=10000&order_by=arrival%20asc&fields={fields}&filter={encoded(condition)}"
    said = world.ask("GET", path, headers={})
    assert said.status == 200, said
    return said.json["events"]


def test_our_own_events_keep_every_text(world: World):
    sent = [
        {
            "source": "texts",
            "scope": text or "x",
            "id": text or "empty",
            **dict.fromkeys(
                ("name", "repo", "ref", "sha", "component", "pipeline", "description"), text
            ),
            "tags": {text[:128]: [text, "x"]},
            "metrics": {text[:128]: 1.5},
            "links": {text[:128]: text},
            "payload": {text: [text]},
        }
        for text in TEXTS
    ]
    place = places.BY_NAME["events"]
    body = json.dumps({"events": sent}, ensure_ascii=False).encode()
    assert world.say(place, body).json == {"created": len(TEXTS), "existed": 0, "replaced": 0}
    fields = list(sent[0])
    assert listed(world, "source == 'texts'", ",".join(fields)) == sent
    for text in SHORT[::3]:
        if text not in (".", "..", "/"):
            one = world.ask(
                "GET", f"/-/api/events/texts/{encoded(text)}/{encoded(text)}", headers={}
            )
            assert one.json["name"] == text


def test_every_protocol_keeps_every_text(world: World):
    for number, text in enumerate(SHORT, 50_000):
        event = places.trunk(number)
        event["events"][0] |= {"id": f"t{text}", "payload": {"tags": [{"k": text, "v": text}]}}
        event["events"][0]["sequence"]["name"] = text
        send(world, "trunk", event)
        send(world, "report", places.report(number) | {"project": text, "ref": text})
        body = places.ets(number)
        body["event"] |= {"id": f"e{text}", "description": text, "tags": {f"k{text}": [text]}}
        answer = send(world, "ets put", body)
        assert (answer["id"], answer["description"]) == (f"e{text}", text)
        assert answer["tags"] == {f"k{text}": [text]}
        answer = send(world, "metric", places.metric(number) | {"item": text, "component": text})
        assert (answer["item"], answer["component"]) == (text, text)
        given = places.session(number) | {"session_h": f"h{text}", "description": {text: text}}
        answer = send(world, "session", given)
        assert answer["tags"] == [{"name": text, "value": text}]
        answer = send(world, "result", places.result(number) | {"annotations": {text: text}})
        assert answer["annotations"] == {text: text}
    found = listed(
        world, "source == 'trunk' && id.startsWith('t') && kind != 'sequence'", "id,name,tags"
    )
    assert [(one["id"][1:], one["name"]) for one in found] == [(text, text) for text in SHORT]
    assert [text for one in found for text in one["tags"]] == SHORT
    found = listed(
        world,
        "source == 'pipeline_metrics' && kind == 'pipeline' && id.matches('^51[0-9]{3}$')",
        "repo,ref",
    )
    assert [one["repo"] for one in found] == SHORT
    assert [one["ref"] for one in found] == SHORT
    said = world.ask("GET", "/api/v1/event/?count=0", headers={}).json["result"]
    assert {one["id"][1:] for one in said} >= set(SHORT)
    assert world.errors() == []


def test_an_export_of_every_text_is_read_back_whole(world: World):
    condition = encoded("source == 'texts'")
    said = world.ask(
        "GET", f"/-/api/export?format=csv&fields=name,tags&filter={condition}", headers={}
    )
    assert said.headers["content-type"].startswith("text/csv")
    header, *rows = list(csv.reader(StringIO(said.body.decode(), newline="")))
    assert header == ["name", "tags"]
    assert [row[0] for row in rows] == TEXTS
    assert [json.loads(row[1]) for row in rows] == [{text[:128]: [text, "x"]} for text in TEXTS]


def test_events_and_tags_have_their_bounds(world: World):
    before = world.newest
    event = places.native(0)["events"][0] | {"source": "many"}
    for many, status in (
        ({"events": [event | {"id": str(n)} for n in range(10_001)]}, 413),
        ({"events": [event | {"tags": {f"k{n}": "v" for n in range(129)}}]}, 400),
        ({"events": [event | {"tags": {"k" * 129: "v"}}]}, 400),
        ({"events": [event | {"tags": {"k": "v" * 8_193}}]}, 400),
        ({"events": [event | {"metrics": {f"k{n}": 1.0 for n in range(1_025)}}]}, 400),
    ):
        said = world.say(places.BY_NAME["events"], json.dumps(many).encode())
        assert said.status == status, said
    report = places.trunk(1)
    report["events"] *= 10_001
    assert world.say(places.BY_NAME["trunk"], json.dumps(report).encode()).status == 413
    assert world.newest == before
