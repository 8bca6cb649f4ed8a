"""Evaluate a filter in plain Python: what the engines' SQL is checked against."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from runwell.filter.evaluate import evaluate
from runwell.filter.tree import (
    Among,
    And,
    Compare,
    Contains,
    Field,
    Filter,
    Metric,
    Not,
    OneOf,
    Operand,
    Or,
    StartsWith,
    Tag,
)
from runwell.model import Event

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(  # noqa: PLR0911 - one for each shape
    condition: Filter, event: Event, everything: Sequence[Event] = ()
) -> bool:
    """Does the condition hold for this event? `everything` is what `Among` looks through."""
    match condition:
        case And(parts):
            return all(matches(part, event, everything) for part in parts)
        case Or(parts):
            return any(matches(part, event, everything) for part in parts)
        case Not(part):
            return not matches(part, event, everything)
        case Compare(left, op, right):
            return any(OPERATORS[op](value, right) for value in values(left, event))
        case StartsWith(left, text):
            return any(value.startswith(text) for value in values(left, event))
        case Contains(left, text):
            return any(text in value for value in values(left, event))
        case OneOf(left, texts):
            return any(value in texts for value in values(left, event))
        case Among(left, field, where):
            found = {
                value
                for other in everything
                if matches(where, other, everything)
                for value in values(field, other)
            }
            return any(value in found for value in values(left, event))
        case _:
            return evaluate(condition, event) is True


def values(operand: Operand, event: Event) -> list[Any]:
    """What an operand stands for in an event: no value, one, or a tag's several."""
    match operand:
        case Field(name):
            value = getattr(event, name)
            return [] if value is None else [value]
        case Tag(name):
            return event.tags.get(name, [])
        case Metric(name):
            return [event.metrics[name]] if name in event.metrics else []
        case _:
            assert_never(operand)
