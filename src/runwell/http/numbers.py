"""Numbers of a JSON text that no store can hold, found wherever they stand."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

from runwell.errors import BadBody

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# Every digit as 0 and E as e: what is suspicious is then a fixed text, which is found at once.
SIMPLER = bytes.maketrans(b"123456789E", b"000000000e")
LONG, EXPONENTS = b"0" * 19, (b"e000", b"e+000")
NO_DIGIT = re.compile(rb"[^0]")
SHOWN_CHARS = 40
DIGITS_MAX = 4_300  # the decoder, and Python, read no longer numbers
OUT_OF_RANGE = "a number is out of range"

decode_anything = msgspec.json.Decoder().decode


def check_numbers(body: bytes) -> None:
    """Refuse integers past 64 bits and numbers past all bounds, also in what a decoder skips.

    Raises:
        BadBody: names the place, if the text is JSON; what is none is left to the decoder.
    """
    simpler = body.translate(SIMPLER)
    if not _has_long(simpler) and not any(text in simpler for text in EXPONENTS):
        return
    try:
        found = beyond_int64(decode_anything(body))
    except msgspec.ValidationError as error:  # JSON, with a number past all bounds
        raise _out_of_range(body) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if found:
        path, number = found
        raise BadBody(f"{path}: {str(number)[:SHOWN_CHARS]} is beyond 64 bits", pointer=path)


def _out_of_range(body: bytes) -> BadBody:
    path = past_bounds(body)
    return BadBody(f"{path}: {OUT_OF_RANGE}" if path else OUT_OF_RANGE, pointer=path)


def past_bounds(body: bytes | str) -> str:
    """Where the first number past all bounds stands, also NaN; a decoder leaves the names out.

    Empty if there is none, if the whole is one, or if the text is no JSON further on.
    """
    try:
        return not_finite(json.loads(body, parse_int=_digits_or_infinity))
    except (ValueError, RecursionError):
        return ""


def _digits_or_infinity(digits: str) -> float:
    return 0 if len(digits.lstrip("-")) <= DIGITS_MAX else math.inf


def not_finite(value: Any, path: str = "") -> str:
    """Where the first number stands that is none; empty if there is no such number."""
    match value:
        case float() if not math.isfinite(value):
            return path
        case dict():
            inside = [(f"{path}.{name}" if path else name, item) for name, item in value.items()]
        case list():
            inside = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
        case _:
            return ""
    return next(filter(None, (not_finite(item, place) for place, item in inside)), "")


def _has_long(simpler: bytes) -> bool:
    """Is there a whole number of 19 digits or more? Fractions often have as many."""
    at = simpler.find(LONG)
    while at >= 0:
        behind = NO_DIGIT.search(simpler, at)
        end = behind.start() if behind else len(simpler)
        if simpler[at - 1 : at] != b"." and simpler[end : end + 1] not in (b".", b"e"):
            return True
        at = simpler.find(LONG, end)
    return False


def beyond_int64(value: Any, path: str = "") -> tuple[str, int] | None:
    """Where the first integer stands that the store cannot hold, and the integer."""
    match value:
        case dict():
            inside = [(f"{path}.{name}" if path else name, item) for name, item in value.items()]
        case list():
            inside = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
        case int() if not INT64_MIN <= value <= INT64_MAX:
            return path, value
        case _:
            return None
    return next(filter(None, (beyond_int64(item, name) for name, item in inside)), None)
