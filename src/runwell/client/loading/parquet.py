"""Events from the rows of a Parquet file, read in pieces by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from runwell.client.loading.items import Bad, Item, LoadFailed, Position

MAGIC = b"PAR1"
ROWS_AT_ONCE = 256
MEMORY = "512MiB"
# What the server tells of an event and does not take back.
DERIVED = {"seq", "arrival", "received", "time", "queue"}
JSON_TEXTS = {"payload", "metrics", "tags", "links"}  # as JSON where the column is a text
NEEDED = ("source", "scope", "id")

_sql = resources.files("runwell.client.loading") / "sql"
ROWS = (_sql / "parquet.sql").read_text("utf-8")
COUNT = (_sql / "parquet_rows.sql").read_text("utf-8")

_encode = msgspec.json.Encoder().encode
_decode_raw = msgspec.json.Decoder(msgspec.Raw).decode


class Rows:
    """One event a row; a column is a field of its name, a null is left out."""

    word = "row"

    def __init__(self, path: Path) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "threads": "1",
            "autoinstall_known_extensions": "false",
        }
        self._path = str(path)
        self._connection = duckdb.connect(config=config)
        self._connection.execute("SET TimeZone = 'UTC'")  # not the machine's
        self._read = 0
        row = self._ask(COUNT, {}).fetchone()
        self.total = int(row[0]) if row else 0

    def _ask(self, sql: str, params: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(sql, {"file": self._path, **params})
        except duckdb.Error as error:
            raise LoadFailed(f"it cannot be read as Parquet: {error}") from error

    def items(self, after: Position) -> Iterator[Item | Bad]:
        """See `Source.items`. Raises LoadFailed for a file that holds no events."""
        self._read = after.place
        asked = self._ask(ROWS, {"first": after.place})
        names = [column[0] for column in asked.description or ()]
        if missing := [name for name in NEEDED if name not in names]:
            raise LoadFailed(f"it has no column {missing[0]!r}; source, scope and id are needed")
        while rows := self._fetch(asked):
            for row in rows:
                self._read += 1
                yield _item(names, row, Position(self._read, self._read))

    def _fetch(self, asked: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        try:
            return asked.fetchmany(ROWS_AT_ONCE)
        except duckdb.Error as error:
            raise LoadFailed(f"it cannot be read to its end: {error}") from error

    def done(self) -> int:
        """Rows."""
        return self._read

    def close(self) -> None:
        """See `Source.close`."""
        self._connection.close()


def _item(names: Sequence[str], row: Sequence[Any], at: Position) -> Item | Bad:
    try:
        event = {
            name: _value(name, value)
            for name, value in zip(names, row, strict=True)
            if value is not None and name not in DERIVED
        }
        return Item(at, _encode(event))
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        return Bad(at, str(error))


def _value(name: str, value: Any) -> Any:
    if name in JSON_TEXTS and isinstance(value, str):
        text = value.encode()
        try:
            _decode_raw(text)
        except msgspec.DecodeError as error:
            raise ValueError(f"{name}: not JSON: {error}") from error
        return msgspec.Raw(text)
    return plain(value)


def plain(value: Any) -> Any:
    """A value of the file as JSON has it: times as RFC 3339, intervals in seconds."""
    match value:
        case datetime():
            return f"{value.isoformat()}Z" if value.tzinfo is None else value.isoformat()
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case dict():
            return {str(key): plain(item) for key, item in value.items() if item is not None}
        case list():
            return [plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
    return str(value)
