"""Ledgers as older versions of the schema left them: only the first migrations are run."""

from __future__ import annotations

import tempfile
from contextlib import closing
from functools import lru_cache
from importlib import resources
from pathlib import Path

import apsw

from runwell.model import Event, Kind
from runwell.model.event import key_of
from runwell.store.ledger.base import encode_event

SQL = resources.files("runwell.store.ledger") / "sql"
NUMBERED = {int(file.name.split("_")[0]): file for file in SQL.iterdir()}
NEWEST = max(NUMBERED)
OLD = range(1, NEWEST)
INSERT = "INSERT INTO event (seq, arrival, received, key, document) VALUES (?, ?, ?, ?, ?)"


def old_ledger(file: Path, version: int, events: int) -> None:
    """A ledger of this version of the schema, with this many events."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(apsw.Connection(str(file))) as connection:
        connection.create_scalar_function("event_key", key_of, 4, deterministic=True)
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        with connection:
            for number in range(1, version + 1):
                connection.execute(NUMBERED[number].read_text("utf-8")).fetchall()
            connection.execute(f"PRAGMA user_version = {version}").fetchall()
            connection.executemany(INSERT, (_row(number) for number in range(1, events + 1)))


def _row(number: int) -> tuple[int, int, int, bytes, str]:
    """Every tenth is a session of pytest-monitor, which the second migration moves."""
    event = Event(source="old", scope="old", id=str(number), payload=f'{{"number": {number}}}')
    if number % 10 == 0:
        event = Event(
            source="pytest_monitor",
            scope="sessions",
            id=str(number),
            chain=f"session-{number}",
            kind=Kind.SESSION,
        )
    return number, number, 1_000 + number, event.key, encode_event(event).decode()


def whole_schema(file: Path) -> int:
    """The number of the file's schema, which is whole: that of one version, never between two."""
    if not file.exists():
        return 0
    number, schema = _schema(file)
    assert schema == _schemas()[number], f"half of a migration after version {number}"
    return number


@lru_cache(maxsize=1)
def _schemas() -> dict[int, frozenset[tuple[str, str]]]:
    """What each version has made, by its number."""
    schemas = {0: frozenset[tuple[str, str]]()}
    with tempfile.TemporaryDirectory() as folder:
        for number in sorted(NUMBERED):
            file = Path(folder) / f"{number}.sqlite"
            old_ledger(file, number, 0)
            schemas |= dict([_schema(file)])
    return schemas


def _schema(file: Path) -> tuple[int, frozenset[tuple[str, str]]]:
    """Its number, and the tables and indexes that there are."""
    with closing(apsw.Connection(str(file))) as connection:
        ((number,),) = connection.execute("PRAGMA user_version")
        made = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return number, frozenset(made.fetchall())
