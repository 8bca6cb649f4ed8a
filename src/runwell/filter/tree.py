"""The filter tree: conditions over canonical fields, tags and metrics. Parses no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal["==", "!=", "<", "<=", ">", ">="]
Value = str | int | float


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


Operand = Field | Tag | Metric


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
    field: Field
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


Filter = Compare | StartsWith | Contains | OneOf | Among | And | Or | Not
