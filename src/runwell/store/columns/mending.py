"""Columns that are made anew when they turn out to be damaged, while the server runs. No SQL here.

The ledger has everything that is in them, so that a damaged file is only a file to be deleted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb

from runwell.errors import NotCaughtUp
from runwell.observe import log
from runwell.query import Query, Relation, Rows
from runwell.store.columns.base import ColumnEngine, Described, SQLLimits, Stopper
from runwell.store.columns.damage import is_damage, says_damage
from runwell.store.ledger.base import Change

BEING_MADE = "the columns were damaged and are being made anew; ask again soon"
OPENED_AGAIN_MAX = 3  # without an answer in between: then the file is to blame, whatever it says


class MendingColumns:
    """Passes everything on to the columns that it opens, and opens others when these are damaged.

    `mend` belongs to the thread that applies: it alone knows that no change is on its way.
    """

    def __init__(self, make: Callable[[], ColumnEngine], delete: Callable[[], None]) -> None:
        self._make = make
        self._delete = delete
        self._changed = threading.Condition()
        self._users = 0
        self._damage: duckdb.Error | None = None
        self._opened_again = 0
        self._owed = 0  # up to this change somebody may count on what is here
        self.times_mended = 0
        try:
            self._columns = make()
        except duckdb.Error as error:
            self._columns = self._make_anew(error)

    @property
    def is_damaged(self) -> bool:
        """Is there something to `mend`?"""
        return self._damage is not None

    def mend(self) -> None:
        """Wait until nobody asks any more, then begin with a sound file."""
        with self._changed:
            error = self._damage
            if error is None:
                return
            self._changed.wait_for(lambda: self._users == 0)
        self._owed = max(self._owed, self._columns.applied())
        with suppress(duckdb.Error):  # what is damaged may not be closed in order
            self._columns.close()
        if says_damage(error) or self._opened_again >= OPENED_AGAIN_MAX:
            self._columns = self._make_anew(error)
        else:
            self._columns = self._make()  # where there is no room it is tried again
            self._opened_again += 1
            log.warning("columns_opened_again", reason=_reason(error))
        self.times_mended += 1
        with self._changed:
            self._damage = None

    def _make_anew(self, error: duckdb.Error) -> ColumnEngine:
        log.error(
            "columns_damaged", reason=_reason(error), advice="none: they are made from the ledger"
        )
        self._delete()
        self._opened_again = 0
        return self._make()

    @contextmanager
    def _asked(self) -> Iterator[ColumnEngine]:
        """The columns, if they hold what they held before they were made anew.

        Who asks has waited until they held enough; they may have been emptied since.
        """
        with self._used() as columns:
            if columns.applied() < self._owed:
                raise NotCaughtUp(BEING_MADE)
            yield columns

    @contextmanager
    def _used(self) -> Iterator[ColumnEngine]:
        """The columns, as long as they are sound."""
        with self._changed:
            if self._damage is not None:
                raise NotCaughtUp(BEING_MADE)
            self._users += 1
        try:
            yield self._columns
            self._opened_again = 0
        except duckdb.Error as error:
            if not is_damage(error):
                raise
            log.error("columns_unreadable", error=_reason(error))
            with self._changed:
                self._damage = error
            raise NotCaughtUp(BEING_MADE) from error
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def applied(self) -> int:
        """See `Columns.applied`."""
        return self._columns.applied()

    def apply(self, changes: Sequence[Change]) -> None:
        """See `Columns.apply`."""
        with self._used() as columns:
            columns.apply(changes)

    def run(self, query: Query, stopper: Stopper) -> Rows:
        """See `Columns.run`."""
        with self._asked() as columns:
            return columns.run(query, stopper)

    def sql(self, text: str, params: Sequence[Any], limits: SQLLimits, stopper: Stopper) -> Rows:
        """See `SQLEngine.sql`."""
        with self._asked() as columns:
            return columns.sql(text, params, limits, stopper)

    def describe(self, text: str, known: Sequence[str], stopper: Stopper) -> Described:
        """See `SQLEngine.describe`."""
        with self._asked() as columns:
            return columns.describe(text, known, stopper)

    def relations(self) -> dict[str, Relation]:
        """See `Columns.relations`."""
        return self._columns.relations()

    def close(self) -> None:
        """See `Columns.close`."""
        self._columns.close()


def _reason(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]
