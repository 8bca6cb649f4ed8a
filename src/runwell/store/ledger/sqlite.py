"""The embedded ledger: SQLite through apsw, WAL, synchronous=FULL. Rules are folded in fold.py."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw
import msgspec

from runwell.errors import StorageFailed, Unreadable
from runwell.folders import make_folder
from runwell.model import Event, Write
from runwell.model.event import key_of
from runwell.observe import log
from runwell.store.ledger.base import (
    REMOVED,
    Answer,
    Change,
    Guard,
    decode_event,
    encode_event,
)
from runwell.store.ledger.faults import HELD, fault_of, is_full
from runwell.store.ledger.fold import firsts_of, fold, keys_of, owners_of
from runwell.store.ledger.opening import leave_log, settle, unread_log
from runwell.store.ledger.pages import add_checksums, connect, has_checksums
from runwell.store.ledger.schema import (
    SQLiteValue,
    check_version,
    migrate,
    transaction,
    value_of,
)
from runwell.store.ledger.statements import (
    CHANGES,
    COUNT,
    EACH,
    FORGET,
    FORGOTTEN,
    GET,
    INSERT,
    LAST_RECEIVED,
    LATER_ATTEMPTS,
    NOTE_FORGOTTEN,
    OWNED,
    STORED,
)
from runwell.store.ledger.wal import Unread

BUSY_MS = 5_000
NO_KEY = bytes(16)
READERS_CACHE_KIB = 8 * 1024
CHECKPOINT_PAGES = 4_000  # a longer log is brought over to the file
PROBLEMS_MAX = 20

SET_UP = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 67108864;
"""

encode_json = msgspec.json.Encoder().encode


class SQLiteLedger:
    """One file; a connection that writes, one that reads much, one that reads single events."""

    def __init__(self, path: str | Path, *, upgrade: bool = True) -> None:
        self.path = Path(path)
        make_folder(self.path.parent)
        self._writer = _connect(self.path)
        self._unread = Unread() if upgrade else unread_log(self._writer, self.path)
        if upgrade or check_version(self._writer) == 0:  # a file without anything has no other use
            settle(self._writer, self.path)
            migrate(self._writer)
            _add_checksums(self._writer, self.path)
        self._failure: StorageFailed | None = None
        self._log_pages = 0
        self._writer.set_wal_hook(self._note_pages)
        self._reader = _connect(self.path)
        self._reading = threading.Lock()
        self._getter = _connect(self.path)  # its own, so that `get` does not wait for `changes`
        self._getting = threading.Lock()
        self._checker: apsw.Connection | None = None
        self._checking = threading.Lock()
        if not upgrade:
            self._leave_log()
        self.identity = str(
            value_of(self._writer, "SELECT value FROM ledger WHERE name = 'identity'")
        )
        self.last_committed = self.last_seq()
        self.forgotten = int(
            value_of(self._writer, "SELECT max(value) FROM ledger WHERE name = 'forgotten'") or 0
        )

    def commit(self, requests: Sequence[Sequence[Write]], received: int) -> list[Answer]:
        """See `Ledger.commit`."""
        if self._failure:
            raise self._failure
        keys = keys_of(requests)
        with self._failing():
            with transaction(self._writer):
                wanted = list(dict.fromkeys(key for request in keys for key in request))
                stored = self._stored(STORED, wanted)
                if firsts := firsts_of(requests, keys):
                    stored |= self._stored(LATER_ATTEMPTS, firsts)
                owned = self._owned(owners) if (owners := owners_of(requests)) else {}
                folded = fold(requests, keys, stored, owned)
                if folded.changed:
                    self._store(folded.changed, received)
            self.last_committed += len(folded.changed)
            self._checkpoint()
        return folded.answers

    def forget(self, before: int, applied: int, limit: int) -> int:
        """See `Ledger.forget`."""
        if self._failure:
            raise self._failure
        bounds: dict[str, SQLiteValue] = {"before": before, "applied": applied, "limit": limit}
        with self._failing():
            with transaction(self._writer):
                last = int(value_of(self._writer, FORGOTTEN, bounds))
                if not last:
                    return 0
                self._writer.execute(FORGET, {"last": last})
                count = self._writer.changes()
                self._writer.execute(NOTE_FORGOTTEN, {"last": str(last)})
            self.forgotten = max(self.forgotten, last)
            self._checkpoint()
        return count

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """A failure of the disk is the last that is written."""
        try:
            yield
        except apsw.Error as error:
            fault = fault_of(error, self._writer)
            if isinstance(fault, StorageFailed):
                self._failure = fault
                self._leave_log()
            if fault:
                raise fault from error
            raise

    def _note_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self) -> None:
        """Bring a long log over to the file. SQLite would do so too, but hide a failure."""
        if self._log_pages < CHECKPOINT_PAGES:
            return
        try:
            self._writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:  # what waits for room or for another process is in the log
            if not (isinstance(error, HELD) or is_full(error, self._writer)):
                raise

    def _leave_log(self) -> None:
        """Nothing is synced any more: what the next start finds in the log is what there is."""
        for connection in (self._writer, self._reader, self._getter):
            leave_log(connection)

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
        with _readable(), self._getting:
            row = self._getter.execute(GET, {"key": key}).fetchone()
            return None if row is None or not row[0] else _event_of(key, row[0])

    def get_each(self, keys: Sequence[bytes], bytes_max: int) -> list[Event | None]:
        """See `Ledger.get_each`."""
        wanted = encode_json([key.hex() for key in keys]).decode()
        documents: list[str] = []
        size = 0
        with _readable():
            with self._getting:
                for place, document, length in self._getter.execute(EACH, {"keys": wanted}):
                    assert place == len(documents)  # a left join keeps the order of its left side
                    size += length
                    if documents and size > bytes_max:
                        break
                    documents.append(document)
            return [
                _event_of(key, document) if document else None
                for key, document in zip(keys, documents, strict=False)
            ]

    def changes(self, after: int, limit: int) -> list[Change]:
        """See `Ledger.changes`."""
        with _readable(), self._reading:
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
        with _readable(), self._reading:
            return int(value_of(self._reader, sql))

    def guard(self) -> Guard:
        """See `Ledger.guard`."""
        with self._reading:
            return Guard(has_checksums(self._reader), *self._unread)

    def check_pages(self) -> list[str]:
        """See `Ledger.check_pages`: SQLite's own integrity check; every page is read on the way."""
        with self._checking:
            connection = self._checker = _connect(self.path)
        leave_log(connection)
        try:
            return integrity_problems(connection)
        except apsw.InterruptError:
            return []
        except apsw.Error as error:
            return [str(error)]
        finally:
            with self._checking:
                self._checker = None
                connection.close()

    def stop_checking(self) -> None:
        """See `Ledger.stop_checking`."""
        with self._checking:
            if self._checker:
                self._checker.interrupt()

    def size(self) -> int:
        """See `Ledger.size`."""
        return self.path.stat().st_size

    def check(self) -> list[str]:
        """See `Ledger.check`: the pages, then every document is decoded."""
        with self._reading:
            problems = integrity_problems(self._reader)
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


