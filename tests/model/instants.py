"""Instants at which clocks are hard to read, and the zones whose clocks do that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from runwell.model.times import EPOCH, LATEST_US, MICROSECOND

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # half an hour
    "Atlantic/Azores",  # at midnight
    "America/Havana",  # at midnight
    "America/Santiago",  # from midnight to the hour before
    "America/Nuuk",  # from the hour before to midnight
    "Pacific/Apia",  # a whole day left out
    "Pacific/Rarotonga",  # from midnight half an hour back
]
DAY_S = 86_400


@cache
def transitions(zone: str) -> list[int]:
    """Seconds at which the zone's clocks jump, from 1970 to 2060."""
    clock = ZoneInfo(zone)

    def offset(second: int) -> timedelta:
        found = datetime.fromtimestamp(second, UTC).astimezone(clock).utcoffset()
        assert found is not None
        return found

    found, step = [], 9 * DAY_S
    for low in range(0, 90 * 366 * DAY_S, step):
        begin, end = low, low + step
        if offset(begin) == offset(end):
            continue
        while end - begin > 1:
            middle = (begin + end) // 2
            begin, end = (middle, end) if offset(middle) == offset(low) else (begin, middle)
        found.append(end)
    return found


JUMPS = sorted({second for zone in ZONES for second in transitions(zone)})
AROUND = [-86_400, -3_600, -1_800, -1, 0, 1, 1_799, 1_800, 3_599, 3_600, 7_200, 86_400]
CLOSE = st.builds(
    lambda jump, seconds, us: min(max((jump + seconds) * 1_000_000 + us, 0), LATEST_US - 1),
    st.sampled_from(JUMPS),
    st.sampled_from(AROUND) | st.integers(-2 * DAY_S, 2 * DAY_S),
    st.sampled_from([0, 1, -1, 500_000]),
)
LATEST = (datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC) - EPOCH) // MICROSECOND
INSTANTS = st.integers(0, LATEST) | CLOSE
