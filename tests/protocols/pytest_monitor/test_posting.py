"""The three posts: what they store, what they answer, what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocols.fake import FakeServer
from tests.protocols.pytest_monitor.bodies import a_context, a_metric, a_session
from tests.protocols.pytest_monitor.stored import API, get, names

from runwell.protocols.pytest_monitor import PROTOCOL


def test_a_context_is_stored_whatever_its_path_says():
    server = FakeServer(PROTOCOL)
    answer = server.ask("POST", f"{API}/contexts/other", a_context())
    assert answer.status == 201
    assert json.loads(answer.body) == a_context(context_h="c1")
    assert names(get(server, "/contexts/"), "contexts") == ["c1"]


def test_a_session_takes_the_hash_of_its_path_if_it_has_none():
    server = FakeServer(PROTOCOL)
    bare = {"run_date": "2026-01-01T12:00:00"}
    answer = server.ask("POST", f"{API}/sessions/of%2Fpath", bare)
    expected = {"session_h": "of/path", "run_date": bare["run_date"], "scm_ref": None, "tags": []}
    assert (answer.status, json.loads(answer.body)) == (201, expected)
    assert get(server, "/sessions/")["sessions"] == [expected]
    answer = server.ask("POST", f"{API}/sessions/other", {"h": "of/path", **bare})
    assert (answer.status, json.loads(answer.body)) == (201, expected)
    assert server.ask("POST", f"{API}/sessions/", bare).status == 400


def test_a_repeated_metric_is_answered_with_what_is_stored():
    server = FakeServer(PROTOCOL)
    first = server.ask("POST", f"{API}/metrics/", a_metric(total_time=1))
    again = server.ask("POST", f"{API}/metrics/", a_metric(total_time=2))
    assert (again, again.status) == (first, 201)
    assert json.loads(first.body) == a_metric(total_time=1)
    assert len(get(server, "/metrics/")["metrics"]) == 1


@pytest.mark.parametrize(
    ("name", "first", "same", "other"),
    [
        ("sessions", a_session(), a_session(scm_ref="cafe"), a_session(scm_ref="beef")),
        ("contexts", a_context(), a_context(ram_total=24105.0), a_context(ram_total=1)),
    ],
)
def test_a_hash_has_one_content(name: str, first: Any, same: Any, other: Any):
    server = FakeServer(PROTOCOL)
    answers = [server.ask("POST", f"{API}/{name}/", body) for body in (first, same, other)]
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert answers[0] == answers[1]
    assert json.loads(answers[2].body).keys() == {"message"}
    assert get(server, f"/{name}/")[name] == [json.loads(answers[0].body)]


def test_the_newest_vendor_of_a_context_is_kept():
    server = FakeServer(PROTOCOL)
    for vendor in ("V", "W", None):
        answer = server.ask("POST", f"{API}/contexts/", a_context(cpu_vendor=vendor))
        assert (answer.status, json.loads(answer.body)["cpu_vendor"]) == (201, vendor)
    assert get(server, "/contexts/")["contexts"] == [a_context(cpu_vendor=None, context_h="c1")]


@pytest.mark.parametrize(
    ("description", "errors"),
    [
        ({f"tag{index}": "" for index in range(4)}, {"tags": "tags: 4 tags; 3 is the most"}),
        ({"k" * 6: ""}, {"tags": "tags: a key of 6 characters; 5 is the most"}),
        ({"b": "é" * 11}, {"tags.b": "tags.b: a value beyond 20 bytes"}),
    ],
)
def test_tags_keep_to_their_limits(description: dict[str, str], errors: dict[str, str]):
    server = FakeServer(PROTOCOL, tags_per_event_max=3, tag_key_chars_max=5, tag_value_bytes_max=20)
    body = a_session(description=description)
    answer = server.ask("POST", f"{API}/sessions/", body)
    assert answer.status == 400
    expected = {"errors": errors, "message": "Input payload validation failed"}
    assert json.loads(answer.body) == expected
    assert server.events == {}


def test_a_path_of_many_wide_characters_keeps_to_the_limit_of_bytes():
    server = FakeServer(PROTOCOL)
    assert server.ask("POST", f"{API}/metrics/", a_metric(item_path="x" * 4096)).status == 201
    assert server.ask("POST", f"{API}/metrics/", a_metric(item_path="é" * 4096)).status == 201
    answer = server.ask("POST", f"{API}/metrics/", a_metric(item_path="☃" * 4096))
    assert (answer.status, list(json.loads(answer.body)["errors"])) == (400, ["tags.item_path"])
