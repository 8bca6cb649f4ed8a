"""Times, durations and zones as they are written in an expression."""

from __future__ import annotations

import pytest
from tests.builders import HOUR_US, NOON_US
from tests.filter.asking import parsed, refusal

from runwell.filter import Constant, Sort
from runwell.filter.cel.literals import is_zone, read_duration, read_offset, read_time
from runwell.filter.functions import FIRST_US, LAST_US

TIMES = {
    "2026-01-01T12:00:00Z": NOON_US,
    "2026-01-01T12:00:00.000Z": NOON_US,
    "2026-01-01T12:00:00.123456789Z": NOON_US + 123_456,
    "2026/01/01T12:00:00Z": NOON_US,
    "2026-01-01T14:00:00+02:00": NOON_US,
    "2026-01-01T14:00:00+0200": NOON_US,
    "2026-01-01T14:00:00+02": NOON_US,
    "2026-01-01 12:00": NOON_US,
    "2026-01-01": NOON_US - 12 * HOUR_US,
    "1970-01-01": 0,
    # no bound: before and after everything
    "1969-12-31T23:59:59Z": -1_000_000,
    "0001-01-01T00:00:00Z": FIRST_US,
    "0001-01-01T00:00:00+14:00": FIRST_US,
    "2200-01-01": 7_258_118_400_000_000,
    "9999-12-31T23:59:59Z": LAST_US,
}
NO_TIMES = [
    *("", "now", "2026", "2026-13-01", "2026-02-30", "2026-01-01T24:00:00Z", "2026/01-01"),
    *("0000-01-01", "20260-01-01", "2026-01-01T12:00:00 UTC", "٢٠٢٦/01/01", "1767268800"),
]
DURATIONS = {
    "0": 0,
    "-0": 0,
    "1s": 1_000_000,
    "+1s": 1_000_000,
    "-1.5s": -1_500_000,
    "1h30m": 5_400_000_000,
    "1m1m": 120_000_000,
    "100ms": 100_000,
    "1us": 1,
    "1µs": 1,
    "1μs": 1,
    "1500ns": 1,
    "-1500ns": -1,
    "999ns": 0,
    ".5s": 500_000,
    "1.s": 1_000_000,
    "2562047h": 2_562_047 * HOUR_US,
    "-2562047h47m16.854775s": -9_223_372_036_854_775,
}
NO_DURATIONS = [
    *("", "1", "s", "1d", "1 s", " 1s", "1s ", "--1s", "1h-1m", "1e3s", ".s", "٣s", "2562048h"),
    "0" * 30 + "1s",
]


@pytest.mark.parametrize(("text", "us"), TIMES.items())
def test_a_time_may_be_written_like_this(text: str, us: int):
    assert read_time(text) == us


@pytest.mark.parametrize("text", NO_TIMES)
def test_this_is_no_time_and_the_answer_shows_how_one_is_written(text: str):
    assert read_time(text) is None
    problem = f"ERROR: <input>:1:20: timestamp: {text!r} is none; write it like 2026-01-31T12"
    assert refusal(f'started > timestamp("{text}")').startswith(problem)


@pytest.mark.parametrize(("text", "us"), DURATIONS.items())
def test_a_duration_may_be_written_like_this(text: str, us: int):
    assert read_duration(text) == us


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_this_is_no_duration_and_the_answer_shows_how_one_is_written(text: str):
    assert read_duration(text) is None
    problem = f"ERROR: <input>:1:20: duration: {text!r} is none; write it like 1h30m"
    assert refusal(f'duration > duration("{text}")').startswith(problem)


@pytest.mark.parametrize(
    ("zone", "us"),
    [
        *(("UTC", 0), ("Z", 0), ("", 0), ("+05:30", 19_800_000_000), ("-01:00", -HOUR_US)),
        *(("Europe/Berlin", None), ("5:30", None), ("+5:30", None), ("+٠٥:30", None)),
    ],
)
def test_an_offset_is_told_from_a_name(zone: str, us: int | None):
    assert read_offset(zone) == us


@pytest.mark.parametrize("name", ["Europe/Berlin", "Etc/GMT+12", "EST5EDT", "Asia/Kolkata"])
def test_a_zone_has_a_name_of_the_iana_database(name: str):
    assert is_zone(name)
    assert Constant(name, Sort.TEXT) in _constants(f'started.getHours("{name}") == 1')


def _constants(text: str):
    found, left = [], [parsed(text)]
    while left:
        part = left.pop()
        found += [part] if isinstance(part, Constant) else []
        left += getattr(part, "arguments", ())
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("Mars", "localtime", "posix/Europe/Berlin", "right/UTC", "posixrules", "europe/berlin"),
        *("../UTC", "/etc/passwd", "Europe", "Europe/Berlin\\x00", "tzdata.zi", "+5:30", "{0}"),
    ],
)
def test_what_no_engine_knows_is_no_zone(name: str):
    assert not is_zone(name)
    assert refusal(f'started.getHours("{name}") == 1').startswith(
        "ERROR: <input>:1:17: unknown time zone"
    )
