"""Whether a text is a regular expression, before any engine sees it."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwell.filter.cel.patterns import problem_of

NONE = {
    "[": "missing ]: [",
    "(": "missing ): (",
    "(?=a)": "invalid perl operator: (?=",
    "*": "no argument for repetition operator: *",
    "\\1": "invalid escape sequence: \\1",
}


@pytest.mark.parametrize("pattern", NONE)
def test_what_is_none_says_why(pattern: str):
    assert problem_of(pattern) == f"invalid regular expression: {NONE[pattern]}"


@pytest.mark.parametrize("pattern", ["", "a", "^a.*b$", "[[:alpha:]]", "(?i)é", "\\pN", "a" * 512])
def test_what_is_one_has_no_problem(pattern: str):
    assert problem_of(pattern) == ""


@pytest.mark.parametrize("pattern", ["a{1001}", "(a{100}){100}", "\\pX", "[\\p{No}", "({1"])
def test_what_takes_long_to_look_at_is_left_to_the_engine(pattern: str):
    assert problem_of(pattern) == ""


@given(st.text(st.sampled_from("a[](){}?*+|^$\\.=!<>:i,-é"), max_size=12))
@settings(deadline=None)
def test_the_engine_takes_what_was_taken_here(pattern: str):
    try:
        with duckdb.connect() as connection:
            connection.execute("SELECT regexp_matches('a', $1)", [pattern]).fetchall()
        is_one = True
    except duckdb.InvalidInputException:
        is_one = False
    assert (problem_of(pattern) == "") is is_one
