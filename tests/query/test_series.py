"""Windows of buckets, what is asked about them, and how the answers become lines. No engine."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.instants import INSTANTS, ZONES

from runwell.errors import BadQuery, TooLarge
from runwell.filter import And, Compare, Constant, Field, Metric, Sort
from runwell.model import Bucket
from runwell.model.times import bucket_start, next_bucket
from runwell.query import FIELDS, MEASURES, Column, Group, Rows, TimeBucket, Type
from runwell.query import series as asked
from runwell.query.measures import read_measure
from runwell.query.series import SORTS, Line, Series, Window

DAY_US = 86_400_000_000
DAILY = TimeBucket(Bucket.DAY)
TOTAL = {"total": MEASURES["total"], "max(duration)": read_measure("max(duration)")}
SERIES = Series(TOTAL, DAILY)
BY_NAME = replace(SERIES, groups=(Field("name"), Group("metrics.m", Metric("m"), Type.NUMBER)))
THREE_DAYS = Window((0, DAY_US, 2 * DAY_US), 3 * DAY_US)


@pytest.mark.parametrize(
    ("begin", "end", "first", "last", "window"),
    [
        (0, 3 * DAY_US, None, None, THREE_DAYS),
        (1, 2 * DAY_US + 1, None, None, THREE_DAYS),
        (None, None, 5, 2 * DAY_US, THREE_DAYS),
        (None, 3 * DAY_US, 5, 6, THREE_DAYS),
        (0, None, 9 * DAY_US, 2 * DAY_US, THREE_DAYS),
        (None, None, None, None, Window((), 0)),
        (0, None, None, None, Window((), 0)),
        (None, 0, 5, 6, Window((), 0)),
        (5 * DAY_US, None, 0, DAY_US, Window((), 0)),
    ],
)
def test_a_window_is_what_was_asked_for_or_where_the_events_are(begin, end, first, last, window):
    series = replace(SERIES, begin=begin, end=end)
    assert asked.window(series, first, last, 100) == window


def test_a_window_does_not_end_before_it_begins():
    with pytest.raises(BadQuery, match="must be later than `from`") as refused:
        asked.window(replace(SERIES, begin=5, end=5), None, None, 100)
    assert refused.value.pointer == "to"


def test_a_window_has_no_more_buckets_than_can_be_drawn():
    series = replace(SERIES, begin=0, end=4 * DAY_US)
    assert len(asked.window(series, None, None, 4).starts) == 4
    with pytest.raises(TooLarge, match="more than 3 buckets: choose a larger bucket than day"):
        asked.window(series, None, None, 3)
    asked.check_size(4, 4)
    with pytest.raises(TooLarge, match="5 points; 4 is the most"):
        asked.check_size(5, 4)


@given(INSTANTS, st.sampled_from(list(Bucket)), st.sampled_from(ZONES), st.integers(1, 30))
@settings(deadline=None)
def test_the_window_before_ends_where_this_one_begins(first, bucket, zone, count):
    time = TimeBucket(bucket, "time", zone)
    clock = asked.zone_of(time)
    end = first
    for _ in range(count):
        end = next_bucket(bucket_start(end, bucket, clock), bucket, clock)
    now = asked.window(replace(SERIES, bucket=time, begin=first, end=end), None, None, 100)
    then = asked.before(now, time)
    assert (len(now.starts), now.end) == (count, end)
    assert (len(then.starts), then.end) == (count, now.starts[0])
    after = [next_bucket(start, bucket, clock) for start in then.starts]
    assert after == [*then.starts[1:], then.end]


def test_nothing_is_before_nothing():
    assert asked.before(Window((), 0), DAILY) == Window((), 0)


def test_the_bounds_are_the_first_and_the_last_time_of_what_is_asked_for():
    condition = Compare(Field("name"), "==", "x")
    query = asked.bounds(replace(SERIES, bucket=TimeBucket(Bucket.DAY, "started"), where=condition))
    assert (query.measures, query.group_by, query.where) == (("first", "last"), (), condition)
    assert [measure.of for measure in query.defined.values()] == [Field("started")] * 2


def test_a_window_is_asked_about_as_a_whole_and_by_bucket():
    inside = (Compare(Field("time"), ">=", 0), Compare(Field("time"), "<", 3 * DAY_US))
    whole = asked.whole_query(SERIES, THREE_DAYS)
    assert (whole.group_by, whole.where, whole.limit) == ((), And(inside), 20)
    assert whole.order == (("total", True),)
    condition = Compare(Field("name"), "==", "x")
    series = replace(BY_NAME, where=condition, limit=3)
    assert asked.whole_query(series, THREE_DAYS).where == And((*inside, condition))
    points = asked.points_query(series, THREE_DAYS, [("a", 1.0), ("b", None)])
    assert points.group_by == (DAILY, *BY_NAME.groups)
    assert (points.order, points.limit) == ((), None)
    (a_name, a_metric), (_, b_metric) = [group.parts for group in points.where.parts[-1].parts]
    assert a_name.arguments == (Field("name"), Constant("a", Sort.TEXT))
    assert a_metric.arguments == (Metric("m"), Constant(1.0, Sort.NUMBER))
    assert (b_metric.function, b_metric.arguments) == ("is_null", (Metric("m"),))


def rows(*found: tuple) -> Rows:
    return Rows((Column("", Type.TEXT),), list(found))


def test_lines_have_a_value_for_each_bucket_in_the_order_of_the_groups():
    whole = rows(("b", math.nan, 3, 9), ("a", None, 1, None))
    points = rows(
        (0, "b", math.nan, 2, 9), (2 * DAY_US, "b", math.nan, 1, 4), (0, "a", None, 1, None)
    )
    first, second = asked.lines(BY_NAME, THREE_DAYS, whole, points)
    assert first.group[0] == "b"
    assert first.points == {"total": [2, 0, 1], "max(duration)": [9, None, 4]}
    assert first.whole == {"total": 3, "max(duration)": 9}
    assert second == Line(
        ("a", None),
        {"total": [1, 0, 0], "max(duration)": [None] * 3},
        {"total": 1, "max(duration)": None},
    )


def test_lines_of_other_groups_are_matched_by_their_groups():
    there = Line(("a", math.nan), {"total": [1, 1, 1], "max(duration)": [1, 1, 1]}, {"total": 3})
    found = asked.matched(BY_NAME, [there], [("z", 1.0), ("a", math.nan)], THREE_DAYS)
    assert found[1] is there
    assert found[0] == Line(
        ("z", 1.0),
        {"total": [0, 0, 0], "max(duration)": [None] * 3},
        {"total": 0, "max(duration)": None},
    )


@pytest.mark.parametrize(
    ("now", "then", "change"),
    [
        (150, 100, 0.5),
        (50, 100, -0.5),
        (0, 4, -1.0),
        (-1.0, -2.0, 0.5),
        (1, 0, None),
        (0, 0, None),
        (None, 1, None),
        (1, None, None),
        ("a", "b", None),
        (1, "b", None),
        (10**30, 1, 1e30),
    ],
)
def test_a_change_is_a_share_of_what_was(now, then, change):
    assert asked.change(now, then) == change


def test_a_bucket_is_one_of_ours():
    assert asked.read_bucket("quarter") is Bucket.QUARTER
    with pytest.raises(BadQuery, match="did you mean 'quarter'") as refused:
        asked.read_bucket("Quaters")
    assert refused.value.pointer == "bucket"


def test_every_field_but_maps_and_json_may_be_a_group():
    others = {name for name, type_ in FIELDS.items() if type_ not in SORTS}
    assert others == {"metrics", "tags", "links", "payload"}
