"""One SELECT on an engine, within the sandbox: answered, or only described."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from typing import Any

import duckdb

from runwell.errors import (
    BadQuery,
    BadSyntax,
    BadValue,
    QueryTooLong,
    TooLarge,
    UnknownColumn,
    UnknownRelation,
)
from runwell.query import Column, Relation, Rows
from runwell.store.columns.base import Described, SQLLimits, Stopper, Typed
from runwell.store.columns.damage import is_damage
from runwell.store.columns.functions import FUNCTIONS
from runwell.store.columns.parameters import infer_types
from runwell.store.columns.sandbox import check_sql

# A value of each type, so that the engine can tell the types of what is made from it.
EXAMPLES: dict[str, Any] = {
    "BOOLEAN": False,
    "VARCHAR": "",
    "DATE": date(2000, 1, 1),
    "TIME": time(),
    "TIMESTAMP": datetime(2000, 1, 1),  # noqa: DTZ001 - the type has no zone
    "TIMESTAMP WITH TIME ZONE": "2000-01-01T00:00:00Z",
    "INTERVAL": "0 days",
    "UUID": "00000000-0000-0000-0000-000000000000",
    "JSON": "null",
    "BLOB": b"",
}
UNREADABLE = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException)
UNKNOWN_COLUMN = re.compile(r"Referenced column|does not have a column named")
UNKNOWN_RELATION = re.compile(r"Referenced table|Table with name")
JOINER = "\u200d"  # what it joins is one sign
ROOMLESS = ("Cc", "Cf", "Mn", "Me")
MARKED_LINE = re.compile(r"\nLINE (\d+): (.*)\n( *)\^")


class Reader:
    """Asks one engine; `relations` and `functions` are all that is open of it."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        relations: Mapping[str, Relation],
        functions: Collection[str] = FUNCTIONS,
    ) -> None:
        self._connection = connection
        self._relations = relations
        self._functions = functions
        self._types = {
            name.lower(): {column.name.lower(): column.type for column in relation.columns}
            for name, relation in relations.items()
        }

    def sql(self, text: str, params: Sequence[Any], limits: SQLLimits, stopper: Stopper) -> Rows:
        """See `SQLEngine.sql`."""
        with self._asking(text, stopper) as cursor:
            check_sql(cursor, text, self._relations, self._functions)
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            cursor.execute(text.lstrip(), [_bound(param) for param in params])
            columns = tuple(Column(item[0], str(item[1])) for item in cursor.description or ())
            return Rows(columns, _fetch(cursor, limits))

    def describe(self, text: str, known: Sequence[str], stopper: Stopper) -> Described:
        """See `SQLEngine.describe`."""
        with self._asking(text, stopper) as cursor:
            tree = check_sql(cursor, text, self._relations, self._functions)
            types = infer_types(tree, known, self._types)
            return Described(tuple(types), _columns(cursor, text, types))

    @contextmanager
    def _asking(self, text: str, stopper: Stopper) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connection.cursor()
        try:
            stopper.attach(cursor.interrupt)
            yield cursor
        except duckdb.InterruptException as error:
            raise QueryTooLong from error
        except duckdb.OutOfMemoryException as error:
            raise TooLarge(
                "this takes more memory than `columns_memory_mib`: ask for less", pointer="/sql"
            ) from error
        except duckdb.Error as error:
            if is_damage(error):
                raise
            raise _problem(error, text) from error
        except OverflowError as error:  # an interval past what Python has, say
            raise BadQuery(str(error), pointer="/sql") from error
        finally:
            stopper.detach()
            cursor.close()


def _bound(param: Any) -> Any:
    return duckdb.Value(param.value, duckdb.type(param.type)) if type(param) is Typed else param


def _columns(
    cursor: duckdb.DuckDBPyConnection, text: str, types: Sequence[str]
) -> tuple[Column, ...]:
    """With an example of each type; where none will do, as the unit of date_trunc, without."""
    try:
        return _described(cursor, text, [_example(type_) for type_ in types])
    except (*UNREADABLE, duckdb.BinderException):
        with suppress(*UNREADABLE, duckdb.BinderException):
            return _described(cursor, text, [None] * len(types))
        raise


def _described(
    cursor: duckdb.DuckDBPyConnection, text: str, values: Sequence[Any]
) -> tuple[Column, ...]:
    cursor.execute("BEGIN TRANSACTION READ ONLY")
    try:
        rows = cursor.execute(f"DESCRIBE {text}", values).fetchall()
    finally:
        cursor.execute("ROLLBACK")
    return tuple(Column(row[0], row[1]) for row in rows)


def _example(type_: str) -> duckdb.Value:
    listed = type_.endswith("[]")
    return duckdb.Value([] if listed else EXAMPLES.get(type_, 0), duckdb.type(type_))


def _problem(error: duckdb.Error, text: str) -> BadQuery:
    message = str(error).strip()
    kind: type[BadQuery] = BadQuery
    if isinstance(error, duckdb.ParserException):
        kind = BadSyntax
    elif isinstance(error, UNREADABLE):
        kind = BadValue
    elif UNKNOWN_COLUMN.search(message):
        kind = UnknownColumn
    elif UNKNOWN_RELATION.search(message):
        kind = UnknownRelation
    return kind(message, pointer="/sql", position=_position(message, text))


def _position(message: str, text: str) -> int | None:
    """Where the engine's caret stands in the text; it shows a part of one line."""
    blanks = len(text) - len(text.lstrip())
    text = text[blanks:]  # as it was asked: the engine's caret forgets blanks in front
    marked = MARKED_LINE.search(message)
    if marked is None:
        return None
    number, shown = int(marked[1]), marked[2]
    lines = text.split("\n")
    column = len(marked[3]) - len(f"LINE {number}: ")
    part = shown.removeprefix("...")
    column -= len(shown) - len(part)
    start = lines[number - 1].find(part.removesuffix("...")) if number <= len(lines) else -1
    if start < 0 or column < 0:
        return None
    before = blanks + sum(len(line) + 1 for line in lines[: number - 1]) + start
    return before + _characters(part, column) + 1


def _characters(line: str, room: int) -> int:
    """How many characters take this much room, as a terminal shows them."""
    joined = False
    for number, character in enumerate(line):
        if room <= 0 and not (joined or _room(character) == 0):
            return number
        room -= 0 if joined else _room(character)
        joined = character == JOINER
    return len(line)


def _room(character: str) -> int:
    if unicodedata.category(character) in ROOMLESS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fetch(cursor: duckdb.DuckDBPyConnection, limits: SQLLimits) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    while row := cursor.fetchone():  # one by one: a row may be large
        rows.append(row)
        size += len(str(row))
        if len(rows) > limits.rows_max:
            raise TooLarge(f"more than {limits.rows_max} rows: add a LIMIT", pointer="/sql")
        if size > limits.bytes_max:
            raise TooLarge(f"more than {limits.bytes_max} bytes: ask for less", pointer="/sql")
    return rows
