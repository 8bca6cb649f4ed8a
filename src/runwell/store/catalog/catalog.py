"""The system catalog: a second, tiny engine in memory that knows names and types and no event."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any, NamedTuple

import duckdb

from runwell.errors import BadQuery, UnknownRelation
from runwell.query import Column, Relation, RelationColumn, Rows
from runwell.store.catalog.pg_types import ARRAYS, SCALARS, pg_type
from runwell.store.catalog.translate import Translation
from runwell.store.columns.base import Described, SQLEngine, SQLLimits, Stopper
from runwell.store.columns.functions import FUNCTIONS
from runwell.store.columns.reader import Reader
from runwell.store.columns.sandbox import parse_sql

FIRST_OID = 16_384  # as PostgreSQL numbers what users make
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": "1",
    "memory_limit": "256MiB",
    "max_temp_directory_size": "0B",
    "integer_division": "true",
    "enable_external_access": "false",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
# Statements without any of these words go to the columns as they are, unread.
TELLTALE = re.compile(
    r"pg_|information_schema|public|current_|version|_user|\buser\b|reg(?:class|type)|quote_"
    r"|parse_ident|format_type|description|privilege|set_config|inet_|to_reg|array_(?:low|upp)er",
    re.IGNORECASE,
)
_sql = resources.files("runwell.store.catalog") / "sql"
TABLES, FILL, MACROS = (
    (_sql / f"{name}.sql").read_text("utf-8") for name in ("tables", "fill", "functions")
)


class Route(NamedTuple):
    """Where a statement is answered, and how it is written there."""

    is_catalog: bool
    text: str


class Catalog:
    """Answers what clients ask of pg_catalog, information_schema and the session."""

    def __init__(self, relations: Mapping[str, Relation], settings: Mapping[str, str]) -> None:
        self._connection = duckdb.connect(":memory:", config=SETTINGS)
        self._settings = {name.lower(): value for name, value in settings.items()}
        self._connection.execute(TABLES)
        self._fill(relations, settings)
        self._connection.execute(FILL)
        self._connection.execute(MACROS)
        own = self._connection.execute(
            "SELECT DISTINCT function_name FROM duckdb_functions() WHERE NOT internal"
        ).fetchall()
        self._functions = {str(name) for (name,) in own}
        self._tables = self._read_tables()
        self._describe_itself()
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        self._connection.execute("SET lock_configuration = true")
        self._reader = Reader(self._connection, self._tables, FUNCTIONS | self._functions)

    def _fill(self, relations: Mapping[str, Relation], settings: Mapping[str, str]) -> None:
        put = self._connection.executemany
        put("INSERT INTO pg_settings (name, setting) VALUES (?, ?)", list(settings.items()))
        types = [*SCALARS, *ARRAYS.values()]
        put(
            "INSERT INTO catalog_type VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                [
                    t.oid,
                    t.name,
                    t.array_oid,
                    t.size,
                    t.shown,
                    t.category,
                    t.element and t.element.oid,
                ]
                for t in types
            ],
        )
        for number, relation in enumerate(relations.values()):
            row = [FIRST_OID + number, relation.name, relation.about]
            put("INSERT INTO catalog_relation VALUES (?, ?, ?)", [row])
            put(
                "INSERT INTO catalog_column VALUES (?, ?, ?, ?, ?)",
                [
                    [relation.name, place, column.name, pg_type(column.type).oid, column.about]
                    for place, column in enumerate(relation.columns, start=1)
                ],
            )

    def _read_tables(self) -> dict[str, Relation]:
        rows = self._connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = 'memory' AND NOT internal "
            "AND NOT starts_with(table_name, 'lookup_') ORDER BY table_name, column_index"
        ).fetchall()
        columns: dict[str, list[RelationColumn]] = {}
        for table, name, type_ in rows:
            columns.setdefault(table, []).append(RelationColumn(name, type_, ""))
        return {table: Relation(table, "", tuple(found)) for table, found in columns.items()}

    def _describe_itself(self) -> None:
        """The catalog's own columns, for who asks what pg_class has."""
        known = dict(
            self._connection.execute(
                "SELECT CASE relnamespace WHEN 13000 THEN 'information_schema_' ELSE '' END "
                "|| relname, oid FROM pg_class WHERE relkind = 'r' OR relnamespace = 13000"
            ).fetchall()
        )
        rows = [
            [known[table], column.name, pg_type(_as_oid(column.type)).oid, number]
            for table, relation in self._tables.items()
            if table in known
            for number, column in enumerate(relation.columns, start=1)
        ]
        self._connection.execute(
            "INSERT INTO pg_attribute BY NAME SELECT unnest(?) AS attrelid, unnest(?) AS attname, "
            "unnest(?) AS atttypid, unnest(?) AS attnum, -1 AS atttypmod, '' AS attidentity, "
            "'' AS attgenerated, 'p' AS attstorage",
            [list(part) for part in zip(*rows, strict=True)],
        )

    def route(self, text: str) -> Route:
        """Is this a question to the catalog? Raises BadQuery."""
        if not TELLTALE.search(text):
            return Route(is_catalog=False, text=text)
        cursor = self._connection.cursor()
        try:
            translation = Translation(self._tables, self._functions, self._settings)
            tree = translation.run(parse_sql(cursor, text))
            if not (translation.is_changed or translation.is_catalog):
                return Route(is_catalog=False, text=text)
            document = json.dumps({"error": False, "statements": [tree]})
            row = cursor.execute("SELECT json_deserialize_sql(?)", [document]).fetchone()
            assert row is not None
            return Route(translation.is_catalog, row[0])
        except RecursionError as error:
            raise BadQuery("the question nests too deep", pointer="/sql") from error
        except duckdb.Error as error:
            raise BadQuery(str(error).strip(), pointer="/sql") from error
        finally:
            cursor.close()

    def sql(self, text: str, params: Sequence[Any], limits: SQLLimits, stopper: Stopper) -> Rows:
        """See `SQLEngine.sql`."""
        with _only_the_catalog():
            rows = self._reader.sql(text, params, limits, stopper)
        return Rows(_with_oids(rows.columns), rows.rows)

    def describe(self, text: str, known: Sequence[str], stopper: Stopper) -> Described:
        """See `SQLEngine.describe`."""
        with _only_the_catalog():
            described = self._reader.describe(text, known, stopper)
        return Described(tuple(map(_as_oid, described.parameters)), _with_oids(described.columns))

    def close(self) -> None:
        """Give everything back."""
        self._connection.close()


