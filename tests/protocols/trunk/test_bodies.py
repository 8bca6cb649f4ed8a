"""Bodies, valid and broken: the place of every mistake, and nothing stored of a refused request."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.apps import play
from tests.protocols.fake import FakeServer

from runwell.model import Event, Kind, Status
from runwell.protocols.trunk import PROTOCOL, attempts

PATH = "/v1/metrics/trackEvents"
REPO = {"host": "github.com", "owner": "acme", "name": "webshop"}
T0 = 1_717_400_000_000
SEQUENCE = {"platform": "jenkins", "kind": "pipeline", "key": "k", "name": "n"}


def an_event(**fields: Any) -> dict[str, Any]:
    whole = {"id": "1", "chainId": "1", "createdAt": T0, **fields}
    return {name: value for name, value in whole.items() if value is not ...}


def a_request(*events: Any, **fields: Any) -> dict[str, Any]:
    return {"repo": REPO, "events": list(events), **fields}


def error_of(body: Any, **settings_: Any) -> dict[str, str]:
    server = FakeServer(PROTOCOL, **settings_)
    answer = server.ask("POST", PATH, body)
    assert answer.status in (400, 413), answer.body
    assert server.events == {}
    return json.loads(answer.body)["error"]


def stored(*events: Any, **settings_: Any) -> list[Event]:
    server = FakeServer(PROTOCOL, **settings_)
    answer = server.ask("POST", PATH, a_request(*events))
    assert answer.status == 200, answer.body
    return list(server.events.values())


def metrics(*pairs: Any) -> dict[str, Any]:
    return {"metrics": [{"k": k, "v": v} for k, v in pairs]}


def tags(*pairs: Any) -> dict[str, Any]:
    return {"tags": [{"k": k, "v": v} for k, v in pairs]}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (an_event(id=...), "events[0].id: required"),
        (an_event(id=""), "events[0].id: must not be empty"),
        (an_event(id=5), "events[0].id: string required"),
        (an_event(id="x" * 1025), "events[0].id: 1025 characters; 1024 is the most"),
        (an_event(chainId=None), "events[0].chainId: string required"),
        (an_event(createdAt=True), "events[0].createdAt: number of milliseconds required"),
        (an_event(createdAt=1e300), "events[0].createdAt: 1e+300 is after 2199; milliseconds"),
        (an_event(finishedAt="x"), "events[0].finishedAt: number of milliseconds required"),
        (an_event(finishedAt=1), "events[0].finishedAt: 1 is too early; seconds?"),
        (an_event(conclusion="P" * 99), f"events[0].conclusion: '{'P' * 40}...' is not one of"),
        (an_event(parent=[]), "events[0].parent: object required"),
        (an_event(parent={"eventId": ""}), "events[0].parent.eventId: must not be empty"),
        (an_event(payload=metrics(("a", "1"))), "events[0].payload.metrics[0].v: number required"),
        (an_event(payload=metrics(("a", True))), "events[0].payload.metrics[0].v: number required"),
        (an_event(payload={"metrics": {}}), "events[0].payload.metrics: array required"),
        (
            an_event(payload=metrics(("duration_ms", 1e200))),
            "events[0].payload.metrics: duration_ms: 1e+200 is out of range",
        ),
        (
            an_event(payload=tags(("a", []))),
            "events[0].payload.tags[0].v: string or number required",
        ),
        (
            an_event(payload=tags(("a", "x" * 9000))),
            "events[0].payload.tags.a: a value beyond 8192 bytes",
        ),
        (
            an_event(payload=tags(*((str(n), "x") for n in range(129)))),
            "events[0].payload.tags: 129 tags; 128 is the most",
        ),
        (
            an_event(payload=metrics(*((str(n), 1) for n in range(1025)))),
            "events[0].payload.metrics: 1025 metrics; 1024 is the most",
        ),
        (
            an_event(payload=metrics(("n" * 129, 1))),
            "events[0].payload.metrics: a key of 129 characters; 128 is the most",
        ),
        (
            an_event(sequence={**SEQUENCE, "payload": tags(("a", "x" * 9000))}),
            "events[0].sequence.payload.tags.a: a value beyond 8192 bytes",
        ),
        (
            an_event(sequence={**SEQUENCE, "key": "x" * 128}),
            "events[0].sequence.key: 128 characters; 127 is the most",
        ),
        (an_event(sequence={**SEQUENCE, "kind": 1}), "events[0].sequence.kind: string required"),
        (an_event(sequence=[]), "events[0].sequence: object required"),
        (
            an_event(sequence={**SEQUENCE, "payload": {"metrics": [{"k": "a", "v": 1}]}}),
            "events[0].sequence.payload.metrics: metrics are not supported for a sequence",
        ),
        (
            an_event(sequence={**SEQUENCE, "platform": "GitHub Actions!"}),
            "events[0].sequence.platform: 'GitHub Actions!' is not snake_case",
        ),
        (an_event(other={"deep": [2**63]}), "events[0].other.deep[0]: 9223372036854775808 is"),
        ("x", "events[0]: object required"),
    ],
)
def test_a_mistake_is_named_by_its_place(event: Any, message: str):
    error = error_of(a_request(event))

    assert error["message"].startswith(message)
    assert error["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON: Input data was truncated"),
        (b"[]", "object required"),
        (b'{"events": []}', "repo: required"),
        (a_request(repo="x"), "repo: object required"),
        (a_request(repo={**REPO, "owner": ""}), "repo.owner: must not be empty"),
        (a_request(events={}), "events: array required"),
        (
            b'{"repo": {"host": "h", "owner": "o", "name": "n"}, "events": [], "x": 1e999}',
            "x: a number is out of range",
        ),
        (b'{"events": [NaN]}', "not JSON: JSON is malformed"),
    ],
)
def test_a_request_that_is_none_is_refused(body: Any, message: str):
    assert error_of(body)["message"].startswith(message)


def test_a_metric_past_all_numbers_is_named_by_its_place():
    body = json.dumps(a_request(an_event(payload=metrics(("a", 12345))))).replace("12345", "1e400")

    assert error_of(body.encode()) == {
        "code": "invalid_request",
        "message": "events[0].payload.metrics[0].v: Number out of range",
        "path": "events[0].payload.metrics[0].v",
    }


def test_a_request_larger_than_the_queue_is_too_large(tmp_path: Path):
    async def scenario(app, client):
        answer = await client.post(PATH, json=a_request(an_event(other="x" * 2_000)))
        assert answer.status_code == 413
        assert answer.json()["error"]["message"].endswith("bytes in one request; 1000 is the most")
        assert app.store.ledger.count() == 0

    play(tmp_path, scenario, queue_bytes_max=1_000)


def test_the_second_of_many_is_named_and_none_is_stored():
    error = error_of(a_request(an_event(), an_event(id="2", payload=tags(("x" * 200, "y")))))

    assert error["path"] == "events[1].payload.tags"


def test_an_id_with_too_many_runs_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(attempts, "ATTEMPTS_MAX", 1)
    events = [an_event(id="0"), *(an_event(createdAt=T0 + n, finishedAt=T0 + n) for n in range(2))]

    error = error_of(a_request(*events))

    assert error["message"] == "events[2]: '1' names 1 runs already; give each its id"
    assert error["path"] == "events[2]"


def test_too_many_events_are_too_large():
    error = error_of(a_request(*[an_event(id=str(n)) for n in range(4)]), events_per_request_max=3)

    assert error == {
        "code": "too_large",
        "message": "4 events in one request; 3 is the most",
        "path": "events",
    }


@pytest.mark.parametrize("bad", [0, 1])
def test_a_mistake_in_a_sequence_is_found_whether_it_is_the_newest_or_not(bad: int):
    good = {**SEQUENCE, "payload": tags(("a", "b"))}
    wrong = {**SEQUENCE, "payload": tags(("k" * 200, "b"))}
    events = [
        an_event(id=str(n), createdAt=T0 - n, sequence=wrong if n == bad else good) for n in (0, 1)
    ]
    assert error_of(a_request(*events))["path"] == f"events[{bad}].sequence.payload.tags"


def test_as_many_events_as_allowed_may_each_have_a_sequence():
    events = [an_event(id=str(n), sequence={**SEQUENCE, "key": str(n)}) for n in range(3)]
    assert len(stored(*events, events_per_request_max=3)) == 6


def test_a_host_that_is_not_allowed_is_refused():
    allowed = "github.com, git.acme.test"
    error = error_of(a_request(repo={**REPO, "host": "gitlab.com"}), trunk_allowed_hosts=allowed)
    assert error["message"] == "repo.host: only git.acme.test, github.com may send here"
    assert stored(an_event(), trunk_allowed_hosts=allowed)


def test_tags_keep_their_values_and_numbers_become_texts():
    given = [("a", "x"), ("a", "y"), ("pr", 1234), ("n", 12.0), ("f", 0.5), ("", "empty")]
    (event,) = stored(an_event(payload=tags(*given)))

    assert event.tags == {
        "a": ["x", "y"],
        "pr": ["1234"],
        "n": ["12"],
        "f": ["0.5"],
        "": ["empty"],
    }


def test_addresses_are_links_and_the_branch_and_commit_are_fields():
    given = [("url", "https://ci.acme.test/1"), ("branch", "main"), ("sha", "cafe")]
    (event,) = stored(an_event(payload=tags(*given)))

    assert (event.links, event.ref, event.sha) == (
        {"url": "https://ci.acme.test/1"},
        "main",
        "cafe",
    )


def test_a_sequence_keeps_its_own_tags():
    sequence = {**SEQUENCE, "payload": tags(("team", "web"), ("url", "https://s"))}
    event, series = stored(an_event(payload=tags(("url", "https://e")), sequence=sequence))

    assert event.tags == {"url": ["https://e"]}
    assert series.tags == {"team": ["web"], "url": ["https://s"]}
    assert (series.kind, series.name, series.id) == (Kind.SEQUENCE, "n", "k")


@pytest.mark.parametrize(
    ("word", "parent", "kind"),
    [
        ("pipeline", None, Kind.PIPELINE),
        ("nested-pipeline", {"eventId": "0"}, Kind.PIPELINE),
        ("Stage", {"eventId": "0"}, Kind.STAGE),
        ("whatever", None, Kind.EVENT),
        (None, None, Kind.PIPELINE),
        (None, {"eventId": "0"}, Kind.JOB),
    ],
)
def test_the_sequence_says_what_kind_of_run_it_is(word: str | None, parent: Any, kind: Kind):
    sequence = {**SEQUENCE, "kind": word} if word else None
    event, *_ = stored(an_event(parent=parent, sequence=sequence))
    assert event.kind is kind


@pytest.mark.parametrize(
    ("given", "wait_us"),
    [
        ([("wait_ms", 3), ("queue_ms", 2), ("init_ms", 1)], 3000),
        ([("queue_ms", 2), ("init_ms", 1)], 2000),
        ([("init_ms", 1.5)], 1500),
        ([("init_ms", -1)], None),
        ([("init_ms", 1e15)], None),
        ([], None),
    ],
)
def test_the_wait_is_the_first_of_three_metrics(given: Any, wait_us: int | None):
    (event,) = stored(an_event(payload=metrics(*given)))
    assert event.queued == (None if wait_us is None else event.started - wait_us)


@pytest.mark.parametrize(
    ("conclusion", "finished", "status"),
    [
        (None, None, Status.RUNNING),
        ("UNSPECIFIED", None, Status.RUNNING),
        ("UNSPECIFIED", T0, Status.UNKNOWN),
        (None, T0, Status.UNKNOWN),
        ("SUCCESS", T0, Status.SUCCEEDED),
        ("FAILURE", T0, Status.FAILED),
        ("CANCELLED", T0, Status.CANCELLED),
        ("TIMED_OUT", T0, Status.TIMED_OUT),
        ("SKIPPED", T0, Status.SKIPPED),
        ("NEUTRAL", T0, Status.UNKNOWN),
        ("ACTION_REQUIRED", T0, Status.UNKNOWN),
        ("STARTUP_FAILURE", T0, Status.FAILED),
        ("STALE", T0, Status.UNKNOWN),
        ("STALE", None, Status.UNKNOWN),
    ],
)
def test_every_conclusion_has_its_status(conclusion: Any, finished: Any, status: Status):
    (event,) = stored(an_event(conclusion=conclusion, finishedAt=finished))
    assert event.status is status
    assert (event.duration is None) == (finished is None)


@pytest.mark.parametrize(
    ("name", "ref", "pr"),
    [("feature%2Fcart", "feature/cart", None), ("PR-12", "", ["12"])],
)
def test_the_branch_of_a_multibranch_run_is_its_name_if_wanted(name: str, ref: str, pr: Any):
    sequence = {**SEQUENCE, "name": name}
    event, _ = stored(an_event(sequence=sequence), trunk_branch_from_name=True)
    assert (event.ref, event.tags.get("pr")) == (ref, pr)

    event, _ = stored(an_event(sequence=sequence))
    assert (event.ref, event.tags) == ("", {})

    told = an_event(sequence=sequence, payload=tags(("branch", "told")))
    event, _ = stored(told, trunk_branch_from_name=True)
    assert event.ref == "told"


def test_the_sender_is_named_by_its_header_and_its_origin():
    server = FakeServer(PROTOCOL)
    for number, (headers, origin) in enumerate(
        [
            ({"x-source": "jenkins-plugin"}, "jenkins-plugin-1.5.0"),
            ({"user-agent": "curl/8"}, None),
            ({}, {"not": "a text"}),
        ]
    ):
        body = a_request(an_event(id=str(number), origin=origin))
        assert server.ask("POST", PATH, body, headers).status == 200
    clients = [event.client for event in server.events.values()]
    assert clients == ["jenkins-plugin jenkins-plugin-1.5.0", "curl/8", ""]


PLAIN = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
PAIRS = st.lists(
    st.fixed_dictionaries({"k": st.sampled_from(["a", "duration_ms", "init_ms"]), "v": PLAIN}),
    max_size=3,
)
EVENT_FIELDS = {
    "id": st.sampled_from(["1", "2"]) | ANYTHING,
    "chainId": st.just("1") | ANYTHING,
    "createdAt": st.integers(T0, T0 + 100) | st.floats(T0, T0 + 100) | ANYTHING,
}
EVENTS = st.fixed_dictionaries(
    EVENT_FIELDS,
    optional={
        "finishedAt": st.integers(T0, T0 + 100) | ANYTHING,
        "conclusion": st.sampled_from(["SUCCESS", "UNSPECIFIED", "SKIPPED"]) | ANYTHING,
        "parent": st.just({"eventId": "1"}) | ANYTHING,
        "payload": st.fixed_dictionaries({"metrics": PAIRS, "tags": PAIRS}) | ANYTHING,
        "sequence": st.just(SEQUENCE) | ANYTHING,
        "origin": ANYTHING,
    },
)
GOOD_EVENTS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["1", "2"]),
        "chainId": st.just("1"),
        "createdAt": st.integers(T0, T0 + 9),
    },
    optional={"finishedAt": st.integers(T0, T0 + 9), "sequence": st.just(SEQUENCE)},
)
BODIES = st.one_of(
    st.fixed_dictionaries({"repo": st.just(REPO), "events": st.lists(GOOD_EVENTS, max_size=4)}),
    st.fixed_dictionaries({"repo": st.just(REPO), "events": st.lists(EVENTS, max_size=3)}),
    st.fixed_dictionaries({"repo": ANYTHING, "events": ANYTHING}),
    ANYTHING,
).map(lambda body: json.dumps(body).encode())


@given(st.lists(BODIES | st.binary(max_size=20), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_body_is_stored_whole_or_refused(bodies):
    folder = Path(tempfile.mkdtemp(prefix="runwell-test-"))

    async def scenario(app, client):
        for body in bodies:
            before = app.store.ledger.last_seq()
            answer = await client.post(PATH, content=body)
            assert answer.status_code in (200, 400), answer.text
            if answer.status_code == 400:
                assert app.store.ledger.last_seq() == before
                assert answer.json()["error"]["message"]
            else:
                assert answer.json()["tracked"] == len(json.loads(body)["events"])
        total = (await client.get("/-/api/summary?summary=total")).json()["summary"][0]["total"]
        sql = {"sql": "SELECT count(*) FROM trunk_sequences"}
        sequences = (await client.post("/-/api/sql", json=sql)).json()["rows"][0][0]
        assert total + sequences == app.store.ledger.count()
        assert app.store.ledger.check() == []

    play(folder, scenario)
    shutil.rmtree(folder)
