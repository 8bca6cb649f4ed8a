"""The answer to any question: named, typed columns and rows of plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name and type (a `Type`, or the engine's own word where SQL was asked)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns and rows in the order that was asked for."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]

    def scalar(self) -> Any:
        """The only value of a one-by-one answer."""
        return self.rows[0][0]

    def first(self) -> list[Any]:
        """The first column as a list."""
        return [row[0] for row in self.rows]

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by its column names."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]
