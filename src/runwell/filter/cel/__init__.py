"""The query language: CEL text -> filter, by the names of a vocabulary."""

from runwell.filter.cel.errors import BadExpression
from runwell.filter.cel.meaning import (
    Known,
    Links,
    Message,
    Metrics,
    Path,
    Tags,
    Texts,
    Variable,
    Vocabulary,
)
from runwell.filter.cel.parse import Environment

__all__ = [
    "BadExpression",
    "Environment",
    "Known",
    "Links",
    "Message",
    "Metrics",
    "Path",
    "Tags",
    "Texts",
    "Variable",
    "Vocabulary",
]
