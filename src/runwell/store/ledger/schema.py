"""The numbered schema files of the ledger, each brought in by a transaction of its own."""

from __future__ import annotations

from importlib import resources

import apsw

from runwell.model.event import key_of
from runwell.store.ledger.base import SchemaTooNew

SQLiteValue = None | int | float | bytes | str


class transaction:  # noqa: N801 - reads as a word: `with transaction(connection)`
    """BEGIN IMMEDIATE, then COMMIT, or ROLLBACK if anything was raised."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is None:
            try:
                self._connection.execute("COMMIT")
            except apsw.Error:
                self._roll_back()
                raise
        else:
            self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def migrations() -> list[tuple[int, str]]:
    """The numbered schema files in order: (number, SQL)."""
    folder = resources.files("runwell.store.ledger") / "sql"
    files = sorted(item.name for item in folder.iterdir() if item.name.endswith(".sql"))
    return [(int(name.split("_")[0]), (folder / name).read_text("utf-8")) for name in files]


def migrate(connection: apsw.Connection) -> None:
    """Bring the schema up to date, each migration in its own transaction.

    Raises:
        SchemaTooNew: the file has a higher number than the newest file here.
    """
    version = check_version(connection)
    connection.create_scalar_function("event_key", _key_function, 4, deterministic=True)
    for number, sql in migrations():
        if number > version:
            with transaction(connection):
                connection.execute(sql).fetchall()
                connection.execute(f"PRAGMA user_version = {number}").fetchall()


def _key_function(*parts: SQLiteValue) -> bytes:
    """`event_key(source, scope, id, attempt)` for migrations."""
    source, scope, id_, attempt = parts
    return key_of(str(source), str(scope), str(id_), int(str(attempt)))


def check_version(connection: apsw.Connection) -> int:
    """The number of the file's schema.

    Raises:
        SchemaTooNew: higher than the newest here.
    """
    version = int(value_of(connection, "PRAGMA user_version"))
    newest = migrations()[-1][0]
    if version > newest:
        raise SchemaTooNew(
            f"this ledger has schema {version}, this runwell knows up to {newest}: "
            "install the version that wrote it, or restore a backup"
        )
    return version


def value_of(
    connection: apsw.Connection, sql: str, bounds: dict[str, SQLiteValue] | None = None
) -> int | str:
    """The first value of the first row."""
    row = connection.execute(sql, bounds or {}).fetchone()
    assert row is not None, sql
    return row[0]  # type: ignore[no-any-return]
