"""The embedded columns: DuckDB. What may be asked in SQL is decided in sandbox.py."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from runwell.errors import BadQuery, QueryTooLong, TooLarge
from runwell.model.rollup import is_rollup
from runwell.observe import log
from runwell.query import Order, Query, Relation, Rows, Select, StoredPath, Type
from runwell.store.columns import nearby
from runwell.store.columns.base import (
    Additions,
    ColumnsHeld,
    ColumnsRoomless,
    Described,
    SQLLimits,
    Stopper,
    yield_to_writes,
)
from runwell.store.columns.compile import compile_query
from runwell.store.columns.damage import lacks_room
from runwell.store.columns.duckdb_dialect import DUCKDB
from runwell.store.columns.expressions import column_of
from runwell.store.columns.reader import Reader
from runwell.store.columns.relations import make_views, read_relations
from runwell.store.columns.rows import Row, rows_of
from runwell.store.ledger.base import Change

Settings = dict[str, str | bool | int | float | list[str]]

HELD = "Could not set lock"  # DuckDB has one error class for this and for a file that is none
MIB = 1024 * 1024
# A checkpoint writes the last group of rows anew, which with large payloads takes a second. As much
# as this in the write-ahead log is read again in half a second after a crash.
CHECKPOINT = "256MiB"
FETCHED_AT_ONCE = 256
# What a question of the right shape can still come to: a regular expression that is none, say.
UNANSWERABLE = (
    duckdb.InvalidInputException,
    duckdb.OutOfRangeException,
    duckdb.ConversionException,
    duckdb.NotImplementedException,  # a time zone that the engine does not know yet
)
VERSION = 7  # of sql/duckdb.sql: another number in a file makes the columns anew

_sql = resources.files("runwell.store.columns") / "sql"
SCHEMA = (_sql / "duckdb.sql").read_text("utf-8")
APPLY = (_sql / "duckdb_apply.sql").read_text("utf-8")
PATH_COLUMNS, PATH_VALUES = "/* columns of the stored paths */", "/* values at the stored paths */"
FORGET = "DELETE FROM event WHERE rollup IS NULL AND arrival IN (SELECT unnest(?::BIGINT[]))"
FORGET_MEMBERS = "DELETE FROM event WHERE rollup IN (SELECT unnest(?::BIGINT[]))"
FUNCTIONS_AT = {Type.TEXT: "json_extract_string", Type.JSON: "json_extract"}
SQL_TYPES = {Type.TEXT: "VARCHAR", Type.JSON: "JSON"}
ADVANCE = "UPDATE projection SET applied = ?"


class DuckDBColumns:
    """One file, one connection that applies, one cursor for each question."""

    def __init__(
        self,
        path: Path,
        ledger_identity: str,
        *,
        added: Additions,
        memory_mib: int = 1024,
        threads: int = 2,
        answer_bytes_max: int = 64 * MIB,
    ) -> None:
        self.path = path
        self._answer_bytes_max = answer_bytes_max
        # in one order, whatever the protocols': that of the columns in the file
        self._paths = {path.steps: path for path in sorted(added.paths, key=_path_name)}
        self._apply = _apply_statement(list(self._paths.values()))
        self._settings: Settings = {
            "threads": str(threads),
            "memory_limit": f"{memory_mib}MiB",
            "checkpoint_threshold": CHECKPOINT,
            # rows of a short list whose other columns are read once it is known which they are
            "late_materialization_max_rows": "10001",
            "enable_external_access": "false",
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        self._applying = threading.Lock()
        self._edges: dict[
            Order, tuple[int, int | None]
        ] = {}  # applied when it was asked, and the value
        try:
            self._connection = self._open(ledger_identity)
            try:
                self._set_up(added, memory_mib)
            except BaseException:
                self._connection.close()  # the engine would give it to who opens the file next
                raise
        except duckdb.Error as error:
            if lacks_room(error):
                raise ColumnsRoomless(
                    f"there is no room on the disk for {path}; make some, then start again"
                ) from error
            raise

    def _set_up(self, added: Additions, memory_mib: int) -> None:
        make_views(self._connection, added.views)
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")  # not the machine's
        # As much again: a question must not fill the disk that the ledger is on. The engine heeds
        # this only once the file is open.
        self._connection.execute(f"SET GLOBAL max_temp_directory_size = '{memory_mib}MiB'")
        self._connection.execute("SET lock_configuration = true")
        self._relations = read_relations(self._connection)
        self._reader = Reader(self._connection, self._relations)
        self._applied = self._read_applied()

    def _open(self, ledger_identity: str) -> duckdb.DuckDBPyConnection:
        if not self.path.exists():
            return self._make(ledger_identity)
        try:
            connection = _connect(self.path, self._settings)
            if _is_projection_of(connection, ledger_identity, self._path_names()):
                return connection
            connection.close()
            reason = "another ledger, version or choice of stored paths"
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            if HELD in reason:  # in use, not broken: not ours to delete
                raise ColumnsHeld(f"another process has {self.path} open; end it first") from error
            if lacks_room(error):
                raise
        log.warning("columns_made_anew", reason=reason)
        return self._make(ledger_identity)

    def _make(self, ledger_identity: str) -> duckdb.DuckDBPyConnection:
        delete_files(self.path)
        connection = _connect(self.path, self._settings)
        try:
            connection.execute("BEGIN")
            connection.execute(SCHEMA)
            for path in self._paths.values():
                connection.execute(
                    f"ALTER TABLE event ADD COLUMN {column_of(path)} {SQL_TYPES[path.type]}"
                )
            facts = [ledger_identity, VERSION, self._path_names()]
            connection.execute("INSERT INTO projection VALUES (?, ?, ?, 0)", facts)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _path_names(self) -> str:
        """All stored paths as one text: another text makes the columns anew."""
        return " ".join(map(_path_name, self._paths.values()))

    def _read_applied(self) -> int:
        row = self._connection.execute("SELECT applied FROM projection").fetchone()
        assert row is not None
        return int(row[0])

    def applied(self) -> int:
        """See `Columns.applied`."""
        return self._applied

    def apply(self, changes: Sequence[Change]) -> None:
        """See `Columns.apply`."""
        with self._applying:
            new = [change for change in changes if change.seq > self._applied]
            if not new:
                return
            self._connection.execute("BEGIN")
            try:
                self._store(new)
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(duckdb.Error):  # a commit that failed has left nothing to undo
                    self._connection.execute("ROLLBACK")
                raise
            self._applied = new[-1].seq

    def _store(self, changes: Sequence[Change]) -> None:
        # An event whose newest change is its first cannot be here yet.
        known = [change.arrival for change in changes if change.arrival <= self._applied]
        if known:
            self._connection.execute(FORGET, [known])
        rolled = [change.arrival for change in changes if is_rollup(change.document)]
        if rolled:
            self._connection.execute(FORGET_MEMBERS, [rolled])
        if rows := list(rows_of(changes)):
            named = zip(Row._fields, zip(*rows, strict=True), strict=True)
            self._connection.execute(self._apply, {name: list(values) for name, values in named})
        self._connection.execute(ADVANCE, [changes[-1].seq])

    def run(self, query: Query, stopper: Stopper) -> Rows:
        """See `Columns.run`."""
        order = nearby.first_order(query, self._applied)
        if order is not None and isinstance(query, Select):
            edge = self._edge(order, stopper)
            if edge is not None:
                rows = self._ask(nearby.among_first(query, order, edge), stopper)
                if len(rows.rows) == query.limit:
                    return rows
        return self._ask(query, stopper)

    def _edge(self, order: Order, stopper: Stopper) -> int | None:
        """Where the first rows of an order end, or ended a moment ago: any value serves."""
        known = self._edges.get(order)
        if known is not None and self._applied - known[0] < nearby.ROWS // 4:
            return known[1]
        found = self._ask(nearby.edge_query(order), stopper).first()
        edge = found[0] if found else None
        if order.start is None:  # else there are as many orders as there are tokens
            self._edges[order] = (self._applied, edge)
        return edge

    def _ask(self, query: Query, stopper: Stopper) -> Rows:
        statement = compile_query(query, DUCKDB, self._paths)
        cursor = self._connection.cursor()
        try:
            stopper.attach(cursor.interrupt)
            cursor.execute(statement.text, statement.params)
            rows = _fetch_all(cursor, self._answer_bytes_max)
        except duckdb.InterruptException as error:
            raise QueryTooLong from error
        except duckdb.OutOfMemoryException as error:
            raise TooLarge(
                "this takes more memory than `columns_memory_mib`: ask for less"
            ) from error
        except UNANSWERABLE as error:
            reason = str(error).splitlines()[0].partition(": ")[2]
            raise BadQuery(f"this cannot be evaluated: {reason}", pointer="filter") from error
        finally:
            stopper.detach()
            cursor.close()
        return Rows(tuple(statement.columns), rows)

    def sql(self, text: str, params: Sequence[Any], limits: SQLLimits, stopper: Stopper) -> Rows:
        """See `SQLEngine.sql`."""
        return self._reader.sql(text, params, limits, stopper)

    def describe(self, text: str, known: Sequence[str], stopper: Stopper) -> Described:
        """See `SQLEngine.describe`."""
        return self._reader.describe(text, known, stopper)

    def relations(self) -> dict[str, Relation]:
        """See `Columns.relations`."""
        return self._relations

    def close(self) -> None:
        """See `Columns.close`: a checkpoint on the way out."""
        self._connection.close()


def _connect(path: Path, settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the file. The engine's threads begin as nice as the one that starts them."""
    with ThreadPoolExecutor(1, initializer=yield_to_writes) as starter:
        return starter.submit(duckdb.connect, str(path), config=settings).result()


