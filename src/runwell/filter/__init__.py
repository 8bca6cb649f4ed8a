"""Which events: a tree of conditions that every engine compiles and `match` evaluates."""

from runwell.filter.match import matches
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

__all__ = [
    "Among",
    "And",
    "Compare",
    "Contains",
    "Field",
    "Filter",
    "Metric",
    "Not",
    "OneOf",
    "Operand",
    "Or",
    "StartsWith",
    "Tag",
    "matches",
]
