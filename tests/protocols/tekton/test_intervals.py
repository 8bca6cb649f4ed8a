"""Durations against what PostgreSQL 15.18 answered; the tables are its own words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.protocols.tekton.intervals import (
    DAY_US,
    Interval,
    average,
    compare_key,
    of_difference,
    to_text,
)

US = st.integers(-(2**53), 2**53)


# SELECT (E - S)::text, by the microseconds between them
@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "00:00:00"),
        (1, "00:00:00.000001"),
        (-1, "-00:00:00.000001"),
        (500_000, "00:00:00.5"),
        (-500_000, "-00:00:00.5"),
        (40_500_000, "00:00:40.5"),
        (89_461_538, "00:01:29.461538"),
        (-5_000_000, "-00:00:05"),
        (59_999_999, "00:00:59.999999"),
        (3_600_000_000, "01:00:00"),
        (-3_599_000_001, "-00:59:59.000001"),
        (86_399_999_999, "23:59:59.999999"),
        (86_400_000_000, "1 day"),
        (-86_400_000_000, "-1 days"),
        (-86_400_000_001, "-1 days -00:00:00.000001"),
        (93_784_000_000, "1 day 02:03:04"),
        (-93_784_000_000, "-1 days -02:03:04"),
        (172_800_000_000, "2 days"),
        (216_000_000_000, "2 days 12:00:00"),
        (1_577_836_800_000_000, "18262 days"),
    ],
)
def test_a_difference_is_days_and_a_time_of_one_sign(us: int, text: str):
    assert to_text(of_difference(us)) == text


# SELECT (make_interval(days => D) + U * interval '1 microsecond')::text
@pytest.mark.parametrize(
    ("days", "us", "text"),
    [
        (1, 0, "1 day"),
        (-1, 0, "-1 days"),
        (1, 1, "1 day 00:00:00.000001"),
        (2, 144_000_000_000, "2 days 40:00:00"),
        (-1, 7_384_000_000, "-1 days +02:03:04"),
        (1, -7_384_000_000, "1 day -02:03:04"),
        (-2, -1, "-2 days -00:00:00.000001"),
        (-1, 500_000, "-1 days +00:00:00.5"),
        (5, -500_000, "5 days -00:00:00.5"),
        (310, 26_841_638_000_000, "310 days 7456:00:38"),
        (0, 26_841_638_000_000, "7456:00:38"),
        (0, -360_000_000_000, "-100:00:00"),
    ],
)
def test_days_and_time_each_print_their_sign(days: int, us: int, text: str):
    assert to_text(Interval(days, us)) == text


# SELECT sum(d), avg(d), min(d), max(d) of such differences
@pytest.mark.parametrize(
    ("us", "sum_", "avg", "min_", "max_"),
    [
        ([30000000, 37000000], "00:01:07", "00:00:33.5", "00:00:30", "00:00:37"),
        ([1, 2], "00:00:00.000003", "00:00:00.000002", "00:00:00.000001", "00:00:00.000002"),
        ([1, 1, 2], "00:00:00.000004", "00:00:00.000001", "00:00:00.000001", "00:00:00.000002"),
        ([93784000000, -5000000], "1 day 02:02:59", "13:01:29.5", "-00:00:05", "1 day 02:03:04"),
        ([129600000000] * 2, "2 days 24:00:00", "1 day 12:00:00", "1 day 12:00:00", "1 day 12:00:00"),
        ([86400000000, 0], "1 day", "12:00:00", "00:00:00", "1 day"),
        ([86400000000, 0, 0], "1 day", "08:00:00", "00:00:00", "1 day"),
        ([-86400000000, 1, 0], "-1 days +00:00:00.000001", "-08:00:00", "-1 days", "00:00:00.000001"),
        ([259200000001, 7, 7], "3 days 00:00:00.000015", "1 day 00:00:00.000005", "00:00:00.000007", "3 days 00:00:00.000001"),
        ([604800000000, 604800000000, 1, 2, 3], "14 days 00:00:00.000006", "2 days 19:12:00.000001", "00:00:00.000001", "7 days"),
        ([158400000000] * 2, "2 days 40:00:00", "1 day 20:00:00", "1 day 20:00:00", "1 day 20:00:00"),
        ([-1, -2], "-00:00:00.000003", "-00:00:00.000002", "-00:00:00.000002", "-00:00:00.000001"),
        ([604799999999, 86399999999, 1], "6 days 47:59:59.999999", "2 days 16:00:00", "00:00:00.000001", "6 days 23:59:59.999999"),
        ([30000000, 7000000, 30000000], "00:01:07", "00:00:22.333333", "00:00:07", "00:00:30"),
        ([-93784000000, 3], "-1 days -02:03:03.999997", "-13:01:31.999998", "-1 days -02:03:04", "00:00:00.000003"),
        ([864000000000, 0, 0, 0, 0, 0, 0], "10 days", "1 day 10:17:08.571429", "00:00:00", "10 days"),
    ],
)  # fmt: skip
def test_aggregates_are_those_of_postgresql(
    us: list[int], sum_: str, avg: str, min_: str, max_: str
):
    intervals = [of_difference(item) for item in us]
    whole = Interval(sum(item.days for item in intervals), sum(item.us for item in intervals))

    assert to_text(whole) == sum_
    assert to_text(average(whole.days, whole.us, len(us))) == avg
    assert to_text(min(intervals, key=compare_key)) == min_
    assert to_text(max(intervals, key=compare_key)) == max_


# SELECT (make_interval(days => D) + U * interval '1 microsecond') / N
@pytest.mark.parametrize(
    ("days", "us", "count", "text"),
    [
        (-2, 90000000000, 1, "-2 days +25:00:00"),
        (-9, 235000000, 97, "-02:13:34.072165"),
        (-27, 46988, 3, "-9 days +00:00:00.015663"),
        (38, -136910707626, 2, "19 days -19:00:55.353813"),
        (-4, 2752682420, 2, "-2 days +00:22:56.34121"),
        (23, 1, 97, "05:41:26.597938"),
        (24, 520074672, 1000, "00:34:34.120075"),
        (13, -879206, 1, "13 days -00:00:00.879206"),
        (0, -3, 1000, "00:00:00"),
        (21, -518400000000, 1000, "00:21:36"),
        (-35, -262000000, 3, "-11 days -16:01:27.333333"),
        (-17, -53905, 7, "-2 days -10:17:08.57913"),
        (23, 452231097, 3, "7 days 16:02:30.743699"),
        (13, 376419, 11, "1 day 04:21:49.125129"),
        (26, -5, 6, "4 days 07:59:59.999999"),
        (-29, 4, 7, "-4 days -03:25:42.857142"),
        (-32, -864000500000, 97, "-10:23:30.314433"),
        (-21, 1622326468, 11, "-1 days -21:46:37.970321"),
    ],
)
def test_an_average_carries_a_part_of_a_day_into_the_time(
    days: int, us: int, count: int, text: str
):
    assert to_text(average(days, us, count)) == text


@given(US)
def test_a_difference_keeps_its_length(us: int):
    interval = of_difference(us)
    assert compare_key(interval) == us
    assert abs(interval.us) < DAY_US


@given(st.integers(-(10**5), 10**5), st.integers(-(10**14), 10**14), st.integers(1, 10**6))
def test_an_average_is_as_long_as_exact_division_to_the_microsecond(days: int, us: int, count: int):
    exact = (days * DAY_US + us) / count
    assert abs(compare_key(average(days, us, count)) - exact) <= 2
