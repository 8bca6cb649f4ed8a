"""This API's times, text or number, <-> microseconds UTC, truncated to milliseconds. Pure."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, assert_never

from runwell.errors import BadTime
from runwell.model.times import EARLIEST_US, EPOCH, LATEST_US, parse_iso
from runwell.protocols.ets.errors import BadInput

SECOND_US = 1_000_000
MILLISECOND_US = 1_000
MILLISECONDS_FROM = 10**11  # epoch seconds beyond the year 5000 were counted in milliseconds
SHOWN_CHARS = 80

DateOrder = Literal["mdy", "dmy", "ymd"]
# date only is no time
ISO = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
)
NUMBER = re.compile(r"\d{1,20}(\.\d{1,20})?", re.ASCII)
# "start_time": "12/05/16:10:25:00", which the original never understood itself
DOCUMENTED = re.compile(r"(\d\d)/(\d\d)/(\d\d):(\d\d):(\d\d):(\d\d)", re.ASCII)
# `+00:00` in a URL arrives as ` 00:00`
LOST_PLUS = re.compile(r"(\d{4}-\d\d-\d\d[T ][\d:.]+) (\d\d(?::?\d\d)?)", re.ASCII)


def read_time(value: Any, order: DateOrder) -> int:
    """A time as it is sent: ISO 8601, epoch seconds as number or text, or the documented form.

    Raises:
        BadInput: none of these, or outside 1970 to 2200.
    """
    if value is None or value == "":
        raise BadInput("datetime is empty")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _unreadable(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise _unreadable(value)
    text = value.strip() if isinstance(value, str) else f"{Decimal(str(value)):f}"
    return _read(text, order) // MILLISECOND_US * MILLISECOND_US


def read_query_time(text: str, order: DateOrder) -> int:
    """A time in a query string, where a `+` may have become a blank."""
    if not text:
        raise _unreadable(text)
    found = LOST_PLUS.fullmatch(text)
    return read_time(f"{found[1]}+{found[2]}" if found else text, order)


def to_text(us: int) -> str:
    """As the original prints it: `2018-12-31T18:38:52.345000+00:00`, no fraction if it is zero."""
    return (EPOCH + timedelta(microseconds=us)).isoformat()


def _read(text: str, order: DateOrder) -> int:
    if NUMBER.fullmatch(text):
        return _from_seconds(text)
    if found := DOCUMENTED.fullmatch(text):
        return _from_documented(found, order)
    if not ISO.fullmatch(text):
        raise _unreadable(text)
    try:
        return parse_iso(text)
    except BadTime as error:
        raise _unreadable(text) from error


def _from_seconds(text: str) -> int:
    us = int(Decimal(text) * SECOND_US)
    if us >= MILLISECONDS_FROM * SECOND_US:
        raise BadInput(f"Could not parse {text}. Milliseconds? Epoch seconds are taken.")
    if not EARLIEST_US <= us < LATEST_US:
        raise _unreadable(text)
    return us


def _from_documented(found: re.Match[str], order: DateOrder) -> int:
    """Rather refuse than guess: a day that cannot be one in this order is no time."""
    first, second, third, hour, minute, second_ = (int(part) for part in found.groups())
    match order:
        case "mdy":
            year, month, day = third, first, second
        case "dmy":
            year, month, day = third, second, first
        case "ymd":
            year, month, day = first, second, third
        case _:
            assert_never(order)
    try:
        moment = datetime(2000 + year, month, day, hour, minute, second_, tzinfo=UTC)
    except ValueError as error:
        problem = f"Could not parse {found[0]}. Its date is read as {order} here: {error}"
        raise BadInput(problem) from error
    return (moment - EPOCH) // timedelta(microseconds=1)


def _unreadable(value: Any) -> BadInput:
    return BadInput(
        f'["Could not parse {str(value)[:SHOWN_CHARS]}. Should be ISO 8601 or timestamp."]'
    )
