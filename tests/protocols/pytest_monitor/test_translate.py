"""Wire structs to events and back, without a store."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest
from tests.protocols.pytest_monitor.bodies import CONTEXT, METRIC, SESSION

from runwell.errors import Conflict
from runwell.model import Kind, Status
from runwell.protocols.pytest_monitor import translate
from runwell.protocols.pytest_monitor.decode import CONTEXTS, METRICS, SESSIONS
from runwell.protocols.pytest_monitor.errors import Malformed, ValidationFailed

BERLIN = ZoneInfo("Europe/Berlin")


def metric_event(**changes):
    body = json.dumps({**METRIC, **changes})
    return translate.metric_write(METRICS.read(body), body, BERLIN, "plugin").event


def context_event(**changes):
    body = json.dumps({**CONTEXT, **changes})
    return translate.context_write(CONTEXTS.read(body), body, "plugin").event


def session_event(**changes):
    body = json.dumps({**SESSION, **changes})
    return translate.session_write(SESSIONS.read(body), body, BERLIN, "plugin").event


def test_a_metric_becomes_a_test():
    event = metric_event()

    assert (event.scope, event.chain, event.parent) == ("s1", "s1", "s1")
    assert event.id == "function/tests.a%2Fb/test_it[1]/2026-01-01T12:00:00.5"
    assert (event.kind, event.status, event.component) == (Kind.TEST, Status.SUCCEEDED, "web")
    assert event.started == 1_767_265_200_500_000  # noon in Berlin is eleven o'clock UTC
    assert (event.duration, event.finished) == (1_500_000, event.started + 1_500_000)
    assert event.metrics["mem_usage"] == -0.5
    assert event.tags["context_h"] == ["c1"]
    assert json.loads(event.payload) == METRIC


def test_a_module_is_no_test_and_a_negative_time_has_no_end():
    assert metric_event(kind="module").status is Status.UNKNOWN
    event = metric_event(total_time=-1)
    assert (event.duration, event.finished) == (-1_000_000, None)


def test_a_session_knows_its_pipeline_commit_and_tags():
    event = session_event()

    assert (event.pipeline, event.sha, event.description) == ("main", "cafe", "mine")
    assert event.tags["pipeline_build_no"] == ["7"]
    assert event.started == 1_767_265_200_000_000
    bare = session_event(description={}, scm_ref=None)
    assert (bare.pipeline, bare.sha, bare.tags) == ("", "", {})


def test_tags_that_are_no_text_are_shown_as_json():
    description = {"n": 1.5, "t": True, "o": {"b": None}, "text": "x"}
    event = session_event(description=description)

    assert event.tags == {"n": ["1.5"], "t": ["true"], "o": ['{"b":null}'], "text": ["x"]}
    answer = translate.read_session(event.payload, "s1")
    assert {tag.name: [tag.value] for tag in answer.tags} == event.tags


def test_a_tag_that_the_store_cannot_hold_is_named():
    with pytest.raises(ValidationFailed) as refusal:
        session_event(description={"n": 1, "o": {"m": [2**63]}})
    assert refusal.value.errors.keys() == {"description.o.m[0]"}


def test_the_same_session_stays_and_another_one_conflicts():
    first = session_event()

    assert translate.same_session(None, first) is first
    assert translate.same_session(first, session_event(run_date="2026-01-01T11:00:00Z")) is first
    with pytest.raises(Conflict, match="session 's1'"):
        translate.same_session(first, session_event(scm_ref="beef"))


def test_a_context_may_change_its_vendor_and_nothing_else():
    first, same = context_event(), context_event()
    vendor = context_event(cpu_vendor="W")

    assert translate.same_context(None, first) is first
    assert translate.same_context(first, same) is first
    assert translate.same_context(first, vendor) is vendor
    with pytest.raises(Conflict, match="context 'c1'"):
        translate.same_context(first, context_event(ram_total=1))
    with pytest.raises(Conflict):
        translate.same_context(first, context_event(ram_total=1, cpu_vendor="W"))


def test_a_context_is_answered_as_it_was_sent_under_both_hash_names():
    answer = translate.read_context(context_event(cpu_vendor=None).payload, "c1")

    assert (answer.cpu_frequency, answer.cpu_vendor) == (2499.998, None)
    assert (answer.h, answer.context_h) == ("c1", "c1")


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("item_start_time", "noon", "'noon' is not a 'date-time'"),
        ("item_start_time", "1969-12-31T00:00:00", "'1969-12-31T00:00:00' is not a 'date-time'"),
        ("item_start_time", "2200-01-02", "'2200-01-02' is not a 'date-time'"),
        ("session_h", "x" * 65, f"'{'x' * 65}' is too long (at most 64 characters)"),
        ("total_time", 1e10, "10000000000.0 is not between -1000000000.0 and 1000000000.0"),
        ("total_time", "1", "'1' is not of type 'number'"),
        ("component", None, "None is not of type 'string'"),
        ("kind", ["x"] * 50, f"{str(['x'] * 50)[:80]}... is not of type 'string'"),
    ],
)
def test_a_wrong_field_of_a_metric_is_named(field: str, value, text: str):
    with pytest.raises(ValidationFailed) as refusal:
        metric_event(**{field: value})
    assert refusal.value.errors == {field: text}


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("cpu_count", 2.5, "2.5 is not of type 'integer'"),
        ("cpu_count", 2**63, f"{2**63} is not between {-(2**63)} and {2**63 - 1}"),
        ("cpu_frequency", "fast", "'fast' is not of type 'number'"),
        ("cpu_vendor", 5, "5 is not of type 'string'"),
    ],
)
def test_a_wrong_field_of_a_context_is_named(field: str, value, text: str):
    with pytest.raises(ValidationFailed) as refusal:
        context_event(**{field: value})
    assert refusal.value.errors == {field: text}


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', "{", "\xff"])
def test_what_is_not_json_is_malformed(text: str):
    with pytest.raises(Malformed):
        METRICS.read(text.encode("latin-1"))
