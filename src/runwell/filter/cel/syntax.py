"""The syntax tree of a checked expression, read from CEL's own message `cel.expr.CheckedExpr`.

Source of the field numbers: the message definitions of CEL's specification (syntax.proto and
checked.proto); of the encoding: Protocol Buffers' wire format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MORE_TO_COME = 0x80  # of a varint
INT64 = 2**63

# field numbers
ANY_VALUE = 2
CHECKED_EXPR, CHECKED_SOURCE = 4, 5
SOURCE_POSITIONS = 4
ID, CONSTANT, IDENTIFIER, SELECT, CALL, LIST = 2, 3, 4, 5, 6, 7


@dataclass(frozen=True, slots=True)
class Null:
    """`null`."""

    offset: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A boolean, whole number, float or text."""

    offset: int  # in characters, as of every node
    value: bool | int | float | str


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name."""

    offset: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`, or `has(operand.field)`."""

    offset: int
    operand: Node
    field: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)` or `arguments[0].function(arguments[1:])`; operators are functions."""

    offset: int
    function: str
    arguments: tuple[Node, ...]
    is_member: bool


@dataclass(frozen=True, slots=True)
class List:
    """`[elements]`."""

    offset: int
    elements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Maps, messages, bytes, and what macros become."""

    offset: int


Node = Null | Literal | Identifier | Select | Call | List | Other
Field = tuple[int, int | bytes]


def read_checked(data: bytes) -> tuple[Node, int]:
    """The tree of a serialized CheckedExpr (inside of an Any), and how many nodes it has."""
    checked = _message(_only(_fields(data), ANY_VALUE))
    source = checked.get(CHECKED_SOURCE, [b""])[0]
    positions: dict[int, int] = {}
    for number, entry in _fields(_bytes(source)):
        if number == SOURCE_POSITIONS:
            pair = _message(_bytes(entry))
            positions[_int(pair.get(1, [0])[0])] = _int(pair.get(2, [0])[0])
    return _node(_bytes(checked[CHECKED_EXPR][0]), positions), len(positions)


def _node(data: bytes, positions: dict[int, int]) -> Node:
    fields = _message(data)
    offset = positions.get(_int(fields.get(ID, [0])[0]), 0)
    for kind in (CONSTANT, IDENTIFIER, SELECT, CALL, LIST):
        if kind in fields:
            return _node_of(kind, _bytes(fields[kind][0]), offset, positions)
    return Other(offset)


def _node_of(kind: int, data: bytes, offset: int, positions: dict[int, int]) -> Node:
    if kind == CONSTANT:
        return _constant(data, offset)
    inner = _message(data)
    match kind:
        case 4:
            return Identifier(offset, _text(inner.get(1, [b""])[0]))
        case 5:
            operand = _node(_bytes(inner[1][0]), positions)
            return Select(offset, operand, _text(inner[2][0]), bool(inner.get(3, [0])[0]))
        case 6:
            parts = [*inner.get(1, []), *inner.get(3, [])]
            arguments = tuple(_node(_bytes(part), positions) for part in parts)
            return Call(offset, _text(inner[2][0]), arguments, 1 in inner)
        case _:
            elements = tuple(_node(_bytes(part), positions) for part in inner.get(1, []))
            return List(offset, elements)


def _constant(data: bytes, offset: int) -> Node:
    ((number, value),) = _fields(data)
    match number:
        case 1:
            return Null(offset)
        case 2:
            return Literal(offset, bool(value))
        case 3 | 4:
            whole = _int(value)
            return Literal(offset, whole - 2 * INT64 if number == 3 and whole >= INT64 else whole)  # noqa: PLR2004 - int64
        case 5:
            return Literal(offset, struct.unpack("<d", _bytes(value))[0])
        case 6:
            return Literal(offset, _text(value))
        case _:
            return Other(offset)


def _fields(data: bytes) -> Iterator[Field]:
    """(field number, value) of a message: varints as integers, everything else as its bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                value, at = _varint(data, at)
                yield tag >> 3, value
                continue
            case 1:
                size = 8
            case 2:
                size, at = _varint(data, at)
            case _:
                size = 4
        yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < MORE_TO_COME:
            return value, at


def _message(data: bytes) -> dict[int, list[int | bytes]]:
    found: dict[int, list[int | bytes]] = {}
    for number, value in _fields(data):
        found.setdefault(number, []).append(value)
    return found


def _only(fields: Iterator[Field], wanted: int) -> bytes:
    return next(_bytes(value) for number, value in fields if number == wanted)


def _bytes(value: int | bytes) -> bytes:
    assert isinstance(value, bytes)
    return value


def _int(value: int | bytes) -> int:
    assert isinstance(value, int)
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()
