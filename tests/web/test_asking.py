"""The parts of a summary as its query names them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from runwell.errors import BadRequest
from runwell.filter import Call, Field, Metric, Payload, Tag
from runwell.model import Bucket
from runwell.query import FIELDS, MEASURES, Group, Having, Measure, TimeBucket, Type
from runwell.web import asking

LATEST_FINISH = Measure("max", Field("finished"), type=Type.TIME)


def refusal(read, query: dict[str, str], *rest) -> tuple[str, str]:
    with pytest.raises(BadRequest) as refused:
        read(QueryParams(query), *rest)
    return refused.value.pointer, refused.value.message


def test_measures_are_named_once_by_the_names_of_their_columns():
    query = QueryParams("summary=failed, max( finished ),failed&summary=total,max(finished)")
    assert asking.read_measures(query) == {
        "failed": MEASURES["failed"],
        "max(finished)": LATEST_FINISH,
        "total": MEASURES["total"],
    }
    assert list(asking.read_measures(query)) == ["failed", "max(finished)", "total"]
    assert asking.read_measures(QueryParams("")) == MEASURES
    assert list(asking.read_measures(QueryParams("summary="), ["total"])) == ["total"]


def test_there_are_fifty_measures_at_most():
    names = [f"p{n}(duration)" for n in range(51)]
    assert len(asking.read_measures(QueryParams({"summary": ",".join(names[1:])}))) == 50
    assert refusal(asking.read_measures, {"summary": ",".join(names)}) == (
        "summary",
        "summary: at most 50 measures",
    )


def test_groups_are_fields_buckets_of_times_and_values():
    query = QueryParams(
        [
            ("group_by", "kind,day,week  started"),
            ("group_by", ' tags["a, b"], kind'),
            ("zone", "Europe/Berlin"),
        ]
    )
    assert asking.read_groups(query) == (
        Field("kind"),
        TimeBucket(Bucket.DAY, "time", "Europe/Berlin"),
        TimeBucket(Bucket.WEEK, "started", "Europe/Berlin"),
        Group('tags["a, b"]', Call("first", (Tag("a, b"),)), Type.TEXT),
    )
    assert asking.read_groups(QueryParams("")) == ()


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("metrics.m", Group("metrics.m", Metric("m"), Type.NUMBER)),
        ("payload.a.b", Group("payload.a.b", Payload(("a", "b"), "text"), Type.TEXT)),
        ("month", TimeBucket(Bucket.MONTH)),
        ("month time", TimeBucket(Bucket.MONTH)),
    ],
)
def test_a_group_is_read_as_it_is_meant(text: str, group):
    assert asking.read_group(text) == group


@given(st.sampled_from(list(Bucket)), st.sampled_from(list(FIELDS)))
@settings(deadline=None)
def test_a_bucket_takes_times_and_nothing_else(bucket: Bucket, field: str):
    query = {"group_by": f"{bucket} {field}"}
    if FIELDS[field] is Type.TIME:
        assert asking.read_groups(QueryParams(query)) == (TimeBucket(bucket, field),)
    else:
        pointer, message = refusal(asking.read_groups, query)
        assert pointer == "group_by"
        assert f"{field!r} is not a time" in message


def test_one_column_is_not_asked_for_twice():
    for text in ("day started,day finished", "day,day time"):
        pointer, message = refusal(asking.read_groups, {"group_by": text})
        assert (pointer, "the same bucket" in message) == ("group_by", True)
    assert len(asking.read_groups(QueryParams({"group_by": "day started,week started"}))) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pipelin", "there is no group 'pipelin'; did you mean 'pipeline'?"),
        ("Day", "did you mean 'day'?"),
        ("dya started", "did you mean 'day'?"),
        ("day startd", "'startd' is not a time; did you mean 'started'?"),
        ("name started", "there is no group"),
        ("zzz", "there is no group 'zzz'"),
        ("tag.team", "did you mean 'tags'?"),
        ("size(nme)", "did you mean 'name'?"),
        ("day started finished", "did you mean 'day'?"),
        ("[1]", "but got list(dyn)"),
        ("payload", "one value of it, as payload.NAME"),
        ("a,b,c,d,e", "at most 4 groups"),
    ],
)
def test_what_is_no_group_is_refused_with_the_nearest_name(text: str, says: str):
    pointer, message = refusal(asking.read_groups, {"group_by": text})
    assert pointer == "group_by"
    assert says in message


def test_a_time_field_is_named_where_it_was_asked_for():
    assert asking.read_time_field("started") == "started"
    with pytest.raises(BadRequest, match="time: 'name' is not a time") as refused:
        asking.read_time_field("name", "time")
    assert refused.value.pointer == "time"


def test_conditions_bring_the_measures_that_are_not_shown():
    query = QueryParams({"having": "total >= 2, max( finished ) > 1970-01-02"})
    having, measures = asking.read_conditions(query)
    assert having == (
        Having("total", ">=", 2),
        Having("max(finished)", ">", 86_400_000_000),
    )
    assert measures == {"total": MEASURES["total"], "max(finished)": LATEST_FINISH}
    assert asking.read_conditions(QueryParams("")) == ((), {})


def test_there_are_twenty_conditions_at_most():
    texts = [f"total != {n}" for n in range(21)]
    assert len(asking.read_conditions(QueryParams({"having": ",".join(texts[1:])})).having) == 20
    assert refusal(asking.read_conditions, {"having": ",".join(texts)}) == (
        "having",
        "having: at most 20 conditions",
    )


def test_orders_are_names_that_were_asked_for_each_with_a_direction():
    known = ["name", "p95(duration)", "total"]
    query = QueryParams("order_by=total desc,name&order_by=p95( duration ) ASC")
    assert asking.read_orders(query, known) == (
        ("total", True),
        ("name", False),
        ("p95(duration)", False),
    )
    assert asking.read_orders(QueryParams(""), known) == ()
    pointer, message = refusal(asking.read_orders, {"order_by": "totl desc"}, known)
    assert (pointer, message) == (
        "order_by",
        "order_by: 'totl' is not asked for; did you mean 'total'?",
    )


def test_a_group_and_a_measure_of_one_name_are_refused():
    asking.check_columns(["queued", "total"])
    with pytest.raises(BadRequest, match="two columns 'queued'"):
        asking.check_columns(["queued", "total", "queued"])
