"""Numbers that no store holds are found wherever they stand, and only they."""

from __future__ import annotations

import pytest

from runwell.errors import BadBody
from runwell.http.numbers import check_numbers


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"a": 9223372036854775807, "b": -9223372036854775808}',
        b'{"a": "99999999999999999999999999"}',
        b'{"a": 1234567890.12345678901234567890}',
        b'{"a": 1234567890123456789012.5, "b": 12345678901234567890e5}',
        b'{"a": 0.1234567890123456789, "b": "12345678901234567890 texts"}',
        b'{"a": 1e300}',
        b"99999999999999999999 is no JSON",
        b'{"a": "\xff99999999999999999999"}',
    ],
)
def test_what_a_store_holds_and_what_is_no_json_passes(body: bytes):
    check_numbers(body)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"9223372036854775808", ""),
        (b'{"a": [{"b": -9223372036854775809}]}', "a[0].b"),
        (b"[0, [1, 123456789012345678901234567890]]", "[1][1]"),
        (b"[0.1234567890123456789, 12345678901234567890]", "[1]"),
    ],
)
def test_an_integer_past_64_bits_is_named_by_its_place(body: bytes, path: str):
    with pytest.raises(BadBody, match="is beyond 64 bits") as refused:
        check_numbers(body)
    assert refused.value.pointer == path


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"a": 1e999}', "a"),
        (b'{"a": [0, {"b": -1e999}]}', "a[1].b"),
        (b'{"a": [' + b"9" * 4_301 + b"]}", "a[0]"),
        (b"1e999", ""),
        (b'{"a": 1e999, "b": broken', ""),
    ],
)
def test_a_number_past_all_bounds_is_named_by_its_place(body: bytes, path: str):
    with pytest.raises(BadBody, match="a number is out of range") as refused:
        check_numbers(body)
    assert refused.value.pointer == path
