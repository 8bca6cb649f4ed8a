"""Read `examples/*.http`: conversations of request, `HTTP STATUS` and expected answer.

`<any>` in an expected answer agrees with everything. Any other `<name>` does so where it comes
first, and is that value from then on: in later answers, and in later requests, as in `?etag=<etag>`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ANYTHING = "<any>"
NAME = re.compile(r"<[a-z]+(?:_[a-z]+)*>")


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


@dataclass
class Memory:
    """What `<name>` stands for in one conversation."""

    values: dict[str, str] = field(default_factory=dict)

    def filled_in(self, text: str) -> str:
        """A request with the values of the names in it."""
        return NAME.sub(lambda found: self.values.get(found[0], found[0]), text)

    def agrees(self, expected: Any, actual: Any) -> bool:
        """Equal, apart from `<any>` and the names."""
        if expected == ANYTHING:
            return True
        if isinstance(expected, str) and NAME.fullmatch(expected):
            return isinstance(actual, str) and self.values.setdefault(expected, actual) == actual
        if isinstance(expected, dict) and isinstance(actual, dict):
            return expected.keys() == actual.keys() and all(
                self.agrees(value, actual[name]) for name, value in expected.items()
            )
        if isinstance(expected, list) and isinstance(actual, list):
            return len(expected) == len(actual) and all(map(self.agrees, expected, actual))
        return type(expected) is type(actual) and expected == actual

    def body_agrees(self, expected: str, actual: bytes) -> bool:
        """Both empty, or JSON that agrees, or the same text."""
        try:
            return self.agrees(json.loads(expected), json.loads(actual))
        except ValueError:
            return expected == actual.decode().strip("\n")
