"""What every ledger promises. The rules of a batch are applied in fold.py. No SQL here."""

from __future__ import annotations

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


class Change(NamedTuple):
    """One event as it stands after its newest change."""

    seq: int  # number of the newest change
    arrival: int  # number of the first change
    received: int  # when the newest change was committed, microseconds UTC
    document: str  # the event as JSON (`decode_event`), or REMOVED


class Ledger(Protocol):
    """key -> event, ordered by a change sequence. Everything committed is on disk.

    One thread commits; any thread reads.
    """

    last_committed: (
        int  # number of the newest change that this process committed or found at the start
    )
    identity: str  # made once when the ledger is made; columns remember whose projection they are

    def commit(self, requests: Sequence[Sequence[Write]], received: int) -> list[Answer]:
        """Apply the requests in order, in one durable transaction; a refused one stores nothing."""

    def get(self, key: bytes) -> Event | None:
        """The event of this key as it is on disk now."""

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

    def check(self) -> list[str]:
        """What is wrong with the stored data; empty if nothing is."""

    def close(self) -> None:
        """Give everything back; nothing may be asked afterwards."""
