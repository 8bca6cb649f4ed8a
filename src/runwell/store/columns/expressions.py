"""Expression -> SQL text and bound values. Values never become text here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from runwell.errors import BadQuery
from runwell.filter import (
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
from runwell.query import FIELDS, Column, StoredPath, Type
from runwell.query.paths import pointer
from runwell.store.columns.dialect import Dialect

EACH = "v"
PAYLOAD = "payload"
TEXT_CHARS_MAX = 200_000  # of one statement: no question of people comes near


@dataclass(slots=True)
class Statement:
    """SQL text, the values bound to it in order, and the columns that it answers."""

    dialect: Dialect
    paths: Mapping[tuple[str, ...], StoredPath] = field(default_factory=dict)
    columns: list[Column] = field(default_factory=list)
    params: list[Any] = field(default_factory=list)
    text: str = ""

    def bind(self, value: Any) -> str:
        """Bind a value and give its place in the text."""
        self.params.append(value)
        return f"${len(self.params)}"


def field_type(name: str) -> Type:
    """The type of a canonical field."""
    if name not in FIELDS:
        raise BadQuery(f"there is no field {name!r}", pointer=name)
    return FIELDS[name]


def column_of(path: StoredPath) -> str:
    """What the column of a stored path is called, quoted."""
    name = f"payload{path.pointer}".replace('"', '""')
    return f'"{name}"'


def compile_expression(expression: Expression, statement: Statement) -> str:
    """The SQL of an expression."""
    dialect = statement.dialect
    match expression:
        case Field() | Tag() | Metric() | Link():
            return _operand(expression, statement)
        case Constant(value, sort):
            bound = statement.bind(list(value) if isinstance(value, tuple) else value)
            return dialect.constants[sort].format(x=bound)
        case Each():
            return EACH
        case AnyOf(tag, test):
            condition = compile_expression(test, statement)
            return dialect.any_of.format(x=_operand(tag, statement), condition=condition)
        case Payload(steps, "text"):
            return _text(steps, statement)
        case Payload(steps, reading):
            column, rest = _nearest(steps, statement)
            return dialect.readings[reading].format(x=column, path=statement.bind(pointer(rest)))
        case HasMember(steps, member):
            column, rest = _nearest(steps, statement)
            path, wanted = statement.bind(pointer(rest)), compile_expression(member, statement)
            return dialect.has_member.format(x=column, path=path, member=wanted)
        case Call(function, arguments):
            parts = [compile_expression(part, statement) for part in arguments]
            return _bounded(dialect.functions[function].format(*parts))
        case _:
            assert_never(expression)


def _bounded(text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise BadQuery("the filter is too large", pointer="filter")
    return text


def _operand(operand: Field | Tag | Metric | Link, statement: Statement) -> str:
    match operand:
        case Field(name):
            field_type(name)
            return name
        case Tag(name):
            return statement.dialect.tag.format(name=statement.bind(name))
        case Metric(name):
            return statement.dialect.metric.format(name=statement.bind(name))
        case Link(name):
            return statement.dialect.link.format(name=statement.bind(name))
        case _:
            assert_never(operand)


def _text(steps: tuple[str, ...], statement: Statement) -> str:
    stored = statement.paths.get(steps)
    if stored is not None:
        column = column_of(stored)
        if stored.type is Type.TEXT:
            return column
        return statement.dialect.text_of.format(x=column)
    column, rest = _nearest(steps, statement)
    return statement.dialect.text_in.format(x=column, path=statement.bind(pointer(rest)))


def _nearest(steps: tuple[str, ...], statement: Statement) -> tuple[str, tuple[str, ...]]:
    """The column with the smallest JSON that has what is asked for, and the steps inside of it."""
    for count in range(len(steps), 0, -1):
        stored = statement.paths.get(steps[:count])
        if stored is not None and stored.type is Type.JSON:
            return column_of(stored), steps[count:]
    return PAYLOAD, steps
