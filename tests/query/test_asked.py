"""What may be asked of an event: columns of lists, and what lists are ordered by."""

from __future__ import annotations

import pytest

from runwell.errors import BadQuery
from runwell.filter import Call, Constant, Field, Link, Metric, Payload, Sort, Tag
from runwell.query import FIELDS, Group, Type
from runwell.query.asked import SORTED, read_shown, read_sorted, read_value


@pytest.mark.parametrize("name", FIELDS)
def test_every_canonical_field_is_shown_as_it_is(name: str):
    assert read_shown(name, "fields") == Field(name)


@pytest.mark.parametrize(
    ("text", "by", "type_"),
    [
        ("tags.team", Call("first", (Tag("team"),)), Type.TEXT),
        ('tags["a, b"]', Call("first", (Tag("a, b"),)), Type.TEXT),
        ("metrics.cpu", Metric("cpu"), Type.NUMBER),
        ("links.log", Link("log"), Type.TEXT),
        ("payload.a.b", Payload(("a", "b"), "text"), Type.TEXT),
        ("finished - started", Call("between_times", (Field("finished"), Field("started"))), Type.DURATION),
        ("size(name)", Call("text_length", (Field("name"),)), Type.INTEGER),
        ("attempt == 1", Call("eq", (Field("attempt"), Constant(1, Sort.INTEGER))), Type.BOOLEAN),
        ("timestamp(payload.at)", Call("time_of_text", (Payload(("at",), "text"),)), Type.TIME),
    ],
)  # fmt: skip
def test_any_value_is_shown_under_the_text_that_asked_for_it(text: str, by, type_: Type):
    assert read_shown(text, "fields") == Group(text, by, type_)


@pytest.mark.parametrize("name", [name for name in FIELDS if FIELDS[name] in SORTED])
def test_a_list_is_ordered_by_any_field_with_an_order(name: str):
    assert read_sorted(name, "order_by") == Field(name)


def test_a_list_is_ordered_by_a_metric():
    assert read_sorted("metrics.cpu", "order_by") == Metric("cpu")
    assert read_sorted('metrics["a b"]', "order_by") == Metric("a b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("payload", "payload: json has no order"),
        ("tags", "tags: tags has no order"),
        ("metrics", "metrics: metrics has no order"),
        ("links", "links: links has no order"),
        ("tags.team", "a field, or a metric as metrics.NAME"),
        ("payload.a", "a field, or a metric"),
        ("size(name)", "a field, or a metric"),
        ("nme", "did you mean 'name'?"),
        ("metric.cpu", "did you mean 'metrics'?"),
        ("", "Syntax error"),
    ],
)
def test_what_has_no_order_is_refused(text: str, says: str):
    with pytest.raises(BadQuery) as refused:
        read_sorted(text, "order_by")
    assert refused.value.pointer == "order_by"
    assert says in refused.value.message


def test_a_value_of_another_type_is_refused_where_it_was_asked_for():
    with pytest.raises(BadQuery, match=r"^avg\(name\): expected double, but got string") as refused:
        read_value("name", (Sort.NUMBER,), "avg(name)", "summary")
    assert refused.value.pointer == "summary"
