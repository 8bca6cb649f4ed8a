"""What a part of an expression may mean before the question around it has settled its type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runwell.filter.tree import Expression, Sort, Tag

CEL_NAMES = {
    Sort.BOOLEAN: "bool",
    Sort.INTEGER: "int",
    Sort.NUMBER: "double",
    Sort.TEXT: "string",
    Sort.TEXTS: "list(string)",
    Sort.TIME: "timestamp",
    Sort.DURATION: "duration",
}


@dataclass(frozen=True, slots=True)
class Known:
    """An expression of a known type. `within`: whether there is a map that it was looked up in."""

    expression: Expression
    sort: Sort
    within: Expression | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A place in the payload: JSON, read as whatever it is compared with."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagText:
    """A tag with its texts: a comparison holds if it holds for one of them."""

    tag: Tag


@dataclass(frozen=True, slots=True)
class Nothing:
    """`null`."""


@dataclass(frozen=True, slots=True)
class Several:
    """A list that was written into the expression."""

    items: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """`+` or `-` of two places in the payload: numbers, texts or times."""

    function: str
    left: Meaning
    right: Meaning


@dataclass(frozen=True, slots=True)
class Choice:
    """`condition ? then : otherwise`, one of them a place in the payload."""

    condition: Expression
    then: Meaning
    otherwise: Meaning


@dataclass(frozen=True, slots=True)
class Texts:
    """A map of texts in the payload, below these steps."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message with fields of its own types, and where they stand in the payload."""

    steps: tuple[str, ...]
    fields: Mapping[str, Variable]


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of an event by their names."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics of an event by their names."""


@dataclass(frozen=True, slots=True)
class Links:
    """The links of an event by their names."""


Map = Texts | Message | Tags | Metrics | Links
Meaning = Known | Path | TagText | Nothing | Several | Sum | Choice | Map


@dataclass(frozen=True, slots=True)
class Variable:
    """A name: what CEL takes it for (`string`, `dyn`, `map(string, string)` ...) and what it is."""

    declared: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names of one environment, and the places in payloads that are canonical times."""

    variables: Mapping[str, Variable]
    times: Mapping[tuple[str, ...], Expression]
    hints: bool = False  # whether an unknown name is answered with the nearest one
    # the words that a field is one of
    words: Mapping[Expression | None, tuple[str, ...]] = field(default_factory=dict)


def cel_type(meaning: Meaning) -> str:
    """What CEL calls the type of this."""
    match meaning:
        case Known(_, sort):
            return CEL_NAMES[sort]
        case Nothing():
            return "null_type"
        case Several():
            return "list(dyn)"
        case Texts():
            return "map(string, string)"
        case Tags() | Metrics() | Links():
            return "map(string, dyn)"
        case TagText():
            return "string"
        case _:
            return "dyn"
