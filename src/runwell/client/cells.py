"""One value as people read it: durations in the unit that suits them, times without their zeros."""

from __future__ import annotations

import json
import re
from typing import Any

from runwell.client.columns import MEASURES, Kind

BAR_CHARS = 12
# seconds from which a unit is used: seconds in a unit, its name
UNITS = ((3600.0, 3600.0, "h"), (60.0, 60.0, "min"), (1.0, 1.0, "s"), (0.0, 0.001, "ms"))
NUMBERS = (int, float)
MANY = 1000  # from here on a number needs no fraction
MIDNIGHT = re.compile(r"T00:00:00(Z|[+-]\d\d:\d\d)$")
FRACTION = re.compile(r"\.\d+")
SECONDS = re.compile(r"(T\d\d:\d\d):\d\d(\.\d+)?")


def heading(name: str) -> str:
    """A column's name without what every reader knows."""
    if name not in MEASURES:
        return plain(name)
    if name == "total_duration":  # not the number of events
        return "total time"
    return name.removesuffix("_duration").replace("_", " ")


def show(kind: Kind | None, value: Any, *, is_exact: bool = False) -> str:
    """One cell; nothing for null, and nothing in a text that a terminal would obey.

    Times are shown to the minute, exact ones to the second.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, NUMBERS):
        return show_number(kind, value)
    if isinstance(value, dict | list):
        return plain(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    if kind == "time":
        return plain(show_time(value, is_exact=is_exact))
    return plain(str(value))


def show_number(kind: Kind | None, value: float) -> str:
    """A number in the unit of its column.

    >>> show_number("rate", 0.0625), show_number("integer", 1234), show_number("number", 0.12345)
    ('6.2 %', '1,234', '0.1235')
    """
    match kind:
        case "duration":
            return show_seconds(value)
        case "rate":
            return f"{value * 100:.1f} %"
        case _ if isinstance(value, int):
            return f"{value:,}"
        case _:
            return f"{value:,.0f}" if abs(value) >= MANY else f"{value:.4g}"


def show_time(text: str, *, is_exact: bool = False) -> str:
    """A time without what it does not say: a day's begin is a day, unless it is to be exact.

    >>> show_time("2026-01-01T00:00:00+01:00"), show_time("2026-01-01T12:30:15.5Z")
    ('2026-01-01', '2026-01-01T12:30Z')
    """
    if is_exact:
        return FRACTION.sub("", text)
    return MIDNIGHT.sub("", text) if MIDNIGHT.search(text) else SECONDS.sub(r"\1", text)


def plain(text: str) -> str:
    """What a terminal shows and does not obey."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def show_seconds(seconds: float) -> str:
    """A duration in the largest unit that leaves at least one of it.

    >>> show_seconds(0.0421), show_seconds(95)
    ('42.1 ms', '1.6 min')
    """
    _, unit, word = next(row for row in UNITS if abs(seconds) >= row[0])
    return f"{seconds / unit:,.1f} {word}"


def bar_of(value: int, most: int) -> str:
    """A bar of up to BAR_CHARS characters."""
    return "█" * max(1, round(BAR_CHARS * value / most)) if value else ""
