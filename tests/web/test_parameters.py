"""Query parameters: what they take, and how each mistake is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from runwell.errors import BadParameter
from runwell.filter import Field
from runwell.model import Bucket
from runwell.query import FIELDS, MEASURES, TimeBucket, Type
from runwell.web import parameters


def refusal(read, query: str, *rest) -> tuple[str, str]:
    with pytest.raises(BadParameter) as refused:
        read(QueryParams(query), *rest)
    return refused.value.pointer, refused.value.message


@given(st.integers(1, 10**12), st.integers(-5, 10**13))
def test_a_whole_number_is_taken_up_to_its_bound(most: int, number: int):
    query = QueryParams(n=str(number))
    if 1 <= number <= most:
        assert parameters.read_int(query, "n", 1, most) == number
    else:
        assert refusal(parameters.read_int, f"n={number}", "n", 1, most)[0] == "n"


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "+1", "1.0", "1e1", " 1", "x", "\u0661", "\u00b2", "1_0", "9999999999", "9" * 5000],
)
def test_no_other_number_is(text: str):
    with pytest.raises(BadParameter, match="a whole number from 1 to 2147483647"):
        parameters.read_int(QueryParams({"n": text}), "n", 1, 2**31 - 1)


def test_a_number_that_is_not_given_is_the_default_within_the_bound():
    assert parameters.read_int(QueryParams(""), "n", 100, 1000) == 100
    assert parameters.read_int(QueryParams("n="), "n", 100, 10) == 10


def test_lists_are_comma_separated_or_repeated_and_name_each_thing_once():
    query = QueryParams("fields=id,%20name&fields=id,,scope&summary=failed,total,failed")
    assert parameters.read_fields(query, ["seq"]) == (Field("id"), Field("name"), Field("scope"))
    assert parameters.read_fields(QueryParams("fields="), ["seq"]) == (Field("seq"),)
    assert parameters.read_measures(query) == ("failed", "total")
    assert parameters.read_measures(QueryParams("")) == tuple(MEASURES)


def test_groups_are_fields_and_buckets_of_times():
    query = QueryParams("group_by=kind,day&group_by=week%20%20started,%20kind")
    assert parameters.read_groups(query) == (
        Field("kind"),
        TimeBucket(Bucket.DAY, "time"),
        TimeBucket(Bucket.WEEK, "started"),
    )
    assert parameters.read_groups(QueryParams("")) == ()


@given(st.sampled_from(list(Bucket)), st.sampled_from(list(FIELDS)))
def test_a_bucket_takes_times_and_nothing_else(bucket: Bucket, field: str):
    query = f"group_by={bucket}%20{field}"
    if FIELDS[field] is Type.TIME:
        assert parameters.read_groups(QueryParams(query)) == (TimeBucket(bucket, field),)
    else:
        pointer, message = refusal(parameters.read_groups, query)
        assert pointer == "group_by"
        assert f"{field!r} is not a time" in message


def test_one_column_is_not_asked_for_twice():
    pointer, message = refusal(parameters.read_groups, "group_by=day%20started,day%20finished")
    assert (pointer, "the same bucket" in message) == ("group_by", True)
    same = QueryParams("group_by=day,day%20time")
    with pytest.raises(BadParameter):
        parameters.read_groups(same)
    assert len(parameters.read_groups(QueryParams("group_by=day%20started,week%20started"))) == 2


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", ("", False)),
        ("total", ("total", False)),
        ("total asc", ("total", False)),
        ("total  DESC ", ("total", True)),
    ],
)
def test_an_order_is_a_name_and_a_direction(text: str, order: tuple[str, bool]):
    assert parameters.read_order(QueryParams({"order_by": text})) == order


@pytest.mark.parametrize("text", ["a down", "a b c", "a desc asc"])
def test_another_order_is_refused(text: str):
    with pytest.raises(BadParameter, match="order_by: a name, then asc or desc"):
        parameters.read_order(QueryParams({"order_by": text}))


def test_a_name_close_to_a_known_one_is_a_hint_and_a_far_one_is_not():
    known = [parameters.LIMIT, parameters.FILTER]
    read = parameters.refuse_unknown
    assert refusal(read, "limt=1", known) == (
        "limt",
        "limt: there is no such parameter; did you mean 'limit'?",
    )
    assert refusal(read, "zzz=1", known) == ("zzz", "zzz: there is no such parameter")
    read(QueryParams("limit=1&filter="), known)
    read(QueryParams("limit=1"), known)
