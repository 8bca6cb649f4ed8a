"""The embedded ledger: SQLite through apsw, WAL, synchronous=FULL. Rules are folded in fold.py."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import apsw
import msgspec

from runwell.errors import StorageFailed
from runwell.model import Event, Write
from runwell.model.event import key_of
from runwell.store.ledger.base import (
    REMOVED,
    Answer,
    Change,
    SchemaTooNew,
    decode_event,
    encode_event,
)
from runwell.store.ledger.fold import firsts_of, fold, keys_of, owners_of

BUSY_MS = 5_000
NO_KEY = bytes(16)
READERS_CACHE_KIB = 8 * 1024

SET_UP = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 4000;
PRAGMA journal_size_limit = 67108864;
"""

# A batch is handed over as one array and stored by one statement: SQLite then runs without the
# interpreter's lock for the whole batch, and the event loop does not fight the commit for it.
STORED = """
SELECT event.key, event.document
FROM json_each(:keys) AS wanted
JOIN event ON event.key = unhex(wanted.value)
"""
LATER_ATTEMPTS = """
SELECT event.key, event.document
FROM json_each(:keys) AS wanted
JOIN event ON event.first = unhex(wanted.value)
"""
OWNED = """
SELECT event.owner, event.key
FROM json_each(:keys) AS wanted
JOIN event ON event.owner = unhex(wanted.value)
ORDER BY event.seq
"""
INSERT = """
INSERT INTO event (seq, arrival, received, key, document, first, owner)
SELECT
  :last + row.rowid,  -- counted from 1
  :last + row.rowid,
  :received,
  substr(row.value, 1, 16),
  CAST(substr(row.value, 49) AS TEXT),
  nullif(substr(row.value, 17, 16), zeroblob(16)),
  nullif(substr(row.value, 33, 16), zeroblob(16))
FROM carray(:rows) AS row
WHERE true
ON CONFLICT (key) DO UPDATE SET
  seq = excluded.seq,
  received = excluded.received,
  document = excluded.document,
  owner = excluded.owner
"""
GET = "SELECT document FROM event WHERE key = :key"
EACH = """
SELECT wanted.key, coalesce(event.document, ''), coalesce(octet_length(event.document), 0)
FROM json_each(:keys) AS wanted
LEFT JOIN event ON event.key = unhex(wanted.value)
"""
COUNT = """
SELECT (SELECT count(*) FROM event) - (SELECT count(*) FROM event WHERE document = '')
"""
LAST_RECEIVED = """
SELECT coalesce((SELECT received FROM event ORDER BY seq DESC LIMIT 1), 0)
"""

CHANGES = """
SELECT seq, arrival, received, document
FROM event
WHERE seq > :after
ORDER BY seq
LIMIT :limit
"""

SQLiteValue = None | int | float | bytes | str
encode_json = msgspec.json.Encoder().encode