class WithCatalog:
    """The columns for whoever expects PostgreSQL's catalog beside them."""

    def __init__(self, columns: SQLEngine, catalog: Catalog) -> None:
        self._columns = columns
        self._catalog = catalog

    def sql(self, text: str, params: Sequence[Any], limits: SQLLimits, stopper: Stopper) -> Rows:
        """See `SQLEngine.sql`."""
        with self._engine(text) as (engine, written):
            return engine.sql(written, params, limits, stopper)

    def describe(self, text: str, known: Sequence[str], stopper: Stopper) -> Described:
        """See `SQLEngine.describe`."""
        with self._engine(text) as (engine, written):
            return engine.describe(written, known, stopper)

    @contextmanager
    def _engine(self, text: str) -> Iterator[tuple[SQLEngine, str]]:
        route = self._catalog.route(text)
        try:
            yield (self._catalog if route.is_catalog else self._columns), route.text
        except BadQuery as error:
            if route.text != text:
                error.position = None  # a place in the translated text
            raise


@contextmanager
def _only_the_catalog() -> Iterator[None]:
    """The whole catalog is not listed."""
    try:
        yield
    except UnknownRelation as error:
        raise UnknownRelation(
            f"{error.message.partition(';')[0]} in the catalog; a question goes either to the "
            "catalog or to the relations"
        ) from error


def _with_oids(columns: Sequence[Column]) -> tuple[Column, ...]:
    return tuple(Column(column.name, _as_oid(column.type)) for column in columns)


def _as_oid(type_: str) -> str:
    return type_.replace("UINTEGER", "OID")
