"""Pointers to places in payloads."""

from __future__ import annotations

import pytest

from runwell.query import StoredPath, Type
from runwell.query.paths import pointer


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((), ""),
        (("a",), "/a"),
        (("a", "0", "b"), "/a/0/b"),
        (("",), "/"),
        (("", ""), "//"),
        (("a/b", "~"), "/a~1b/~0"),
        (("~1",), "/~01"),
        (("'", '"', "{0}", "☃"), "/'/\"/{0}/☃"),
    ],
)
def test_a_pointer_escapes_what_would_divide_it(steps: tuple[str, ...], text: str):
    assert pointer(steps) == text
    assert StoredPath(steps, Type.TEXT).pointer == text
