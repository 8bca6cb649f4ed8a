"""Times and durations as they are written in an expression."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from zoneinfo import available_timezones

from runwell.filter.functions import FIRST_US, LAST_US, TIME_PATTERN, instant_of

SLASHED = re.compile(r"^(\d{4})/(\d\d)/(\d\d)", re.ASCII)
ANY_YEAR = re.compile(TIME_PATTERN.replace("(19[7-9]|20[0-9]|21[0-9])[0-9]", "[0-9]{4}"))
# Go's time.ParseDuration
DURATION = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|h|m|s))+|[+-]?0", re.ASCII)
PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|h|m|s)", re.ASCII)
UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
DIGITS_MAX = 30
DURATION_US_MAX = 2**63 // 1000  # as many as Go's nanoseconds in 64 bits
OFFSET = re.compile(r"([+-]?)(0\d|1[0-4]):([0-5]\d)", re.ASCII)
MINUTE_US = 60_000_000


def read_time(text: str) -> int | None:
    """RFC 3339 as microseconds or None; also slashes in the date, a date alone, no zone (UTC).

    Any year may be written: a time before or after everything bounds nothing.
    """
    dashed = SLASHED.sub(r"\1-\2-\3", text.strip())
    us = instant_of(dashed) if ANY_YEAR.fullmatch(dashed) else None
    return None if us is None else max(FIRST_US, min(us, LAST_US))


def read_duration(text: str) -> int | None:
    """`1h30m`, `-1.5s`, `100ms` as microseconds, cut off below; None if it is none."""
    if len(text) > DIGITS_MAX or not DURATION.fullmatch(text):
        return None
    nanoseconds = sum(
        (Decimal(number) * UNITS_NS[unit] for number, unit in PART.findall(text)), Decimal(0)
    )
    us = int(nanoseconds / 1000)
    if us > DURATION_US_MAX:
        return None
    return -us if text.startswith("-") else us


def read_offset(zone: str) -> int | None:
    """`-05:00` or `UTC` as microseconds east of UTC; None for the name of a zone."""
    if zone in ("UTC", "Z", ""):
        return 0
    found = OFFSET.fullmatch(zone)
    if not found:
        return None
    us = (int(found[2]) * 60 + int(found[3])) * MINUTE_US
    return -us if found[1] == "-" else us


def is_zone(name: str) -> bool:
    """Whether there is a zone of this name in the IANA database."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    """Neither the files beside the database (`posix/`, `right/`) nor this machine's own zone."""
    return frozenset(available_timezones() - {"localtime"})
