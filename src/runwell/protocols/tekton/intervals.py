"""Durations as PostgreSQL 15 keeps, averages and prints them: days and microseconds apart. Pure.

The answers of the original are texts of its database: a difference of two times is split into
days and a time of less than a day, a sum adds each part by itself, and so `1 day 20:00:00` twice
is `2 days 40:00:00`. A day is 24 hours wherever two are compared. There are no months in these.
"""

from __future__ import annotations

from typing import NamedTuple

SECOND_US = 1_000_000
DAY_SECONDS = 86_400
DAY_US = DAY_SECONDS * SECOND_US


class Interval(NamedTuple):
    """Days and microseconds, each with its own sign; neither is carried into the other."""

    days: int
    us: int


def of_difference(us: int) -> Interval:
    """The difference of two times: whole days, cut towards zero, and the rest of the same sign."""
    if -DAY_US < us < DAY_US:
        return Interval(0, us)
    days, rest = divmod(abs(us), DAY_US)
    return Interval(days, rest) if us >= 0 else Interval(-days, -rest)


def average(sum_days: int, sum_us: int, count: int) -> Interval:
    """A sum divided by a count of at least 1, in floating point as PostgreSQL's `interval_div`.

    What is left of a day goes into the time; microseconds are rounded half to even.
    """
    days = int(sum_days / count)
    rest_seconds = _to_microseconds((sum_days / count - days) * DAY_SECONDS)
    return Interval(days, round(float(sum_us) / count + rest_seconds * SECOND_US))


def to_text(interval: Interval) -> str:
    """In PostgreSQL's own style: `1 day 02:03:04`, `-1 days +02:03:04`, `00:00:40.5`."""
    days, us = interval
    if not days:
        return _time_text(us) if us >= 0 else f"-{_time_text(-us)}"
    whole = f"{days} day" if days == 1 else f"{days} days"
    if not us:
        return whole
    sign = "-" if us < 0 else "+" if days < 0 else ""
    return f"{whole} {sign}{_time_text(abs(us))}"


def _time_text(us: int) -> str:
    seconds, fraction = divmod(us, SECOND_US)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = "%02d:%02d:%02d" % (hours, minutes, seconds)  # noqa: UP031 - half the time of an f-string
    return f"{text}.{fraction:06}".rstrip("0") if fraction else text


def compare_key(interval: Interval) -> int:
    """Microseconds with 24 hours to the day, by which the shortest and the longest are found."""
    return interval.days * DAY_US + interval.us


def _to_microseconds(seconds: float) -> float:
    """Seconds rounded to microseconds: PostgreSQL's TSROUND."""
    return round(seconds * SECOND_US) / SECOND_US