def delete_files(path: Path) -> None:
    """Remove the file and its write-ahead log; the projector fills a new one from the ledger."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)


def _path_name(path: StoredPath) -> str:
    return f"{path.type}:{path.pointer}"


def _apply_statement(paths: Sequence[StoredPath]) -> str:
    """APPLY with the stored paths: a payload is parsed once for the texts and once for the JSON."""
    columns, values = "", ""
    for type_, function in FUNCTIONS_AT.items():
        pointers = [path.pointer.replace("'", "''") for path in paths if path.type is type_]
        if pointers:
            listed = ", ".join(f"'{pointer}'" for pointer in pointers)
            values += f", {function}(TRY_CAST(e.payload AS JSON), [{listed}]) AS {type_}s"
    for path in paths:
        same = [other for other in paths if other.type is path.type]
        columns += f", {path.type}s[{same.index(path) + 1}]"
    return APPLY.replace(PATH_COLUMNS, columns).replace(PATH_VALUES, values)


def _is_projection_of(
    connection: duckdb.DuckDBPyConnection, ledger_identity: str, paths: str
) -> bool:
    try:
        row = connection.execute("SELECT ledger, version, paths FROM projection").fetchone()
    except duckdb.Error:  # it has other tables
        return False
    return row == (ledger_identity, VERSION, paths)


def _fetch_all(cursor: duckdb.DuckDBPyConnection, bytes_max: int) -> list[tuple[Any, ...]]:
    """All rows, as long as what is in them stays within the bound."""
    rows: list[tuple[Any, ...]] = []
    size = 0
    while some := cursor.fetchmany(FETCHED_AT_ONCE):
        rows += some
        size += sum(len(value) for row in some for value in row if type(value) is str)
        size += sum(len(str(value)) for row in some for value in row if type(value) is dict)
        if size > bytes_max:
            raise TooLarge(f"more than {bytes_max} bytes in one answer: ask for fewer events")
    return rows
