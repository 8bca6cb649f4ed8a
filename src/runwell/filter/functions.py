"""The functions of expressions, in plain Python: what the engines' SQL is checked against.

Every engine has a template for each name here. All but the first few are strict: without one of
their arguments there is no value (None). What would fail in Python or in SQL (a division by zero, a
number past its bounds) has no value either, so that one strange event never fails a question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from runwell.model.times import EPOCH, MICROSECOND

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
SECOND_US = 1_000_000
FIRST_US = (datetime(1, 1, 2, tzinfo=UTC) - EPOCH) // MICROSECOND  # room for any zone
LAST_US = (datetime(9999, 12, 30, tzinfo=UTC) - EPOCH) // MICROSECOND
# RFC 3339 from 1970 to 2199; also a date alone, a blank for the T, and no zone, which means UTC.
TIME_PATTERN = (
    "^(19[7-9]|20[0-9]|21[0-9])[0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
    "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?)?$"
)
INTEGER_PATTERN = "^[+-]?[0-9]{1,19}$"
# In a regular expression: an escape, a class, or the end of the text.
PATTERN_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\$", re.DOTALL)
NUMBER_PATTERN = "^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$"

Function = Callable[..., Any]
Truth = bool | None


def _and(left: Truth, right: Truth) -> Truth:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: Truth, right: Truth) -> Truth:
    if left or right:
        return True
    return None if left is None or right is None else False


def _if(condition: Truth, then: Any, otherwise: Any) -> Any:
    if condition is None:
        return None
    return then if condition else otherwise


def _false_unless(condition: Truth, there: Truth) -> Truth:
    """The condition; where it has no value, false if there was something to look into."""
    if condition is not None:
        return condition
    return False if there else None


def _whole(compute: Callable[..., int]) -> Function:
    """Whole numbers: no value past 64 bits or without a result."""

    def bounded(*arguments: int) -> int | None:
        try:
            value = compute(*arguments)
        except (ZeroDivisionError, OverflowError, ValueError):
            return None
        return value if INT64_MIN <= value <= INT64_MAX else None

    return bounded


def _ordered(compare: Callable[[Any, Any], bool]) -> Function:
    """Numbers of both sorts as floats; not-a-number equals itself and is the largest."""

    def compared(left: Any, right: Any) -> bool:
        if isinstance(left, float) or isinstance(right, float):
            left, right = (
                (math.isnan(x), 0.0 if math.isnan(x) else float(x)) for x in (left, right)
            )
        return compare(left, right)

    return compared


def _matches(text: str, pattern: str) -> bool:
    """RE2's `$` is the end of the text and not also before a last line break."""
    ends = PATTERN_PART.sub(lambda part: r"\Z" if part[0] == "$" else part[0], pattern)
    return re.search(ends, text, re.ASCII) is not None


def divide(left: int, right: int) -> int:
    """Whole division towards zero."""
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def modulo(left: int, right: int) -> int:
    """What whole division leaves; nothing where that has no result."""
    quotient = divide(left, right)
    if quotient > INT64_MAX:
        raise OverflowError
    return left - right * quotient


def _float_divide(left: float, right: float) -> float | None:
    return left / right if right else None


def time_of_text(text: str) -> int | None:
    """A time in TIME_PATTERN as microseconds, digits past them cut off."""
    return instant_of(text) if re.fullmatch(TIME_PATTERN[1:-1], text) else None


