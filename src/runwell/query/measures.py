"""Measures as people write them: `failed`, `p95(duration)`, `rate(status == "failed")`. No SQL.

Inside the brackets stands any CEL expression over the names that filters have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple, get_args

from runwell.errors import BadQuery, BadTime
from runwell.filter import Sort
from runwell.model.times import parse_iso
from runwell.query.asked import TYPES, read_value
from runwell.query.fields import Type
from runwell.query.nearest import nearest
from runwell.query.summary import MEASURES, Aggregate, Comparison, Having, Measure

CALL = re.compile(r"^([A-Za-z_][\w.]*)\s*\((.*)\)$", re.DOTALL | re.ASCII)
QUANTILE = re.compile(r"^p(\d{1,2}(?:\.\d{1,3})?)$", re.ASCII)
# What follows the last sign that is neither in brackets nor in quotes.
HAVING = re.compile(
    r"^(.*?[^\s<>=!])\s*(>=|<=|==|!=|>|<)\s*(\"[^\"]*\"|'[^']*'|[^<>=!()\s'\"][^<>=!()'\"]*)$",
    re.DOTALL,
)
NUMBER = re.compile(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?")

LENGTHS = (Sort.NUMBER, Sort.DURATION, Sort.INTEGER)
ANYTHING = (Sort.TEXT, Sort.BOOLEAN, Sort.TIME, *LENGTHS)  # JSON counts where there is any
ORDERED = (*LENGTHS, Sort.TIME, Sort.TEXT)
FUNCTIONS: dict[str, tuple[Aggregate, tuple[Sort, ...]]] = {
    "avg": ("avg", LENGTHS),
    "sum": ("sum", LENGTHS),
    "min": ("min", ORDERED),
    "max": ("max", ORDERED),
    "distinct": ("distinct", ANYTHING),
    "count": ("count", ANYTHING),
    "rate": ("rate", (Sort.BOOLEAN,)),
}
OTHER_NAMES = {"median": "p50", "mean": "avg", "average": "avg", "uniq": "distinct"}
WORDS = (*FUNCTIONS, "p50", "p80", "p90", "p95", "p99")
COMPARISONS: dict[str, Comparison] = {str(sign): sign for sign in get_args(Comparison)}
SECOND_US, EXACT_BELOW = 1_000_000, 2**53
EXACT = ("min", "max", "sum")  # of whole numbers these are whole


def read_measure(text: str, place: str = "summary") -> Measure:
    """One measure.

    Raises:
        BadQuery: there is no such measure, or what it is of cannot be asked; with the nearest name.
    """
    if text in MEASURES:
        return MEASURES[text]
    found = CALL.match(text)
    if found is None:
        raise _unknown(text, [*MEASURES, *(f"{word}(duration)" for word in WORDS)], place)
    function, inner = found[1], found[2].strip()
    if not inner:
        hint = f"; did you mean '{function[:40]}(duration)'?"
        raise BadQuery(f"{place}: {text[:80]!r} is of nothing{hint}", pointer=place)
    if quantile := QUANTILE.match(function):
        return _of("quantile", LENGTHS, inner, (text, place), q=float(f"{quantile[1]}e-2"))
    if function not in FUNCTIONS:
        raise _unknown(function, [*WORDS, *MEASURES], place)
    aggregate, sorts = FUNCTIONS[function]
    return _of(aggregate, sorts, inner, (text, place))


def _of(
    aggregate: Aggregate,
    sorts: tuple[Sort, ...],
    inner: str,
    asked: tuple[str, str],
    *,
    q: float = 0.0,
) -> Measure:
    expression, sort = read_value(inner, sorts, *asked)
    if aggregate == "count":
        if sort is Sort.BOOLEAN:
            return Measure("count", where=expression)
        return Measure("count", expression)
    if aggregate == "distinct":
        return Measure(aggregate, expression)
    if aggregate == "rate":
        return Measure(aggregate, expression, type=Type.NUMBER)
    is_whole = sort is not Sort.INTEGER or aggregate in EXACT
    return Measure(aggregate, expression, q=q, type=TYPES[sort] if is_whole else Type.NUMBER)


def _unknown(text: str, names: Iterable[str], place: str) -> BadQuery:
    if text in FUNCTIONS or QUANTILE.match(text):
        hint = f"; did you mean '{text}(duration)'?"
    elif text in OTHER_NAMES:
        hint = f"; did you mean '{OTHER_NAMES[text]}'?"
    else:
        hint = nearest(text, names) or "; " + HELP
    return BadQuery(f"{place}: there is no measure {text[:80]!r}{hint}", pointer=place)


HELP = f"there are {', '.join(MEASURES)}, and {', '.join(FUNCTIONS)}, p0 ... p99.999 (...)"


class Asked(NamedTuple):
    """A condition on a group, and the measure in it under its name."""

    having: Having
    measure: Measure


def read_having(text: str, place: str = "having") -> Asked:
    """`MEASURE OP NUMBER`: durations in seconds, times RFC 3339.

    Raises:
        BadQuery: not of this form, an unknown measure, or no number.
    """
    found = HAVING.match(text)
    if found is None:
        raise BadQuery(
            f"{place}: takes conditions like `total >= 10` or `p95(duration) > 600`, "
            f"not {text[:80]!r}",
            pointer=place,
        )
    name = tidy(found[1])
    measure = read_measure(name, place)
    comparison = COMPARISONS[found[2]]
    return Asked(Having(name, comparison, _bound(found[3].strip(), measure, place)), measure)


def _bound(text: str, measure: Measure, place: str) -> float | str:
    plain = text[1:-1] if text[0] in "\"'" else text
    match measure.type:
        case Type.TIME:
            try:
                return parse_iso(plain)
            except BadTime as error:
                raise BadQuery(f"{place}: {error.message}", pointer=place) from error
        case Type.TEXT:
            return plain
        case Type.DURATION:
            return _number(plain, SECOND_US, place)
        case _:
            return _number(plain, 1, place)


def _number(text: str, unit: int, place: str) -> float:
    """So many units: whole microseconds where there is room for them."""
    number = float(text) * unit if NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(number):
        raise BadQuery(f"{place}: {text[:40]!r} is no number", pointer=place)
    is_whole = unit > 1 or text.isdecimal()
    return round(number) if is_whole and abs(number) < EXACT_BELOW else number


def tidy(text: str) -> str:
    """A name as its column is called: blanks at the ends and before brackets are gone.

    >>> tidy(" p95 ( duration )")
    'p95(duration)'
    """
    found = CALL.match(text.strip())
    return f"{found[1]}({found[2].strip()})" if found else text.strip()
