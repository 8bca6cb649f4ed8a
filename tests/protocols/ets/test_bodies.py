"""Bodies, valid and broken, in JSON and in YAML: clear refusals, and nothing stored by one."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import play
from tests.protocols.fake import FakeServer

from runwell.protocols.ets import PROTOCOL
from runwell.protocols.ets.yaml_text import read_yaml, write_yaml

JSON = "application/json"
YAML = "application/x-yaml"


def send(body: Any, content_type: str = JSON, method: str = "PUT") -> tuple[int, Any, FakeServer]:
    server = FakeServer(PROTOCOL)
    answer = server.ask(method, "/api/v1/event/", body, {"content-type": content_type})
    return answer.status, answer.body.decode(), server


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "required arguments ['event'] not passed"),
        (b"[]", "required arguments ['event'] not passed"),
        (b"{}", "required arguments ['event'] not passed"),
        (b'{"event": null}', "event: an object, not null"),
        (b'{"event": ', "Expecting value: line 1 column 11 (char 10)"),
        (b'{"event": {"start_time": NaN}}', "event.start_time: NaN is no JSON"),
        (b'{"event": {"x": 9223372036854775808}}', "event.x: 9223372036854775808 is beyond"),
        (b'{"event": {"x": 1e999}}', "event.x: a number is out of range"),
        (b'{"event": {"id": []}}', "id: a text, not []"),
        (b'{"event": {"id": ""}}', "Values must not be none or empty"),
        (b'{"event": {"description": {}}}', "description: a text, not {}"),
        (b'{"event": {"tags": []}}', "tags: an object, not []"),
        (b'{"event": {"tags": {"a": {}}}}', "tags.a: a list of texts, not {}"),
        (b'{"event": {"tags": {"a": [[]]}}}', "tags.a: a text, not []"),
        (b'{"event": {"tags": {"None": []}}}', "Tags keys can't be None"),
        (b'{"event": {"tags": {"source_id": ["x"]}}}', "tags.source_id: the name is reserved"),
        (b'{"event": {"detail_urls": {"a": []}}}', "detail_urls.a: a text, not []"),
        (b'{"event": {"source_id": "' + b"x" * 101 + b'"}}', "source_id must not exceed length"),
        (b'{"event": {"id": 5}, "operation": ["x"]}', "only update and merge operation are"),
        (b'{"event": {"id": 5}, "insert": "no"}', "insert: true or false, not no"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_stored(body: bytes, text: str):
    method = "POST" if b"operation" in body or b"insert" in body else "PUT"
    status, answer, server = send(body, method=method)

    assert status == 400
    assert json.loads(answer)["result"].startswith(text)
    assert server.events == {}


def test_numbers_count_as_texts_and_null_as_nothing():
    event = {
        "id": 42,
        "source_id": 1.5,
        "parent_id": None,
        "description": True,
        "detail_urls": None,
        "tags": {"n": [1, 1.5, 1], "one": "x"},
    }
    _, answer, _ = send({"event": event})

    shown = json.loads(answer)
    assert (shown["id"], shown["source_id"], shown["parent_id"]) == ("42", "1.5", "")
    assert (shown["description"], shown["detail_urls"]) == ("True", {})
    assert shown["tags"] == {"n": ["1", "1.5"], "one": ["x"]}


def test_yaml_is_read_as_json_would_be():
    text = """
event:
  id: 2018-12-31
  start_time: 2018-12-31T18:38:52Z
  end_time: 1546281592
  description: "it's: ☃"
  tags: {a: [1, true, 1.5, on, 0x10, 1_000, "~"], none: []}