def instant_of(text: str) -> int | None:
    """An ISO 8601 time as microseconds, digits past them cut off; None if the calendar has none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


def _moment(us: int) -> datetime:
    return EPOCH + timedelta(microseconds=us)


def _at_zone(us: int, zone: str) -> int:
    local = _moment(us).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    return (local - EPOCH) // MICROSECOND


def _time_plus(us: int, duration: int) -> int | None:
    """Nothing outside the years that a clock can show."""
    return us + duration if FIRST_US <= us + duration <= LAST_US else None


def _time_text(us: int) -> str:
    text = _moment(us).replace(tzinfo=None, microsecond=0).isoformat()
    return f"{text}{_fraction(us % SECOND_US)}Z"


def _duration_text(us: int) -> str:
    sign = "-" if us < 0 else ""
    return f"{sign}{abs(us) // SECOND_US}{_fraction(abs(us) % SECOND_US)}s"


def _fraction(us: int) -> str:
    return f".{us:06}".rstrip("0") if us else ""


def _number(text: str) -> float | None:
    if not re.fullmatch(NUMBER_PATTERN[1:-1], text):
        return None
    return float(text)


def _int_of_text(text: str) -> int | None:
    if not re.fullmatch(INTEGER_PATTERN[1:-1], text):
        return None
    return _whole(int)(text)  # type: ignore[no-any-return]


# Those that look at what is not there.
THREE_VALUED: dict[str, Function] = {
    "and": _and,
    "or": _or,
    "if": _if,
    "is_null": lambda value: value is None,
    "text_or_empty": lambda text: "" if text is None else text,
    "false_unless": _false_unless,
}

STRICT: dict[str, Function] = {
    "not": lambda value: not value,
    "eq": _ordered(lambda left, right: left == right),
    "ne": _ordered(lambda left, right: left != right),
    "lt": _ordered(lambda left, right: left < right),
    "le": _ordered(lambda left, right: left <= right),
    "gt": _ordered(lambda left, right: left > right),
    "ge": _ordered(lambda left, right: left >= right),
    "one_of": lambda text, texts: text in texts,
    "contains": lambda text, part: part in text,
    "starts_with": lambda text, part: text.startswith(part),
    "ends_with": lambda text, part: text.endswith(part),
    "matches": _matches,
    "concat": lambda left, right: left + right,
    "text_length": len,
    "last_segment": lambda text: text.rpartition("/")[2],
    "count": len,
    "first": lambda texts: texts[0] if texts else None,
    "add": _whole(lambda left, right: left + right),
    "subtract": _whole(lambda left, right: left - right),
    "multiply": _whole(lambda left, right: left * right),
    "divide": _whole(divide),
    "modulo": _whole(modulo),
    "negate": _whole(lambda value: -value),
    "float_add": lambda left, right: float(left) + float(right),
    "float_subtract": lambda left, right: float(left) - float(right),
    "float_multiply": lambda left, right: float(left) * float(right),
    "float_divide": lambda left, right: _float_divide(float(left), float(right)),
    "float_negate": lambda value: -value,
    "between_times": lambda left, right: left - right,
    "time_plus": _time_plus,
    "time_of_text": time_of_text,
    "time_of_seconds": lambda seconds: _time_plus(0, seconds * SECOND_US),
    "seconds_of_time": lambda us: us // SECOND_US,
    "at_zone": _at_zone,
    "year": lambda us: _moment(us).year,
    "month": lambda us: _moment(us).month,
    "day": lambda us: _moment(us).day,
    "day_of_week": lambda us: _moment(us).isoweekday() % 7,
    "day_of_year": lambda us: _moment(us).timetuple().tm_yday,
    "hour": lambda us: _moment(us).hour,
    "minute": lambda us: _moment(us).minute,
    "second": lambda us: _moment(us).second,
    "millisecond": lambda us: us % SECOND_US // 1000,
    "int_of_text": _int_of_text,
    "int_of_number": _whole(int),
    "number_of_text": _number,
    "number_of_int": float,
    "text_of_int": str,
    "text_of_boolean": lambda value: "true" if value else "false",
    "text_of_time": _time_text,
    "text_of_duration": _duration_text,
}

FUNCTIONS = frozenset(THREE_VALUED) | frozenset(STRICT)


def call(name: str, arguments: list[Any]) -> Any:
    """The value of a function; None where it has none."""
    if name in THREE_VALUED:
        return THREE_VALUED[name](*arguments)
    return None if any(value is None for value in arguments) else STRICT[name](*arguments)
