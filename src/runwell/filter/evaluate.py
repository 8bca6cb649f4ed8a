"""Evaluate an expression in plain Python. Payloads are read as the engines read them."""

from __future__ import annotations

import json
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
    """What stands at these steps; of a key that comes twice the first counts."""
    try:
        found = json.loads(payload, object_pairs_hook=lambda pairs: dict(reversed(pairs)))
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
    if found is None or isinstance(found, str):
        return found
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


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
