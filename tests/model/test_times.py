"""Buckets by the clock of a zone: no gap, no overlap, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.instants import INSTANTS, ZONES, transitions

from runwell.errors import BadTime
from runwell.model import Bucket
from runwell.model.times import (
    EPOCH,
    MICROSECOND,
    bucket_start,
    bucket_starts,
    next_bucket,
    parse_iso,
    to_iso,
)

HOUR_US = 3_600_000_000
DATED = [Bucket.DAY, Bucket.WEEK, Bucket.MONTH, Bucket.QUARTER, Bucket.YEAR]
BUCKETS = st.sampled_from(list(Bucket))


def us(text: str, zone: str = "UTC") -> int:
    return parse_iso(text, ZoneInfo(zone))


@cache
def clock(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


@given(INSTANTS, BUCKETS, st.sampled_from(ZONES))
@settings(deadline=None)
def test_an_instant_lies_in_the_bucket_that_begins_where_bucket_start_says(instant, bucket, name):
    zone = clock(name)
    start = bucket_start(instant, bucket, zone)
    after = next_bucket(start, bucket, zone)
    assert start <= instant < after
    assert bucket_start(start, bucket, zone) == start
    assert bucket_start(after, bucket, zone) == after
    assert bucket_start(after - 1, bucket, zone) == start


@given(INSTANTS, BUCKETS, st.sampled_from(ZONES), st.integers(1, 40))
@settings(deadline=None)
def test_buckets_follow_each_other_without_gap_or_overlap(first, bucket, name, count):
    zone = clock(name)
    end = bucket_start(first, bucket, zone)
    for _ in range(count):
        end = next_bucket(end, bucket, zone)
    starts = list(bucket_starts(first, end, bucket, zone))
    assert len(starts) == count
    assert starts == sorted(set(starts))
    assert [next_bucket(start, bucket, zone) for start in starts] == [*starts[1:], end]
    assert list(bucket_starts(first, starts[-1] + 1, bucket, zone)) == starts


@given(INSTANTS, st.sampled_from(DATED), st.sampled_from(ZONES))
@settings(deadline=None)
def test_a_bucket_of_days_begins_with_the_first_moment_of_its_date(instant, bucket, name):
    zone = clock(name)
    start = bucket_start(instant, bucket, zone)
    shown, before = (
        (EPOCH + timedelta(microseconds=at)).astimezone(zone).date() for at in (start, start - 1)
    )
    assert before < shown
    match bucket:
        case Bucket.WEEK:
            assert before.isocalendar()[:2] != shown.isocalendar()[:2]
        case Bucket.MONTH:
            assert before.month != shown.month
        case Bucket.QUARTER:
            assert (before.month - 1) // 3 != (shown.month - 1) // 3
        case Bucket.YEAR:
            assert before.year != shown.year


@given(INSTANTS, BUCKETS)
@settings(deadline=None)
def test_a_zone_without_jumps_is_the_same_as_utc_by_any_name(instant, bucket):
    assert bucket_start(instant, bucket, clock("UTC")) == bucket_start(instant, bucket)
    assert next_bucket(bucket_start(instant, bucket), bucket, clock("Etc/UTC")) == next_bucket(
        bucket_start(instant, bucket), bucket
    )


@pytest.mark.parametrize(
    ("bucket", "start"),
    [
        ("minute", "2026-08-19T13:47:00Z"),
        ("hour", "2026-08-19T13:00:00Z"),
        ("day", "2026-08-19T00:00:00Z"),
        ("week", "2026-08-17T00:00:00Z"),
        ("month", "2026-08-01T00:00:00Z"),
        ("quarter", "2026-07-01T00:00:00Z"),
        ("year", "2026-01-01T00:00:00Z"),
    ],
)
def test_each_bucket_begins_where_its_name_says(bucket: str, start: str):
    assert to_iso(bucket_start(us("2026-08-19T13:47:11.5"), Bucket(bucket))) == start


@pytest.mark.parametrize(
    ("zone", "inside", "start", "hours"),
    [
        ("Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00:00Z", 23),
        ("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00:00Z", 25),
        ("America/Havana", "2026-03-08T12:00", "2026-03-08T05:00:00Z", 23),  # no midnight
        ("America/Havana", "2026-11-01T12:00", "2026-11-01T04:00:00Z", 25),  # two midnights
        ("America/Santiago", "2026-04-04T12:00", "2026-04-04T03:00:00Z", 25),  # 24:00 is 23:00
        ("America/Santiago", "2026-09-06T12:00", "2026-09-06T04:00:00Z", 23),
        ("America/Nuuk", "2025-03-30T12:00", "2025-03-30T01:00:00Z", 24),  # jumps to midnight
        ("America/Nuuk", "2025-03-29T12:00", "2025-03-29T02:00:00Z", 23),
        ("Pacific/Rarotonga", "1979-03-04T12:00", "1979-03-04T10:00:00Z", 24),  # half an hour
        ("Antarctica/Casey", "2010-03-05T12:00", "2010-03-04T13:00:00Z", 27),  # three hours
        ("Australia/Lord_Howe", "2026-04-05T12:00", "2026-04-04T13:00:00Z", 24.5),
        ("Pacific/Apia", "2011-12-29T12:00", "2011-12-29T10:00:00Z", 24),
        ("Pacific/Apia", "2011-12-31T12:00", "2011-12-30T10:00:00Z", 24),  # no 30th at all
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone, inside, start, hours):
    begin = bucket_start(us(inside, zone), Bucket.DAY, ZoneInfo(zone))
    assert to_iso(begin) == start
    assert next_bucket(begin, Bucket.DAY, ZoneInfo(zone)) - begin == hours * HOUR_US


def test_an_hour_that_comes_twice_is_two_buckets_and_half_a_one_belongs_to_the_one_before():
    berlin, lord_howe = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
    twice = bucket_starts(us("2026-10-24T23:30"), us("2026-10-25T02:00"), Bucket.HOUR, berlin)
    assert [to_iso(start, berlin)[11:] for start in twice] == [
        "01:00:00+02:00",
        "02:00:00+02:00",
        "02:00:00+01:00",
    ]
    back = bucket_starts(us("2026-04-04T14:00"), us("2026-04-04T17:00"), Bucket.HOUR, lord_howe)
    assert [to_iso(start, lord_howe)[11:] for start in back] == [
        "01:00:00+11:00",  # until 02:00+10:30, an hour and a half later
        "02:00:00+10:30",
        "03:00:00+10:30",
    ]


def test_every_zone_that_jumps_is_tried_where_it_jumps():
    assert all(transitions(zone) for zone in ZONES if zone not in ("UTC", "Asia/Kolkata"))
    assert transitions("UTC") == transitions("Asia/Kolkata") == []


def test_a_time_is_shown_in_utc_or_with_the_offset_of_a_zone():
    instant = us("2026-07-01T12:00:00.250")
    assert to_iso(instant) == "2026-07-01T12:00:00.250000Z"
    assert to_iso(instant, ZoneInfo("Europe/Berlin")) == "2026-07-01T14:00:00.250000+02:00"
    assert to_iso(None, ZoneInfo("Europe/Berlin")) is None


@given(INSTANTS, st.sampled_from(ZONES))
@settings(deadline=None)
def test_what_is_shown_is_read_as_the_same_time(instant, name):
    text = to_iso(instant, clock(name))
    assert (datetime.fromisoformat(text) - EPOCH) // MICROSECOND == instant
    assert to_iso(instant, UTC) == to_iso(instant)


def test_a_leap_second_counts_as_the_second_behind_it():
    assert to_iso(us("2016-12-31T23:59:60Z")) == "2017-01-01T00:00:00Z"
    assert to_iso(us("2016-12-31T23:59:60.5Z")) == "2017-01-01T00:00:00.500000Z"
    assert to_iso(us("2017-01-01 05:29:60+05:30")) == "2017-01-01T00:00:00Z"
    assert us("2017-01-01T00:59:60", "Europe/Berlin") == us("2017-01-01T00:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:61Z",
        "2016-12-31T23:60:00Z",
        "2199-12-31T23:59:60Z",
        "9999-12-31T23:59:60Z",
        "2016-12-31T23:59:60 noon",
        "2016-12-31T23:59:+60",
    ],
)
def test_no_other_minute_has_more_than_sixty_seconds(text):
    with pytest.raises(BadTime):
        us(text)
