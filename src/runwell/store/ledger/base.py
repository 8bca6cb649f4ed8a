"""What every ledger promises. The rules of a batch are applied in fold.py. No SQL here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from runwell.errors import Error
from runwell.model import Event, Write, Written

Answer = (
    list[Written] | Error
)  # what one request gets: a Written for each write, or why it was refused

encode_event = msgspec.json.Encoder().encode
decode_event = msgspec.json.Decoder(Event).decode
REMOVED = ""  # the document of an event that is gone: its change must still reach the columns


class SchemaTooNew(RuntimeError):
    """A newer version of runwell wrote this ledger; install that version, or restore a backup."""


class LedgerDamaged(RuntimeError):
    """The ledger's files are not as they were written; nothing may be answered from them."""

    exit_code = os.EX_DATAERR  # 65: starting again does not help


class LedgerBusy(RuntimeError):
    """The ledger cannot be opened now: no room on the disk, or another process holds it."""


class Change(NamedTuple):
    """One event as it stands after its newest change."""

    seq: int  # number of the newest change
    arrival: int  # number of the first change
    received: int  # when the newest change was committed, microseconds UTC
    document: str  # the event as JSON (`decode_event`), or REMOVED


class Guard(NamedTuple):
    """How far a ledger that was opened to be read was guarded against damage."""

    has_checksums: bool  # on every page
    unread_frames: int = 0  # of its log, which SQLite did not read
    unread_commits: int = 0
    is_loss: bool = False  # do these prove that an acknowledged commit is among them?


class Ledger(Protocol):
    """key -> event, ordered by a change sequence. Everything committed is on disk.

    One thread commits; any thread reads.
    """

    last_committed: (
        int  # number of the newest change that this process committed or found at the start
    )
    identity: str  # made once when the ledger is made; columns remember whose projection they are
    forgotten: int  # number of the newest removal that `forget` forgot; 0: of none

    def commit(self, requests: Sequence[Sequence[Write]], received: int) -> list[Answer]:
        """Apply the requests in order, in one durable transaction; a refused one stores nothing.

        Raises:
            DiskFull, LedgerHeld: nothing was stored; the next commit may succeed.
            StorageFailed: the disk failed; so does every commit from now on.
        """

    def forget(self, before: int, applied: int, limit: int) -> int:
        """Forget the keys of events that were removed before this time; how many, at most `limit`.

        Only of removals up to the change `applied`. An event of such a key arrives as a new one,
        and columns that do not know of its removal must be made anew: see `forgotten`. Raises as
        `commit`; takes the thread that commits.
        """

    def get(self, key: bytes) -> Event | None:
        """The event of this key as it is on disk now. Raises Unreadable, as all that reads."""

    def get_each(self, keys: Sequence[bytes], bytes_max: int) -> list[Event | None]:
        """The events of these keys, in their order, as they are on disk now.

        If their documents have more bytes than this, only those of the first keys, at least one.
        """

    def changes(self, after: int, limit: int) -> list[Change]:
        """The newest change of each event changed after `after`, oldest first, at most `limit`."""

    def last_seq(self) -> int:
        """The number of the newest change; 0 if there is none."""

    def last_received(self) -> int:
        """When the newest change was committed, microseconds UTC; 0 if there is none."""

    def count(self) -> int:
        """How many events there are."""

    def guard(self) -> Guard:
        """What guards the files, and what of the log was not read when it was opened."""

    def check_pages(self) -> list[str]:
        """What is wrong with the file itself; events are not looked into. In any thread."""

    def stop_checking(self) -> None:
        """End a `check_pages` in another thread: it finds nothing more."""

    def size(self) -> int:
        """Bytes of the file."""

    def check(self) -> list[str]:
        """What is wrong with the stored data; empty if nothing is."""

    def close(self) -> None:
        """Give everything back; nothing may be asked afterwards."""
