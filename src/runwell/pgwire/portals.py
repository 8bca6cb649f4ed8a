"""Prepared statements and portals: types, formats and rows as bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runwell.pgwire import messages as wire
from runwell.pgwire.complaints import Complained
from runwell.pgwire.messages import Complaint, Field
from runwell.pgwire.statements import Statement
from runwell.pgwire.types import encoder
from runwell.query import Column, Rows
from runwell.store.catalog.pg_types import UNKNOWN, pg_type
from runwell.store.columns.base import Described

COLUMNS_MAX = 1_664  # as PostgreSQL's; the messages themselves count to 65,535
ROWS_AT_ONCE = 256  # encoded before others get their turn
NULLS = '"NULL"'  # the engine's type of a column that has no other value
NAMES = {"count_star()": "count"}  # as PostgreSQL calls it


@dataclass(slots=True)
class Prepared:
    """A statement, the types that its author gave, and what is known of it since it was asked."""

    statement: Statement
    types: tuple[int, ...]
    described: Described | None = None
    is_told: bool = False  # the client knows its columns

    def size(self, name: str) -> int:
        """What keeping it under this name costs."""
        return size_of(name, self.statement.text, self.types)

    def oids(self) -> list[int]:
        """The types of its parameters: as given, else as found."""
        found = [pg_type(name).oid for name in self.described.parameters] if self.described else []
        count = max(len(found), len(self.types))
        given = [*self.types, *[0] * (count - len(self.types))]
        return [
            oid if oid not in (0, UNKNOWN.oid) else (found[place] if place < len(found) else 0)
            for place, oid in enumerate(given)
        ]


@dataclass(slots=True)
class Portal:
    """A statement with its values, and the part of its answer that was not sent yet."""

    prepared: Prepared
    values: tuple[Any, ...] = ()
    formats: tuple[int, ...] = ()
    answer: Rows | None = None
    sent: int = 0
    is_told: bool = False

    def take_rows(self, rows_max: int) -> Iterator[bytes]:
        """The next rows, all or so many, some at a time as bytes; `sent` says how many were."""
        assert self.answer is not None
        rows, columns = self.answer.rows, self.answer.columns
        encoders = [
            encoder(pg_type(column.type), format_)
            for column, format_ in zip(columns, spread(self.formats, len(columns)), strict=True)
        ]
        end = min(self.sent + rows_max, len(rows)) if rows_max else len(rows)
        begin, self.sent = self.sent, end
        for start in range(begin, end, ROWS_AT_ONCE):
            yield b"".join(
                wire.data_row(
                    [
                        None if value is None else encode(value)
                        for encode, value in zip(encoders, row, strict=True)
                    ]
                )
                for row in rows[start : min(start + ROWS_AT_ONCE, end)]
            )


def size_of(name: str, text: str, types: Sequence[int]) -> int:
    """What a prepared statement counts for: its characters, and four for each type."""
    return len(name) + len(text) + 4 * len(types)


def check_columns(columns: Sequence[Column]) -> None:
    """Raise Complained if an answer has more columns than PostgreSQL's clients expect."""
    if len(columns) > COLUMNS_MAX:
        text = f"target lists can have at most {COLUMNS_MAX} entries"
        raise Complained(Complaint("54011", text))


def describe_fields(columns: Sequence[Column], formats: Sequence[int]) -> bytes:
    """RowDescription of these columns."""
    types = [pg_type(column.type) for column in columns]
    return wire.row_description(
        [
            Field(NAMES.get(column.name, column.name), type_.oid, type_.size, format_)
            for column, type_, format_ in zip(
                columns, types, spread(formats, len(types)), strict=True
            )
        ]
    )


def fits(told: Sequence[Column], found: Sequence[Column]) -> bool:
    """Are these the types that were told? Nothing but NULL fits any."""
    return len(told) == len(found) and all(
        pg_type(one.type) is pg_type(other.type) or other.type == NULLS
        for one, other in zip(told, found, strict=True)
    )


def spread(formats: Sequence[int], count: int) -> list[int]:
    """One format for all, one for each, or none: text."""
    if len(formats) == 1:
        return [formats[0]] * count
    if formats and len(formats) != count:
        raise Complained(Complaint("08P01", f"{len(formats)} formats for {count} values"))
    return list(formats) or [0] * count
