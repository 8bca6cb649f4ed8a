"""Read `examples/*.http`: conversations of request, `HTTP STATUS` and expected answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANYTHING = "<any>"


@dataclass(frozen=True)
class Exchange:
    """One request and the answer that is expected."""

    title: str
    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    expected_headers: dict[str, str]
    expected_body: str


def conversation(file: Path) -> list[Exchange]:
    """The exchanges of a file, in order."""
    blocks = ("\n" + file.read_text("utf-8")).split("\n### ")[1:]
    return [_exchange(block) for block in blocks]


def _exchange(block: str) -> Exchange:
    title, _, rest = block.partition("\n")
    request, found, answer = rest.partition("\nHTTP ")
    assert found, f"no `HTTP STATUS` line after {title!r}"
    first, headers, body = _message(request)
    status, expected_headers, expected_body = _message(answer)
    method, path = first.split(" ", 1)
    return Exchange(
        title, method, path, headers, body, int(status), expected_headers, expected_body
    )


def _message(text: str) -> tuple[str, dict[str, str], str]:
    head, _, body = text.strip("\n").partition("\n\n")
    first, *lines = head.split("\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return first.strip(), headers, body.strip("\n")


def agrees(expected: Any, actual: Any) -> bool:
    """Equal, but `<any>` agrees with everything."""
    if expected == ANYTHING:
        return True
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            agrees(value, actual[name]) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(agrees, expected, actual))
    return type(expected) is type(actual) and expected == actual


def body_agrees(expected: str, actual: bytes) -> bool:
    """Both empty, or JSON that agrees, or the same text."""
    try:
        return agrees(json.loads(expected), json.loads(actual))
    except ValueError:
        return expected == actual.decode().strip("\n")
