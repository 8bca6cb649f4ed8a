"""The names of our own query language: canonical fields, tags, metrics, links and the payload."""

from __future__ import annotations

from runwell.filter import Field, Sort
from runwell.filter.cel import (
    Environment,
    Known,
    Links,
    Metrics,
    Path,
    Tags,
    Variable,
    Vocabulary,
)
from runwell.model import Kind, Status
from runwell.query.fields import FIELDS, Type

# What CEL takes a field for. Times and durations may be missing, which `== null` asks: dynamic.
DECLARED = {
    Type.TEXT: ("string", Sort.TEXT),
    Type.INTEGER: ("int", Sort.INTEGER),
    Type.NUMBER: ("double", Sort.NUMBER),
    Type.TIME: ("dyn", Sort.TIME),
    Type.DURATION: ("dyn", Sort.DURATION),
}
MAPS = {
    "tags": Variable("map(string, dyn)", Tags()),
    "metrics": Variable("map(string, dyn)", Metrics()),
    "links": Variable("map(string, dyn)", Links()),
    "payload": Variable("dyn", Path(())),
}


def _variable(name: str, type_: Type) -> Variable:
    if name in MAPS:
        return MAPS[name]
    declared, sort = DECLARED[type_]
    return Variable(declared, Known(Field(name), sort))


EVENTS = Environment(
    Vocabulary(
        {name: _variable(name, type_) for name, type_ in FIELDS.items()},
        {},
        hints=True,
        words={Field("status"): tuple(map(str, Status)), Field("kind"): tuple(map(str, Kind))},
    )
)
