"""The name that somebody may have meant."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runwell.model import Bucket
from runwell.query.nearest import nearest

NAMES = ["pipeline", "name", "namespace", "Europe/Berlin"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("pipelin", "; did you mean 'pipeline'?"),
        ("PIPELINE", "; did you mean 'pipeline'?"),
        ("nmae", "; did you mean 'name'?"),
        ("europe/berlin", "; did you mean 'Europe/Berlin'?"),
        ("zzz", ""),
        ("", ""),
        ("pipeline" * 10_000, ""),
    ],
)
def test_a_close_name_is_a_hint_and_a_far_one_is_not(text: str, hint: str):
    assert nearest(text, NAMES) == hint


def test_names_may_be_words_of_an_enumeration():
    assert nearest("dya", Bucket) == "; did you mean 'day'?"
    assert nearest("day", []) == ""


@given(st.text())
@settings(deadline=None)
def test_any_text_has_a_hint_or_none(text: str):
    assert nearest(text, NAMES) in {"", *(f"; did you mean {name!r}?" for name in NAMES)}
