"""Buckets in zones: the engine's SQL begins them where model/times.py does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import an_event
from tests.filter.asking import Asked
from tests.model.instants import INSTANTS, ZONES
from tests.store.engines import COLUMNS

from runwell.model import Bucket
from runwell.model.times import bucket_start, parse_iso
from runwell.query import Measure, Rows, Summary, TimeBucket
from runwell.query.series import Series, lines, window

HOUR_US = 3_600_000_000


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Asked]:
    columns = COLUMNS[request.param](tmp_path_factory.mktemp("columns"), "ledger")
    yield Asked(columns)
    columns.close()


@given(st.lists(INSTANTS, min_size=1, max_size=60))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_engine_and_python_agree_on_every_bucket_of_every_zone(asked: Asked, instants):
    asked.put([an_event(str(place), started=us) for place, us in enumerate(instants)])
    for name in ZONES:
        zone = ZoneInfo(name)
        for bucket in Bucket:
            rows = asked.run(Summary(("total",), (TimeBucket(bucket, "started", name),))).rows
            expected = Counter(bucket_start(us, bucket, zone) for us in instants)
            assert rows == sorted(expected.items()), (name, bucket)


@pytest.mark.parametrize(
    ("zone", "begin", "end"),
    [
        ("Antarctica/Casey", "2010-03-03T00:00:00Z", "2010-03-07T00:00:00Z"),
        ("Pacific/Apia", "2011-12-28T00:00:00Z", "2012-01-02T00:00:00Z"),
        ("America/St_Johns", "2009-10-31T00:00:00Z", "2009-11-03T00:00:00Z"),
        ("Africa/Monrovia", "1972-01-05T00:00:00Z", "1972-01-09T00:00:00Z"),
        ("Asia/Pyongyang", "2015-08-13T00:00:00Z", "2015-08-17T00:00:00Z"),
    ],
)
def test_so_they_do_in_the_oddest_nights(asked: Asked, zone: str, begin: str, end: str):
    instants = range(parse_iso(begin), parse_iso(end), 1_000_000 * 599)
    asked.put([an_event(str(place), started=us) for place, us in enumerate(instants)])
    for bucket in Bucket:
        rows = asked.run(Summary(("total",), (TimeBucket(bucket, "started", zone),))).rows
        expected = Counter(bucket_start(us, bucket, ZoneInfo(zone)) for us in instants)
        assert rows == sorted(expected.items()), bucket


def test_events_without_that_time_are_a_bucket_of_nothing_at_the_end(asked: Asked):
    asked.put([an_event("1", finished=1), an_event("2"), an_event("3")])
    for zone in ("", "Europe/Berlin"):
        for bucket in (Bucket.HOUR, Bucket.DAY):
            rows = asked.run(Summary(("total",), (TimeBucket(bucket, "finished", zone),))).rows
            assert (rows[0][1], rows[1]) == (1, (None, 2))


def test_a_midnight_that_the_engine_has_an_hour_off_is_in_the_same_day():
    """Clocks of British Columbia: what a government changes is in one of two tables of zones."""
    day = TimeBucket(Bucket.DAY, "time", "America/Vancouver")
    begin, end = parse_iso("2026-01-10T08:00:00Z"), parse_iso("2026-01-13T08:00:00Z")
    series = Series({"total": Measure("count")}, day, begin=begin, end=end)
    of = window(series, None, None, 10)
    whole = Rows((), [(60,)])
    for off_us in (-HOUR_US, 0, HOUR_US):
        points = Rows((), [(start + off_us, place) for place, start in enumerate(of.starts)])
        (line,) = lines(series, of, whole, points)
        assert line.points == {"total": [0, 1, 2]}
    behind = Rows((), [(of.end - HOUR_US, 9)])  # the last hour alone
    assert lines(series, of, whole, behind)[0].points == {"total": [0, 0, 0]}
