"""The functions of expressions: what they give at the borders, and that every engine gives it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from tests.builders import NOON_US, an_event
from tests.filter.asking import Asked
from tests.filter.signatures import SIGNATURES, calls
from tests.store.engines import COLUMNS

from runwell.filter import And, Call, Constant, Expression, Filter, Sort
from runwell.filter.evaluate import evaluate
from runwell.filter.functions import (
    FIRST_US,
    FUNCTIONS,
    INT64_MAX,
    INT64_MIN,
    LAST_US,
    STRICT,
    THREE_VALUED,
    call,
)
from runwell.filter.tree import Reading
from runwell.model import Bucket
from runwell.store.columns import dialect
from runwell.store.columns.dialect import Dialect
from runwell.store.columns.duckdb_dialect import DUCKDB

DIALECTS = {"duckdb": DUCKDB}
HOUR_US = 3_600_000_000
NAN = math.nan

GIVES = [
    # what is not there
    *[("and", [None, False], False), ("and", [None, True], None), ("or", [None, True], True)],
    *[("or", [None, False], None), ("or", [None, None], None), ("not", [None], None)],
    *[("if", [None, 1, 2], None), ("if", [True, None, 2], None), ("if", [False, None, 2], 2)],
    *[("is_null", [None], True), ("is_null", [False], False), ("text_or_empty", [None], "")],
    *[("false_unless", [None, True], False), ("false_unless", [None, False], None)],
    *[("false_unless", [True, None], True), ("eq", [None, 1], None), ("ne", [1, None], None)],
    # numbers
    *[("eq", [NAN, NAN], True), ("gt", [NAN, math.inf], True), ("lt", [NAN, 1.0], False)],
    *[("eq", [0.0, -0.0], True), ("eq", [2**53 + 1, float(2**53)], True)],
    *[("add", [INT64_MAX, 1], None), ("subtract", [INT64_MIN, 1], None)],
    *[("multiply", [INT64_MIN, -1], None), ("negate", [INT64_MIN], None)],
    *[("divide", [7, -2], -3), ("divide", [-7, 2], -3), ("divide", [1, 0], None)],
    *[
        ("divide", [INT64_MIN, -1], None),
        ("modulo", [INT64_MIN, -1], None),
        ("modulo", [1, 0], None),
    ],
    *[("modulo", [-7, 2], -1), ("modulo", [7, -2], 1), ("float_divide", [1.0, -0.0], None)],
    *[("float_add", [math.inf, 1.0], math.inf), ("float_multiply", [1e300, 1e300], math.inf)],
    *[("int_of_number", [-1.9], -1), ("int_of_number", [NAN], None)],
    *[("int_of_number", [math.inf], None), ("int_of_number", [2.0**63], None)],
    *[("int_of_number", [-(2.0**63)], INT64_MIN), ("int_of_text", ["+7"], 7)],
    *[("int_of_text", ["9223372036854775808"], None), ("int_of_text", ["1.5"], None)],
    *[
        ("int_of_text", ["٣"], None),
        ("number_of_text", ["٣"], None),
        ("int_of_text", ["3\n"], None),
    ],
    *[("number_of_text", ["1e400"], math.inf), ("number_of_text", [".5"], 0.5)],
    *[("number_of_text", ["nan"], None), ("number_of_text", ["1_0"], None)],
    # texts
    *[
        ("text_length", ["☃\U0001f600"], 2),
        ("last_segment", ["a/b/"], ""),
        ("concat", ["", ""], ""),
    ],
    *[
        ("last_segment", ["a"], "a"),
        ("contains", ["", ""], True),
        ("starts_with", ["%a", "_"], False),
    ],
    *[("matches", ["a\n", "a$"], False), ("matches", ["a$", "[$]$"], True)],
    *[("matches", ["\n", "^.$"], False), ("matches", ["é", "\\w"], False)],
    *[
        ("one_of", ["a", ()], False),
        ("count", [["a", "a"]], 2),
        ("text_of_boolean", [False], "false"),
    ],
    # times
    *[("time_of_text", ["2026-01-01T00:00:00.1234569Z"], NOON_US - 12 * HOUR_US + 123_456)],
    *[("time_of_text", ["2026-01-01"], NOON_US - 12 * HOUR_US), ("time_of_text", [""], None)],
    *[("time_of_text", ["2026-01-01T12:00:00+0200"], NOON_US - 2 * HOUR_US)],
    *[("time_of_text", ["2026-02-29"], None), ("time_of_text", ["2200-01-01"], None)],
    *[("time_of_text", ["2026-01-01T12:00:00Z\n"], None), ("time_plus", [LAST_US, 1], None)],
    *[("time_plus", [FIRST_US, -1], None), ("time_plus", [0, INT64_MAX], None)],
    *[("time_of_seconds", [INT64_MAX], None), ("time_of_seconds", [-1], -1_000_000)],
    *[("seconds_of_time", [-1], -1), ("between_times", [0, 1], -1), ("millisecond", [-1], 999)],
    *[("at_zone", [NOON_US, "Asia/Kolkata"], NOON_US + 19_800_000_000)],
    *[("day_of_week", [NOON_US], 4), ("day_of_year", [NOON_US], 1), ("year", [FIRST_US], 1)],
    *[("text_of_time", [FIRST_US], "0001-01-02T00:00:00Z")],
    *[("text_of_time", [NOON_US + 500_000], "2026-01-01T12:00:00.5Z")],
    *[("text_of_duration", [-1_500_000], "-1.5s"), ("text_of_duration", [0], "0s")],
    *[("text_of_duration", [INT64_MIN], "-9223372036854.775808s")],
]


@pytest.mark.parametrize(("function", "arguments", "value"), GIVES, ids=repr)
def test_a_function_gives_this(function: str, arguments: list, value):
    found = call(function, arguments)

    assert (repr(found), type(found)) == (repr(value), type(value))


@pytest.mark.parametrize("function", sorted(STRICT))
def test_without_one_of_its_arguments_a_strict_function_has_no_value(function: str):
    ((sorts, _), *_) = SIGNATURES[function]

    assert call(function, [None] * len(sorts)) is None


def test_every_function_has_its_signature_here():
    assert set(SIGNATURES) == FUNCTIONS
    assert not set(STRICT) & set(THREE_VALUED)


@pytest.mark.parametrize("words", DIALECTS.values(), ids=DIALECTS)
def test_every_dialect_has_a_template_for_each_name(words: Dialect):
    assert set(words.functions) == FUNCTIONS
    assert set(words.constants) == set(Sort)
    assert set(words.readings) == set(get_args(Reading)) - {"text"}
    assert set(words.truncate) == set(Bucket)


def test_every_dialect_is_known_here():
    folder = Path(dialect.__file__).parent

    assert {f"{name}_dialect.py" for name in DIALECTS} == {
        path.name for path in folder.glob("*_dialect.py")
    }


@pytest.mark.parametrize("words", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_template_uses_each_argument(words: Dialect, function: str):
    ((sorts, _), *_) = SIGNATURES[function]

    places = set(re.findall(r"\{(\d+)\}", words.functions[function]))
    assert places == set(map(str, range(len(sorts))))


@pytest.fixture(params=sorted(COLUMNS), scope="module")
def asked(request, tmp_path_factory) -> Iterator[Asked]:
    columns = COLUMNS[request.param](tmp_path_factory.mktemp("columns"), "ledger")
    asked = Asked(columns)
    asked.put([an_event("here")])
    yield asked
    columns.close()


def claim(asked_call: Call, sort: Sort) -> Expression:
    """That the call gives what Python gives."""
    value = evaluate(asked_call, an_event("here"))
    if value is None:
        return Call("is_null", (asked_call,))
    return Call("eq", (asked_call, Constant(value, sort)))


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_engine_gives_what_python_gives_at_the_borders(asked: Asked, function: str):
    claims: list[Filter] = [claim(*one) for one in calls(function)]

    if asked.find(And(tuple(claims))) != ["here"]:
        wrong = [one for one in claims if asked.find(one) != ["here"]]
        pytest.fail("\n".join(map(str, wrong[:5])))
    assert len(claims) > 1
