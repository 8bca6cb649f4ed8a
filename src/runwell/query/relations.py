"""The relations that SQL questions read, as they are described to people. No SQL."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelationColumn:
    """One column: its name, the engine's word for its type, and what is in it."""

    name: str
    type: str
    about: str


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation, what a row of it is, and its columns in their order."""

    name: str
    about: str
    columns: tuple[RelationColumn, ...]
