"""Instants as integer microseconds UTC: parsing text times, printing them, bounds and buckets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from runwell.errors import BadTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_US = 0
LATEST_US = int((datetime(2200, 1, 1, tzinfo=UTC) - EPOCH) / timedelta(microseconds=1))
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
LEAP = re.compile(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:)60")


class Bucket(StrEnum):
    """What a time may be grouped by. A week starts on Monday; a zone decides what a day is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


def parse_iso(text: str, zone: tzinfo = UTC) -> int:
    """Read an ISO 8601 time; a time without a zone is taken to be in `zone`.

    Raises:
        BadTime: not a time, or outside 1970 to 2200.
    """
    try:
        moment = read_moment(text)
    except ValueError as error:
        raise BadTime(text) from error
    return to_us(moment if moment.tzinfo else moment.replace(tzinfo=zone), text)


def read_moment(text: str) -> datetime:
    """Read an ISO 8601 time as it stands, with its zone if it has one.

    A leap second, `23:59:60`, counts as the second behind it, as PostgreSQL has it.

    Raises:
        ValueError: not a time.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        plain, is_leap = LEAP.subn(r"\g<1>59", text)
        if not is_leap:
            raise
    try:
        return datetime.fromisoformat(plain) + SECOND
    except OverflowError as error:
        raise ValueError(text) from error


def to_us(moment: datetime, text: str) -> int:
    """Turn an aware datetime into microseconds, or say that `text` is out of bounds."""
    us = (moment - EPOCH) // MICROSECOND
    if not EARLIEST_US <= us < LATEST_US:
        raise BadTime(text)
    return us


def bucket_start(us: int, bucket: Bucket, zone: tzinfo = UTC) -> int:
    """The instant at which the bucket of this instant begins by a zone's clock.

    Up to an hour by what has passed of it, so that an hour that comes twice is two buckets; above
    by the date, of two midnights in one night the first.
    """
    if bucket in STEPS_US:
        # Once more for clocks that jump within an hour: what is cut off belongs to the hour before.
        return _step_start(_step_start(us, bucket, zone), bucket, zone)
    return _instant(_wall_start(_wall(us, zone), bucket), zone)


def _step_start(us: int, bucket: Bucket, zone: tzinfo) -> int:
    wall = _wall(us, zone)
    return us - (wall - _wall_start(wall, bucket)) // MICROSECOND


def _wall(us: int, zone: tzinfo) -> datetime:
    """What a clock of the zone shows."""
    return (EPOCH + timedelta(microseconds=us)).astimezone(zone).replace(tzinfo=None)


def bucket_starts(first_us: int, end_us: int, bucket: Bucket, zone: tzinfo = UTC) -> Iterator[int]:
    """Where every bucket begins, from the one that holds `first_us` on, before `end_us`."""
    start = bucket_start(first_us, bucket, zone)
    while start < end_us:
        yield start
        start = next_bucket(start, bucket, zone)


def next_bucket(start_us: int, bucket: Bucket, zone: tzinfo = UTC) -> int:
    """Where the bucket behind the one that starts here begins."""
    if bucket in STEPS_US:
        later = start_us + STEPS_US[bucket]
        while (start := bucket_start(later, bucket, zone)) <= start_us:  # a longer one
            later += STEPS_US[bucket]
        return start
    # A start at which clocks jump may show another hour than midnight: noon is beyond doubt.
    noon = _wall_start(_wall(start_us, zone), Bucket.DAY) + timedelta(hours=12)
    return _instant(_wall_start(noon + timedelta(days=DAYS_BEYOND[bucket]), bucket), zone)


STEPS_US = {Bucket.MINUTE: 60_000_000, Bucket.HOUR: 3_600_000_000}
DAYS_BEYOND = {  # from noon of the first day of a bucket into the next one
    Bucket.DAY: 1,
    Bucket.WEEK: 7,
    Bucket.MONTH: 31,
    Bucket.QUARTER: 92,
    Bucket.YEAR: 366,
}


def _wall_start(wall: datetime, bucket: Bucket) -> datetime:
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    match bucket:
        case Bucket.MINUTE:
            return wall.replace(second=0, microsecond=0)
        case Bucket.HOUR:
            return wall.replace(minute=0, second=0, microsecond=0)
        case Bucket.DAY:
            return midnight
        case Bucket.WEEK:
            return midnight - timedelta(days=midnight.weekday())
        case Bucket.MONTH:
            return midnight.replace(day=1)
        case Bucket.QUARTER:
            return midnight.replace(day=1, month=(midnight.month - 1) // 3 * 3 + 1)
        case Bucket.YEAR:
            return midnight.replace(day=1, month=1)


def _instant(midnight: datetime, zone: tzinfo) -> int:
    """The first time that clocks show this midnight, or jump over it."""
    return (midnight.replace(tzinfo=zone, fold=0) - EPOCH) // MICROSECOND


def to_iso(us: int | None, zone: tzinfo = UTC) -> str | None:
    """Print an instant as RFC 3339, in UTC as `Z`, microseconds only where there are any.

    >>> to_iso(1600000000000000)
    '2020-09-13T12:26:40Z'
    """
    if us is None:
        return None
    moment = EPOCH + timedelta(microseconds=us)
    if zone is UTC:
        return moment.isoformat().replace("+00:00", "Z")
    return moment.astimezone(zone).isoformat()


def now_us(moment: datetime) -> int:
    """The given clock reading as microseconds."""
    return (moment - EPOCH) // MICROSECOND
