"""Evaluate an expression in plain Python. Payloads are read as the engines read them."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any, assert_never

from runwell.filter.functions import call
from runwell.filter.tree import (
    AnyOf,
    Call,
    Constant,
    Each,
    Expression,
    Field,
    HasMember,
    Link,
    Metric,
    Payload,
    Tag,
)
from runwell.model import Event

MISSING = object()
INT_DIGITS_MAX = 300  # a float has room for more
PLAIN_FROM, PLAIN_BELOW = 1e-6, 1e21  # floats beyond are written with an exponent
ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")


class Members(dict[str, Any]):
    """An object: of two members of one name the first counts, and its text has both."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(reversed(pairs))
        self.pairs = pairs


class Huge(float):
    """A number past all bounds: infinite, but its text is what was written."""

    text: str


def evaluate(expression: Expression, event: Event, each: str = "") -> Any:
    """The value of an expression, None where it has none; `each` is the value AnyOf looks at."""
    match expression:
        case Field() | Tag() | Metric() | Link():
            return _operand(expression, event)
        case Constant(value):
            return value
        case Each():
            return each
        case AnyOf(tag, test):
            texts = event.tags.get(tag.name)
            return None if not texts else any(evaluate(test, event, text) is True for text in texts)
        case Payload(steps, reading):
            return _read(_at(event.payload, steps), reading)
        case HasMember(steps, member):
            return _has_member(_at(event.payload, steps), evaluate(member, event, each))
        case Call(function, arguments):
            return call(function, [evaluate(part, event, each) for part in arguments])
        case _:
            assert_never(expression)


def _operand(operand: Field | Tag | Metric | Link, event: Event) -> Any:
    match operand:
        case Field(name):
            return getattr(event, name)
        case Tag(name):
            return event.tags.get(name)
        case Metric(name):
            return event.metrics.get(name)
        case Link(name):
            return event.links.get(name)
        case _:
            assert_never(operand)


def _at(payload: str, steps: tuple[str, ...]) -> Any:
    """What stands at these steps."""
    try:
        found = decode(payload)
    except ValueError:
        return MISSING
    for step in steps:
        if isinstance(found, dict):
            found = found.get(step, MISSING)
        elif isinstance(found, list) and _is_index(step) and int(step) < len(found):
            found = found[int(step)]
        else:
            return MISSING
    return found


def _to_int(text: str) -> int | float:
    return int(text) if len(text) <= INT_DIGITS_MAX else _to_float(text)


def _to_float(text: str) -> float:
    number = float(text)
    if math.isfinite(number):
        return number
    huge = Huge(number)
    huge.text = text
    return huge


decode = json.JSONDecoder(
    object_pairs_hook=Members, parse_int=_to_int, parse_float=_to_float
).decode


def _is_index(step: str) -> bool:
    return step == "0" or (step.isascii() and step.isdigit() and step[0] != "0")


def _read(found: Any, reading: str) -> Any:
    match reading:
        case "is_there":
            return found is not MISSING and found is not None
        case "text":
            return None if found is MISSING else text_of(found)
        case "number":
            is_number = isinstance(found, int | float) and not isinstance(found, bool)
            return float(found) if is_number else None
        case "truth":
            return found if isinstance(found, bool) else None
        case _:
            return len(found) if isinstance(found, str | list | dict) else None


def text_of(found: Any) -> str | None:
    """A text itself, null as None, anything else as compact JSON."""
    return found if found is None or isinstance(found, str) else _compact(found)


def _compact(found: Any) -> str:
    match found:
        case Members(pairs=pairs):
            return f"{{{','.join(f'{_compact(key)}:{_compact(value)}' for key, value in pairs)}}}"
        case list():
            return f"[{','.join(map(_compact, found))}]"
        case Huge(text=text):
            return text
        case float():
            return _float_text(found)
        case _:
            return ESCAPE.sub(_upper, json.dumps(found, ensure_ascii=False))


def _upper(escape: re.Match[str]) -> str:
    return "\\u" + escape[0][2:].upper() if escape[0][1] == "u" else escape[0]


def _float_text(number: float) -> str:
    """The shortest digits that give it back, as JavaScript sets them, with `.0` on whole ones."""
    if number == 0 or PLAIN_FROM <= abs(number) < PLAIN_BELOW:
        text = f"{Decimal(repr(number)):f}"
        return text if "." in text else f"{text}.0"
    digits, _, exponent = repr(number).partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"


def _has_member(found: Any, member: str | None) -> bool | None:
    if member is None:
        return None
    match found:
        case dict():
            return member in found
        case list():
            return any(text_of(item) == member for item in found)
        case _:
            return None
