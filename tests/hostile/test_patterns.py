"""No regular expression of ours takes long over any text: each is linear in what it may get."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

import runwell
from runwell.http import body, complaint, numbers
from runwell.http.complaint import complaint_of
from runwell.protocols.tekton import protojson
from runwell.protocols.trunk import decode as trunk

MEGABYTE = 1_000_000
# What a backtracking engine trips over: what fits a loop, and at the end what does not fit at all.
UNITS = [
    *(
        "a",
        "0",
        " ",
        "\n",
        '"',
        "'",
        "\\",
        "(",
        "[",
        "{",
        "/*",
        "--",
        "$",
        "$a$",
        "_",
        "-",
        ".",
        ",",
        "=",
    ),
    *(
        "a.",
        "a ",
        "0.",
        "1s",
        "a_",
        "\\\\",
        "\\u0000",
        "\\ud800",
        "- at `$.",
        ";q=0",
        "<",
        "a(",
        "a b",
        "é",
    ),
]
BEGINS, ENDS = ("", "SET a("), ("", "!")
LONG_UNITS = ("a", "0", "_", "a_", " ", "-", '"', "\\", "\\\\", "\\u0000", "\\ud800", "- at `$.")


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every one that a module of ours holds, also in tables."""

    def look(name: str, value: Any) -> Iterator[tuple[str, re.Pattern[Any]]]:
        if isinstance(value, re.Pattern):
            yield name, value
        elif isinstance(value, dict | list | tuple):
            for item in value.values() if isinstance(value, dict) else value:
                yield from look(name, item)

    for module in pkgutil.walk_packages(runwell.__path__, "runwell."):
        if not module.name.endswith("__main__"):
            for name, value in vars(importlib.import_module(module.name)).items():
                yield from look(f"{module.name}.{name}", value)


def texts(chars: int) -> Iterator[str]:
    for unit in UNITS:
        for begin in BEGINS:
            for end in ENDS:
                yield begin + unit * (chars // len(unit)) + end


def seconds(work: Callable[[], object]) -> float:
    """Of this thread's own work, however busy the machine is."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


# Most texts that a pattern of ours meets have a bound: an address, a filter, a name.
BOUNDED = {pattern.pattern: (name, pattern) for name, pattern in patterns()}


def test_no_pattern_of_ours_is_slow_on_a_text_as_long_as_an_address():
    assert len(BOUNDED) > 50
    for name, pattern in BOUNDED.values():
        for text in texts(800):
            given = text.encode() if isinstance(pattern.pattern, bytes) else text
            assert seconds(lambda: pattern.search(given)) < 0.5, (name, text[:40])  # noqa: B023
            assert seconds(lambda: pattern.fullmatch(given)) < 0.5, (name, text[:40])  # noqa: B023


# Those that meet a whole body, or a text in it that has no bound yet.
LONG = {
    "strings": lambda text: body.STRINGS.sub(b"", text.encode()),
    "surrogates": lambda text: body.SURROGATE.search(text.encode()),
    "escapes": lambda text: next((it for it in body.ESCAPE.finditer(text.encode()) if it[1]), None),
    "NUL": lambda text: body.NUL.search(text.encode()),
    "digits": lambda text: numbers.NO_DIGIT.search(text.encode()),
    "texts of protojson": lambda text: protojson.TEXTS.sub(b"", text.encode()),
    "times of protojson": protojson.TIMESTAMP.fullmatch,
    "platforms": lambda text: trunk.PLATFORM.fullmatch(trunk.normal_platform(text)),
    "complaints": lambda text: complaint_of(msgspec.ValidationError(text)),
    "missing fields": complaint.MISSING.search,
    "wanted types": trunk.WANTED.search,
}


@pytest.mark.parametrize("name", LONG)
def test_a_megabyte_is_read_in_one_pass(name: str):
    for unit in LONG_UNITS:
        text = f"x{unit * (MEGABYTE // len(unit))}!"
        assert seconds(lambda: LONG[name](text)) < 5, unit  # noqa: B023


def test_a_complaint_that_quotes_a_place_is_told_from_its_own():
    quoted = "Invalid enum value 'x - at `$.evil`' - at `$.events[0].kind`"
    assert complaint_of(msgspec.ValidationError(quoted)).path == "events[0].kind"
    assert complaint_of(msgspec.ValidationError("it says - at `$.evil` and more")).path == ""
