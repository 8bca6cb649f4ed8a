"""The names of our own query language."""

from __future__ import annotations

import pytest

from runwell.filter import Call, Field
from runwell.filter.cel import BadExpression
from runwell.query.fields import FIELDS, Type
from runwell.query.vocabulary import EVENTS

LITERALS = {
    Type.TEXT: "'a'",
    Type.INTEGER: "1",
    Type.TIME: "timestamp('2026-01-01')",
    Type.DURATION: "duration('1s')",
}
OWN_TEXTS = {"status": "'failed'", "kind": "'job'"}  # of a few words
MEMBERS = {
    Type.METRICS: ".k > 1.0",
    Type.TAGS: ".k == 'a'",
    Type.LINKS: ".k == 'a'",
    Type.JSON: ".k == 'a'",
}
PLAIN = [name for name, type_ in FIELDS.items() if type_ in LITERALS]


def test_every_type_of_a_field_is_asked_about_here():
    assert all(type_ in LITERALS or type_ in MEMBERS for type_ in FIELDS.values())


@pytest.mark.parametrize("name", PLAIN)
def test_a_field_is_compared_with_its_own_type(name: str):
    literal = OWN_TEXTS.get(name) or LITERALS[FIELDS[name]]

    condition = EVENTS.parse(f"{name} != {literal}")
    assert isinstance(condition, Call)
    assert condition.arguments[0] == Field(name)


@pytest.mark.parametrize("name", PLAIN)
def test_a_field_is_not_compared_with_another_type(name: str):
    for type_, literal in LITERALS.items():
        if type_ is not FIELDS[name]:
            with pytest.raises(BadExpression, match="found no matching overload for '_!=_'"):
                EVENTS.parse(f"{name} != {literal}")


@pytest.mark.parametrize("name", [name for name in FIELDS if FIELDS[name] in MEMBERS])
def test_a_map_is_asked_by_its_members(name: str):
    assert EVENTS.parse(name + MEMBERS[FIELDS[name]]) is not None


@pytest.mark.parametrize("name", ["started", "finished", "created", "duration"])
def test_a_time_and_a_duration_may_be_missing(name: str):
    assert EVENTS.parse(f"{name} == null") == Call("is_null", (Field(name),))


@pytest.mark.parametrize("name", ["name", "status", "attempt"])
def test_a_text_and_a_number_are_always_there(name: str):
    with pytest.raises(BadExpression, match="null_type"):
        EVENTS.parse(f"{name} == null")
