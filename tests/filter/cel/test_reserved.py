"""A field may have a name that CEL keeps for itself; nobody sees that another one stands for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.filter import Call, Constant, Field, Payload, Sort
from runwell.filter.cel import BadExpression
from runwell.filter.cel.reserved import disguise, stand_ins
from runwell.query.vocabulary import EVENTS

INSTEAD = {"namespace": "namespac_"}


def equals(left, text: str) -> Call:
    return Call("eq", (left, Constant(text, Sort.TEXT)))


@pytest.mark.parametrize(
    "text", ['namespace == "shop"', '  namespace=="shop"//namespace', "(namespace) == '''shop'''"]
)
def test_the_field_is_asked_by_its_name(text: str):
    assert EVENTS.parse(text) == equals(Field("namespace"), "shop")


@pytest.mark.parametrize(
    "text",
    [
        "name == 'namespace'",
        'name == "\\"namespace"',
        'name == """a "namespace" b"""',
        "name == r'\\namespace'",
        "payload.namespace == payload. namespace",
        "true // namespace",
        "payload.`namespace` == 'x'",
        "payload. // of the object\n namespace == 'x'",
        "namespaces == my_namespace",
    ],
)
def test_texts_comments_and_longer_or_selected_names_stay(text: str):
    assert disguise(text, INSTEAD) == text


def test_a_text_with_the_name_is_that_text():
    assert EVENTS.parse('namespace == "namespace"') == equals(Field("namespace"), "namespace")
    assert EVENTS.parse("has(payload.namespace)") == Payload(("namespace",), "is_there")


def test_an_error_names_it_as_it_was_written():
    with pytest.raises(BadExpression) as refused:
        EVENTS.parse('name == "a" || namespace == 1')
    assert refused.value.message == (
        "ERROR: <input>:1:26: found no matching overload for '_==_' applied to '(string, int)'\n"
        ' | name == "a" || namespace == 1\n'
        f" | {'.' * 25}^"
    )


@given(st.text(st.sampled_from("namespace._ \"'\\r/\n"), max_size=40))
def test_every_place_stays_where_it_is(text: str):
    changed = disguise(text, INSTEAD)
    assert len(changed) == len(text)
    assert changed.replace("namespac_", "namespace") == text.replace("namespac_", "namespace")


def test_other_names_need_no_stand_in():
    assert stand_ins(["name", "package", "status"]) == {"package": "packag_"}
