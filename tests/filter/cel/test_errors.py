"""What is wrong with an expression has a place and a caret, as cel-go sets them."""

from __future__ import annotations

import pytest
from tests.filter.asking import refusal

from runwell.filter.cel.errors import at

PLACES = [
    ("name == 1", 5, "1:6", "name == 1", ".....^"),
    ("a\n  b", 4, "2:3", "  b", "..^"),
    ("a\n\nb", 3, "3:1", "b", "^"),
    ("\tb", 1, "1:2", " b", ".^"),
    ("'é' == b", 7, "1:8", "'é' == b", ".．.....^"),
    ("'名😀' == b", 8, "1:9", "'名😀' == b", ".．．.....^"),
    ("a é", 2, "1:3", "a é", "..＾"),
    ("a", 1, "1:2", "a", ".^"),
    ("a\n", 2, "2:1", "", "^"),
]


@pytest.mark.parametrize(("text", "offset", "place", "source", "caret"), PLACES)
def test_a_problem_shows_its_line_and_a_caret_below_it(text, offset, place, source, caret):
    expected = f"ERROR: <input>:{place}: no\n | {source}\n | {caret}"

    assert at(text, offset, "no").message == expected
    assert at(text, offset, "no").pointer == "filter"


# The checker itself draws the first of each pair, we draw the second.
@pytest.mark.parametrize(
    ("checked", "ours"),
    [
        ("'é' == undeclared", "'é' == payload[name]"),
        ("\t'名'\n  == undeclared", "\t'名'\n  == payload[name]"),
        ("'😀☃' == undeclared", "'😀☃' == payload[name]"),
    ],
)
def test_our_dots_are_those_of_the_checker(checked, ours):
    dots = [refusal(text).rsplit(" | ", 1)[1].removesuffix("^") for text in (checked, ours)]

    assert dots[1] == dots[0] + "." * len("payload")