def _event_of(key: bytes, document: str) -> Event:
    event = decode_event(document)
    if event.key != key:
        raise Unreadable(f"the ledger holds another event at the place of {key.hex()}")
    return event


@contextmanager
def _readable() -> Iterator[None]:
    """What cannot be read is told as such, and in the log."""
    try:
        yield
    except (apsw.Error, msgspec.MsgspecError, Unreadable) as error:
        log.error(
            "ledger_unreadable", error=str(error), advice="stop the server and ask `runwell doctor`"
        )
        raise Unreadable from error


def integrity_problems(connection: apsw.Connection) -> list[str]:
    """SQLite's own check of every page and index, which also compares every checksum."""
    rows = connection.execute(f"PRAGMA integrity_check({PROBLEMS_MAX})")
    problems = [str(row[0]) for row in rows]
    return [] if problems == ["ok"] else problems


def _document_problems(key: bytes, document: str) -> list[str]:
    if document == REMOVED:
        return []
    try:
        event = decode_event(document)
    except msgspec.MsgspecError as error:
        return [f"event {key.hex()}: {error}"]
    return [] if event.key == key else [f"event {key.hex()}: its document has another key"]


def _connect(path: Path) -> apsw.Connection:
    connection = connect(path)
    connection.set_busy_timeout(BUSY_MS)
    connection.execute(SET_UP).fetchall()
    connection.execute(f"PRAGMA cache_size = -{READERS_CACHE_KIB}").fetchall()
    return connection


def _add_checksums(connection: apsw.Connection, path: Path) -> None:
    try:
        add_checksums(connection, path)
    except apsw.Error as error:
        if not is_full(error, connection):
            raise
        log.warning("checksums_postponed", advice="they need twice the ledger's room for a while")
