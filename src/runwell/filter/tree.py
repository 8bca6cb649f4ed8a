"""The filter tree: conditions over canonical fields, tags, metrics and payloads. Parses no text.

Two halves that meet in `Filter`. Conditions (`Compare`, `And`, `Not` ...) hold or do not hold: what
is not there fulfils no comparison. Expressions (`Call` and what stands in it) are what the query
language comes to: typed, and of three values, since what is not there is neither true nor false.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Operator = Literal["==", "!=", "<", "<=", ">", ">="]
Value = str | int | float


class Sort(StrEnum):
    """What an expression gives."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    TEXTS = "texts"
    TIME = "time"  # integer microseconds UTC
    DURATION = "duration"  # integer microseconds


@dataclass(frozen=True, slots=True)
class Field:
    """A canonical field by its name (see `runwell.query.fields`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Tag:
    """The values of one tag; a comparison holds if it holds for any of them."""

    name: str


@dataclass(frozen=True, slots=True)
class Metric:
    """The number of one metric."""

    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """The address that an event has under this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that was written into the question; engines get it bound."""

    value: str | int | float | bool | tuple[str, ...]
    sort: Sort


Reading = Literal["text", "number", "truth", "length", "is_there"]


@dataclass(frozen=True, slots=True)
class Payload:
    """What stands in the payload at these steps (RFC 6901, unescaped), read in one way.

    `text`: a text itself, all else as compact JSON, null as nothing. `number`, `truth`: only of
    JSON numbers and booleans. `length`: of a text in characters, of an array or object in members.
    `is_there`: whether there is anything but null; always true or false.
    """

    steps: tuple[str, ...]
    reading: Reading


@dataclass(frozen=True, slots=True)
class HasMember:
    """Whether the object at these steps has this key, or the array this text as a member."""

    steps: tuple[str, ...]
    member: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function of functions.py over its arguments."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Each:
    """The value that `AnyOf` looks at."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some value of the tag fulfils the test; neither true nor false without the tag."""

    tag: Tag
    test: Expression


Operand = Field | Tag | Metric
Expression = Field | Metric | Link | Tag | Constant | Payload | HasMember | Call | Each | AnyOf


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right`; false where `left` is not there."""

    left: Operand
    op: Operator
    right: Value


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The text of `left` begins with `text`, letter for letter."""

    left: Operand
    text: str


@dataclass(frozen=True, slots=True)
class Contains:
    """The text of `left` holds `text`, letter for letter."""

    left: Operand
    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """`left` is one of these texts."""

    left: Field
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Among:
    """`left` is one of the values that `field` has over the events where `where` holds."""

    left: Field
    field: Field | Tag
    where: Filter


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds; true without parts."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part holds; false without parts."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter = Compare | StartsWith | Contains | OneOf | Among | And | Or | Not | Expression
