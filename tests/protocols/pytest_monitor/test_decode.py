"""Bodies to wire structs: which names count, which numbers, and what is said of the others."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.pytest_monitor.bodies import CONTEXT, METRIC, a_context, a_metric, a_session

from runwell.protocols.pytest_monitor import wire
from runwell.protocols.pytest_monitor.decode import CONTEXTS, METRICS, SESSIONS, beyond_int64
from runwell.protocols.pytest_monitor.errors import Malformed, ValidationFailed

INT64 = "is not between -9223372036854775808 and 9223372036854775807"
ALIASES = {
    METRICS: (METRIC, wire.METRIC_ALIASES),
    CONTEXTS: (CONTEXT, wire.CONTEXT_ALIASES),
    SESSIONS: (a_session(), wire.SESSION_ALIASES),
}


def errors_of(reader: Any, body: Any) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as refusal:
        reader.read(json.dumps(body).encode())
    return refusal.value.errors


def with_more(more: str) -> bytes:
    """A metric with more keys than it should have, as text."""
    return f"{json.dumps(METRIC)[:-1]}, {more}}}".encode()


@pytest.mark.parametrize("reader", ALIASES)
def test_documented_names_mean_the_wire_ones(reader: Any):
    body, aliases = ALIASES[reader]
    documented = {wire_name: name for name, wire_name in aliases.items()}
    renamed = {documented.get(name, name): value for name, value in body.items()}
    assert renamed.keys() >= aliases.keys()
    assert msgspec.to_builtins(reader.read(json.dumps(renamed))) == body


@pytest.mark.parametrize("reader", ALIASES)
def test_the_wire_name_wins_over_the_documented_one(reader: Any):
    body, aliases = ALIASES[reader]
    both = dict.fromkeys(aliases, None) | body
    for order in (both, dict(reversed(both.items()))):
        assert msgspec.to_builtins(reader.read(json.dumps(order))) == body


@given(st.sets(st.sampled_from(sorted(METRIC))))
def test_every_missing_field_is_named(gone: set[str]):
    body = {name: value for name, value in METRIC.items() if name not in gone}
    if gone:
        expected = {name: f"'{name}' is a required property" for name in gone}
        assert errors_of(METRICS, body) == expected
    else:
        assert METRICS.read(json.dumps(body)).item == "test_it"


@given(st.sets(st.sampled_from(sorted(METRIC)), min_size=1))
def test_every_wrong_field_is_named(wrong: set[str]):
    errors = errors_of(METRICS, METRIC | {name: [True] for name in wrong})
    assert errors.keys() == wrong
    assert all(text.startswith("[True] is not of type '") for text in errors.values())


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"null"])
def test_no_body_is_no_object(body: bytes):
    for reader in ALIASES:
        with pytest.raises(ValidationFailed) as refusal:
            reader.read(body)
        assert refusal.value.errors == {"": "None is not of type 'object'"}


@pytest.mark.parametrize(("body", "shown"), [("[1]", "[1]"), ('"x"', "'x'"), ("1.5", "1.5")])
def test_a_body_that_is_no_object_is_shown(body: str, shown: str):
    with pytest.raises(ValidationFailed) as refusal:
        METRICS.read(body)
    assert refusal.value.errors == {"": f"{shown} is not of type 'object'"}


@pytest.mark.parametrize("number", [0, -1, 1, 0.5, 1e-300, -1e300, 2**62])
def test_any_number_is_a_measurement(number: float):
    assert METRICS.read(json.dumps(a_metric(user_time=number))).user_time == number


def test_a_whole_float_is_an_integer():
    body = a_context(cpu_count=2.0, ram_total=24105.0)
    assert CONTEXTS.read(json.dumps(body)) == msgspec.convert(CONTEXT, wire.Context)
    assert errors_of(CONTEXTS, a_context(cpu_count=2.5)) == {
        "cpu_count": "2.5 is not of type 'integer'"
    }
    assert errors_of(CONTEXTS, a_context(cpu_count=1e30)) == {
        "cpu_count": f"{10**30 + 19884624838656} {INT64}"
    }


@pytest.mark.parametrize("frequency", [2499.998, 2500, 0.0, -1, 1e300])
def test_a_frequency_stays_what_was_sent(frequency: float):
    read = CONTEXTS.read(json.dumps(a_context(cpu_frequency=frequency))).cpu_frequency
    assert (read, type(read)) == (frequency, type(frequency))


def test_an_integer_beyond_the_store_is_refused_where_it_stands():
    assert errors_of(CONTEXTS, a_context(cpu_frequency=2**70)) == {
        "cpu_frequency": f"{2**70} {INT64}"
    }
    assert errors_of(METRICS, a_metric(more={"a": [1, {"b": 2**63}], "c": 2**64})) == {
        "more.a[1].b": f"{2**63} {INT64}"
    }
    assert beyond_int64({"k" * 500: 2**63}).keys() == {"k" * 200}
    assert beyond_int64([-(2**63), 2**63 - 1, True, None, 1e300, "x", {}, []]) == {}


def test_keys_that_are_not_known_mean_nothing():
    assert METRICS.read(with_more('"more": {"a": [1, 1e300, null]}')).item == "test_it"


@pytest.mark.parametrize(
    "more",
    [
        '"x": 1e999',
        '"x": "\\ud800"',
        '"\\udc00": 1',
        '"x": NaN',
        '"x": -Infinity',
        f'"x": {"9" * 5000}',
    ],
)
def test_what_is_not_json_is_refused_even_where_it_means_nothing(more: str):
    with pytest.raises(Malformed):
        METRICS.read(with_more(more))


def test_a_hash_that_the_path_gives_serves_where_the_body_has_none():
    bare = '{"run_date": "2026-01-01"}'
    assert SESSIONS.read(bare, {"session_h": "p"}).session_h == "p"
    assert SESSIONS.read('{"h": "b", "run_date": "x"}', {"session_h": "p"}).session_h == "b"
    assert SESSIONS.read('{"session_h": "b", "run_date": "x"}', {"session_h": "p"}).session_h == "b"
    assert errors_of(SESSIONS, {"run_date": "x"}) == {
        "session_h": "'session_h' is a required property"
    }