class SQLiteLedger:
    """One file; a connection that writes, one that reads much, one that reads single events."""

    def __init__(self, path: str | Path, *, upgrade: bool = True) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = _connect(self.path)
        if upgrade or check_version(self._writer) == 0:  # a file without anything has no other use
            migrate(self._writer)
        self._reader = _connect(self.path)
        self._reading = threading.Lock()
        self._getter = _connect(self.path)  # its own, so that `get` does not wait for `changes`
        self._getting = threading.Lock()
        self.identity = str(
            _value(self._writer, "SELECT value FROM ledger WHERE name = 'identity'")
        )
        self.last_committed = self.last_seq()

    def commit(self, requests: Sequence[Sequence[Write]], received: int) -> list[Answer]:
        """See `Ledger.commit`. Raises StorageFailed if SQLite could not store the batch."""
        keys = keys_of(requests)
        try:
            with _transaction(self._writer):
                wanted = list(dict.fromkeys(key for request in keys for key in request))
                stored = self._stored(STORED, wanted)
                if firsts := firsts_of(requests, keys):
                    stored |= self._stored(LATER_ATTEMPTS, firsts)
                owned = self._owned(owners) if (owners := owners_of(requests)) else {}
                folded = fold(requests, keys, stored, owned)
                if folded.changed:
                    self._store(folded.changed, received)
        except apsw.Error as error:
            raise StorageFailed(f"the commit failed, nothing was stored: {error}") from error
        self.last_committed += len(folded.changed)
        return folded.answers

    def _stored(self, question: str, keys: Sequence[bytes]) -> dict[bytes, Event | None]:
        """What is stored under these keys, with None where an event was removed."""
        wanted = encode_json([key.hex() for key in keys]).decode()
        return {
            key: decode_event(document) if document else None
            for key, document in self._writer.execute(question, {"keys": wanted})
        }

    def _owned(self, owners: Sequence[bytes]) -> dict[bytes, list[bytes]]:
        """The keys of what these own; the documents stay where they are."""
        wanted = encode_json([key.hex() for key in owners]).decode()
        found: dict[bytes, list[bytes]] = {}
        for owner, key in self._writer.execute(OWNED, {"keys": wanted}):
            found.setdefault(owner, []).append(key)
        return found

    def _store(self, changed: dict[bytes, Event | None], received: int) -> None:
        rows = apsw.carray(tuple(_row(key, event) for key, event in changed.items()))
        last = self.last_committed
        self._writer.execute(INSERT, {"last": last, "received": received, "rows": rows})

    def get(self, key: bytes) -> Event | None:
        """See `Ledger.get`."""
        with self._getting:
            row = self._getter.execute(GET, {"key": key}).fetchone()
        return None if row is None or not row[0] else decode_event(row[0])

    def get_each(self, keys: Sequence[bytes], bytes_max: int) -> list[Event | None]:
        """See `Ledger.get_each`."""
        wanted = encode_json([key.hex() for key in keys]).decode()
        documents: list[str] = []
        size = 0
        with self._getting:
            for place, document, length in self._getter.execute(EACH, {"keys": wanted}):
                assert place == len(documents)  # a left join keeps the order of its left side
                size += length
                if documents and size > bytes_max:
                    break
                documents.append(document)
        return [decode_event(document) if document else None for document in documents]

    def changes(self, after: int, limit: int) -> list[Change]:
        """See `Ledger.changes`."""
        with self._reading:
            rows = self._reader.execute(CHANGES, {"after": after, "limit": limit}).fetchall()
        return [Change._make(row) for row in rows]

    def last_seq(self) -> int:
        """See `Ledger.last_seq`."""
        return int(self._read("SELECT coalesce(max(seq), 0) FROM event"))

    def last_received(self) -> int:
        """See `Ledger.last_received`."""
        return int(self._read(LAST_RECEIVED))

    def count(self) -> int:
        """See `Ledger.count`."""
        return int(self._read(COUNT))

    def _read(self, sql: str) -> int:
        with self._reading:
            return int(_value(self._reader, sql))

    def check(self) -> list[str]:
        """See `Ledger.check`: SQLite's own integrity check, then every document is decoded."""
        with self._reading:
            problems = [str(row[0]) for row in self._reader.execute("PRAGMA integrity_check")]
            problems = [] if problems == ["ok"] else problems
            for key, document in self._reader.execute("SELECT key, document FROM event"):
                problems += _document_problems(key, document)
        return problems

    def close(self) -> None:
        """See `Ledger.close`: folds the write-ahead log into the file on the way out."""
        self._getter.close()
        self._reader.close()
        self._writer.close()


def _row(key: bytes, event: Event | None) -> bytes:
    """What INSERT takes apart: three keys of 16 bytes and the document.

    The keys are its own, that of the first attempt if this is a later one, that of an owner if one
    is named; NO_KEY where there is none.
    """
    if event is None:
        return key + NO_KEY + NO_KEY + REMOVED.encode()
    first = owner = NO_KEY
    if event.attempt != 1:
        first = key_of(event.source, event.scope, event.id)
    if event.owner:
        owner = key_of(event.source, event.scope, event.owner)
    return key + first + owner + encode_event(event)


def _document_problems(key: bytes, document: str) -> list[str]:
    if document == REMOVED:
        return []
    try:
        event = decode_event(document)
    except msgspec.MsgspecError as error:
        return [f"event {key.hex()}: {error}"]
    return [] if event.key == key else [f"event {key.hex()}: its document has another key"]


def _connect(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(BUSY_MS)
    connection.execute(SET_UP).fetchall()
    connection.execute(f"PRAGMA cache_size = -{READERS_CACHE_KIB}").fetchall()
    return connection


class _transaction:  # noqa: N801 - reads as a word: `with _transaction(connection)`
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
            with _transaction(connection):
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
    version = int(_value(connection, "PRAGMA user_version"))
    newest = migrations()[-1][0]
    if version > newest:
        raise SchemaTooNew(
            f"this ledger has schema {version}, this runwell knows up to {newest}: "
            "install the version that wrote it, or restore a backup"
        )
    return version


def _value(connection: apsw.Connection, sql: str) -> int | str:
    row = connection.execute(sql).fetchone()
    assert row is not None, sql
    return row[0]  # type: ignore[no-any-return]
