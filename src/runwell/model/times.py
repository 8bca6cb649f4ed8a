"""Instants as integer microseconds UTC: parsing text times, printing them, bounds and buckets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from runwell.errors import BadTime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_US = 0
LATEST_US = int((datetime(2200, 1, 1, tzinfo=UTC) - EPOCH) / timedelta(microseconds=1))
MICROSECOND = timedelta(microseconds=1)


class Bucket(StrEnum):
    """What a time may be grouped by. A week starts on Monday; every bucket is in UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


def parse_iso(text: str, zone: tzinfo = UTC) -> int:
    """Read an ISO 8601 time; a time without a zone is taken to be in `zone`.

    Raises:
        BadTime: not a time, or outside 1970 to 2200.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadTime(text) from error
    return to_us(moment if moment.tzinfo else moment.replace(tzinfo=zone), text)


def to_us(moment: datetime, text: str) -> int:
    """Turn an aware datetime into microseconds, or say that `text` is out of bounds."""
    us = (moment - EPOCH) // MICROSECOND
    if not EARLIEST_US <= us < LATEST_US:
        raise BadTime(text)
    return us


def to_iso(us: int | None) -> str | None:
    """Print an instant as RFC 3339 in UTC, microseconds only where there are any.

    >>> to_iso(1600000000000000)
    '2020-09-13T12:26:40Z'
    """
    if us is None:
        return None
    return (EPOCH + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")


def now_us(moment: datetime) -> int:
    """The given clock reading as microseconds."""
    return (moment - EPOCH) // MICROSECOND
