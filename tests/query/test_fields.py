"""The table of canonical fields."""

from __future__ import annotations

from runwell.query import ABOUT, FIELDS


def test_every_field_has_a_description_and_nothing_else_has():
    assert list(ABOUT) == list(FIELDS)
    assert all(about == about.strip() and "\n" not in about for about in ABOUT.values())