"""
    status, answer, server = send(text.encode(), YAML)

    assert status == 200
    shown = yaml.safe_load(answer)
    assert (shown["id"], shown["description"]) == ("2018-12-31", "it's: ☃")
    assert shown["end_time"] == "2018-12-31T18:39:52+00:00"
    assert shown["tags"] == {"a": ["1", "True", "1.5", "on", "0x10", "1_000", "~"]}
    (event,) = server.events.values()
    assert event.payload == ""


@pytest.mark.parametrize(
    ("text", "status", "problem"),
    [
        ("a: &x [1]\nevent: *x", 400, "references are not taken"),
        ("event: &x {}", 400, "references are not taken"),
        ("event: *x", 400, "references are not taken"),
        ("event: " + "[" * 70 + "]" * 70, 400, "nested deeper than 64"),
        ("event: {a: b", 400, "did not find expected ',' or '}'"),
        ("event: !!python/object:os.system {}", 400, "types (!) are not taken"),
        ("event: {id: !!int x}", 400, "types (!) are not taken"),
        ("event: {description: {!!binary aGk=: 1}}", 400, "types (!) are not taken"),
        ("event: {<<: {id: 5}, tags: []}", 400, "tags: an object"),
        ("event: {[1]: 2}", 400, "unhashable key"),
        ("event: {id: '" + "x" * 70_000 + "'}", 413, "65536 is the most"),
        ("event: {id: 1}\n---\nevent: {id: 2}", 400, "expected a single document"),
        ("event: {id: \x07}", 400, "control characters are not allowed"),
        ('event: {id: "\\U0000d800"}', 400, "invalid Unicode character"),
        ('event: {id: "\\UFFFFFFFF"}', 400, "invalid Unicode character"),
        ('event: {tags: {"k\\0": ["v"]}}', 400, "event.tags: a NUL"),
        ('event: {tags: {k: ["v\\0"]}}', 400, "event.tags.k[0]: a NUL"),
        ("event: {id: 1, tags: {1: [2], true: [x], ~: [y]}}", 400, "keys can't be None"),
    ],
)
def test_yaml_that_is_more_than_json_is_refused(text: str, status: int, problem: str):
    got, answer, server = send(text.encode(), YAML)

    assert got == status
    assert problem in json.loads(answer)["result"]
    assert server.events == {}


@pytest.mark.parametrize(
    "text",
    [
        r"event: {id: w, description: 'C:\udata\x'}",
        "event:\n  id: w\n  description: '" + "[" * 70 + "'",
        r"event: {id: w, description: 'a\u0000'}",
    ],
)
def test_yaml_is_not_judged_as_json(text: str):
    status, _, server = send(text.encode(), YAML)

    assert status == 200
    assert len(server.events) == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16", "utf-32", "latin-1"])
def test_json_in_another_encoding_is_refused(encoding: str):
    body = '{"event": {"id": "sé", "description": "\\u0000"}}'.encode(encoding)
    status, _, server = send(body)

    assert (status, server.events) == (400, {})


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/x-www-form-urlencoded"])
def test_other_types_are_refused(content_type: str):
    status, answer, _ = send(b'{"event": {}}', content_type)

    assert status == 400
    shown = content_type or "application/octet-stream"
    assert f"unable to extract parameters for content type {shown}" in answer


def test_a_list_is_answered_in_yaml_to_those_who_ask():
    server = FakeServer(PROTOCOL)
    accept = {"accept": "text/html, application/yaml;q=0.9, */*;q=0.1"}
    answer = server.ask("GET", "/api/v1/event/", b"", accept)

    assert answer.content_type == "application/yaml"
    for accept in ("application/json, application/yaml;q=0.5", "application/yaml;q=0, */*", "*/*"):
        assert server.ask("GET", "/api/v1/event/", b"", {"accept": accept}).content_type == JSON
    json_sent = {"content-type": JSON, "accept": YAML}
    assert server.ask("PUT", "/api/v1/event/", {"event": {}}, json_sent).content_type == JSON
    assert yaml.safe_load(answer.body) == {"count": 0, "result": [], "total": 0, "next": None}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
SURROGATES = st.text(st.characters(min_codepoint=0xD700, max_codepoint=0xE000), max_size=3)


@given(VALUES)
def test_yaml_that_was_written_is_read_back(value: Any):
    assert read_yaml(write_yaml(value)) == value


FIELDS = st.dictionaries(
    st.sampled_from(
        [
            *("id", "source_id", "parent_id", "start_time", "end_time"),
            *("description", "detail_urls", "tags", "other"),
        ]
    ),
    VALUES
    | SURROGATES
    | st.sampled_from(["a", "b", "2018-12-31T18:38:52Z", 1546281532, "12/05/16:10:25:00"])
    | st.dictionaries(st.sampled_from(["status", "a"]), st.lists(st.sampled_from(["x", "y"]))),
    max_size=5,
)
BODIES = st.one_of(
    st.fixed_dictionaries(
        {"event": FIELDS},
        optional={
            "operation": st.sampled_from(["merge", "update", "no", 1]),
            "insert": st.sampled_from([True, False, "x"]),
        },
    ),
    FIELDS,
    VALUES,
)


SCALARS = st.sampled_from(
    [
        *(
            "a",
            "1",
            "1.5",
            "~",
            "on",
            "0x10",
            "1:30",
            "2018-12-31",
            "!!int 7",
            "!!binary aGk=",
            "*a",
        ),
        *(
            '"\\0"',
            '"\\ud800"',
            '"\\U0000d800"',
            "&a b",
            "'it''s'",
            "<<",
            "=",
            "!x y",
            "",
            "? z",
            "|",
        ),
    ]
)
YAMLS = st.builds(
    lambda pairs, more: "\n".join(
        ["event:", *(f"  {name}: {value}" for name, value in pairs), *more]
    ).encode("utf-8", "surrogatepass"),
    st.lists(
        st.tuples(
            st.sampled_from(["id", "tags", "start_time", "description", "detail_urls", "~", "[1]"]),
            SCALARS
            | st.lists(SCALARS, max_size=2).map(lambda values: f"[{', '.join(values)}]")
            | st.dictionaries(SCALARS, SCALARS, max_size=2).map(
                lambda pairs: "{" + ", ".join(f"{k}: {v}" for k, v in pairs.items()) + "}"
            ),
        ),
        max_size=3,
    ),
    st.lists(st.text(max_size=6), max_size=1),
)
REQUESTS = st.tuples(
    st.sampled_from(["PUT", "POST"]),
    # JSON with every character escaped, lone surrogates among them, or YAML of many kinds, or neither
    BODIES.map(lambda body: json.dumps(body).encode()) | YAMLS | st.binary(max_size=20),
    st.sampled_from([JSON, YAML]),
)


@given(st.lists(REQUESTS, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_body_is_answered_or_refused_and_a_refused_one_stores_nothing(requests):
    folder = Path(tempfile.mkdtemp(prefix="runwell-test-"))

    async def scenario(app, client):
        for method, body, content_type in requests:
            before = app.store.ledger.last_seq()
            headers = {"content-type": content_type}
            answer = await client.request(method, "/api/v1/event/", content=body, headers=headers)
            assert answer.status_code in (200, 400), answer.text
            if answer.status_code == 400:
                assert app.store.ledger.last_seq() == before
                assert set(answer.json()) == {"result", "code", "headers", "success"}
        listed = (await client.get("/api/v1/event/?count=0")).json()
        assert listed["total"] == listed["count"] == app.store.ledger.count()
        assert app.store.ledger.check() == []

    play(folder, scenario)
    shutil.rmtree(folder)
