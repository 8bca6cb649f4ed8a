"""What each function takes and gives, and values at the borders of each sort."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from tests.builders import NOON_US

from runwell.filter import Call, Constant, Expression, Field, Payload, Sort, Tag
from runwell.filter.functions import FIRST_US, INT64_MAX, INT64_MIN, LAST_US

B, I, N, X, L, T, D = (  # noqa: E741 - a letter for each sort keeps the table a table
    Sort.BOOLEAN,
    Sort.INTEGER,
    Sort.NUMBER,
    Sort.TEXT,
    Sort.TEXTS,
    Sort.TIME,
    Sort.DURATION,
)
Signature = tuple[tuple[Sort, ...], Sort]


def _all(names: tuple[str, ...], *signatures: Signature) -> dict[str, list[Signature]]:
    return {name: list(signatures) for name in names}


def _same(*sorts: Sort) -> list[Signature]:
    return [((sort, sort), B) for sort in sorts]


TIME_PARTS = (
    *("year", "month", "day", "day_of_week", "day_of_year"),
    *("hour", "minute", "second", "millisecond"),
)
SIGNATURES: dict[str, list[Signature]] = {
    **_all(("and", "or", "false_unless"), *_same(B)),
    **_all(("not",), ((B,), B)),
    **_all(("if",), *(((B, sort, sort), sort) for sort in (B, I, N, X, T, D))),
    **_all(("is_null",), *(((sort,), B) for sort in Sort)),
    **_all(("text_or_empty", "last_segment"), ((X,), X)),
    **_all(("eq", "ne", "lt", "le", "gt", "ge"), *_same(B, I, N, X, T, D)),
    **_all(("one_of",), ((X, L), B)),
    **_all(("contains", "starts_with", "ends_with", "matches"), *_same(X)),
    **_all(("concat",), ((X, X), X)),
    **_all(("text_length", "int_of_text"), ((X,), I)),
    **_all(("count",), ((L,), I)),
    **_all(("first",), ((L,), X)),
    **_all(("add", "subtract"), ((I, I), I), ((D, D), D)),
    **_all(("multiply", "divide", "modulo"), ((I, I), I)),
    **_all(("negate",), ((I,), I), ((D,), D)),
    **_all(("float_add", "float_subtract", "float_multiply", "float_divide"), ((N, N), N)),
    **_all(("float_negate",), ((N,), N)),
    **_all(("between_times",), ((T, T), D)),
    **_all(("time_plus",), ((T, D), T)),
    **_all(("time_of_text",), ((X,), T)),
    **_all(("time_of_seconds",), ((I,), T)),
    **_all((*TIME_PARTS, "seconds_of_time"), ((T,), I)),
    **_all(("at_zone",), ((T, X), T)),
    **_all(("int_of_number",), ((N,), I)),
    **_all(("number_of_text",), ((X,), N)),
    **_all(("number_of_int",), ((I,), N)),
    **_all(("text_of_int",), ((I,), X)),
    **_all(("text_of_boolean",), ((B,), X)),
    **_all(("text_of_time",), ((T,), X)),
    **_all(("text_of_duration",), ((D,), X)),
}

WORDS = ["", "a", "ab", "A", "a/b", "/", "é", "☃\U0001f600", "it's", '"', "\\", "%", "_", "a\nb"]
NUMERALS = [
    *("0", "3", "-5", "+7", "007", "9223372036854775807", "9223372036854775808", "-0"),
    *("1e3", "1e400", "-1e400", ".5", "5.", "1e-400", "1E+2", "1.5.2", "e5", "+", ".", " 1", "1_0"),
    *("0x10", "1e", "NaN", "Infinity", "٣", "-9223372036854775808", "-9223372036854775809"),
]
TIME_TEXTS = [
    *("1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2199-12-31T23:59:59.999999999-14:59"),
    *("2200-01-01T00:00:00Z", "2024-02-29", "2026-02-29", "2026-1-1", "2026-01-01T00:00"),
    *("2026-01-01 00:00:00.5+0530", "2026-01-01T00:00:00.1234567-01", "2026-01-01T00:00:00."),
    *("2026-01-01Z", "2026-01-01T00:00:00.1234567891Z", "2026-01-01T00:00:60Z", "٢026-01-01"),
    *("2026-01-01T00:00:00+15:00", "2026-01-01T00:00:00Z\n", "2026-01-01t00:00:00z", "now"),
]
PATTERNS = ["", "a", "^a$", "b$", "[ab]+", "a.b", "(?s)a.b", "é", "\\\\", "%", "(?i)A", "\\d{2}"]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC", "Etc/GMT+12"]
YEAR_US = 31_556_952_000_000

VALUES: dict[Sort, list[Any]] = {
    B: [True, False],
    I: [0, 1, -1, 2, -2, 7, -7, 10**6, 2**53 + 1, 2**62, INT64_MAX, INT64_MIN, INT64_MIN + 1],
    N: [
        *(0.0, -0.0, 1.5, -1.5, 0.5, -2.5, 2.0**53, 1e300, -1e300, 5e-324, 2.0**63, -(2.0**63)),
        *(9223372036854774784.0, math.inf, -math.inf, math.nan),
    ],
    X: [*WORDS, "3", "2026-01-01"],
    L: [(), ("a",), ("", "é", "a"), ("%", "it's")],
    T: [
        *(0, 1, -1, 999_999, NOON_US, NOON_US + 1_500_000, FIRST_US, LAST_US, -300 * YEAR_US),
        *(54 * YEAR_US + 59 * 86_400_000_000, 230 * YEAR_US - 1, -1500 * YEAR_US),
    ],
    D: [0, 1, -1, 1_500_000, -1_500_000, 90_061_000_001, 2**62, INT64_MAX, INT64_MIN],
}
# The values of one argument of one function, where any of its sort would say little or nothing.
OWN_VALUES: dict[tuple[str, int], list[Any]] = {
    ("matches", 1): PATTERNS,
    ("at_zone", 1): ZONES,
    ("time_of_text", 0): [*WORDS, *TIME_TEXTS],
    ("int_of_text", 0): [*WORDS, *NUMERALS],
    ("number_of_text", 0): [*WORDS, *NUMERALS],
}
# What gives no value of a sort, asked of an event that says nothing.
MISSING: dict[Sort, Expression] = {
    B: Payload(("gone",), "truth"),
    I: Call("int_of_number", (Payload(("gone",), "number"),)),
    N: Payload(("gone",), "number"),
    X: Payload(("gone",), "text"),
    L: Tag("gone"),
    T: Field("started"),
    D: Field("duration"),
}


def calls(function: str) -> Iterator[tuple[Call, Sort]]:
    """The function over all combinations of values at the borders, and what it gives."""
    for sorts, result in SIGNATURES[function]:
        choices = [_choices(function, place, sort) for place, sort in enumerate(sorts)]
        for arguments in itertools.product(*choices):
            yield Call(function, arguments), result


def _choices(function: str, place: int, sort: Sort) -> list[Expression]:
    values = OWN_VALUES.get((function, place), VALUES[sort])
    missing = [] if (function, place) in (("matches", 1), ("at_zone", 1)) else [MISSING[sort]]
    return [*(Constant(value, sort) for value in values), *missing]
