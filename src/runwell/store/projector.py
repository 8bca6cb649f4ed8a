"""The projector: one thread that brings the ledger's changes to the columns, in order."""

from __future__ import annotations

import threading
import time

from runwell.errors import NotCaughtUp
from runwell.observe import log
from runwell.store.columns.base import Columns
from runwell.store.ledger.base import Change, Ledger

RETRY_SECONDS = 1.0
LOOK_SECONDS = 1.0


class Projector:
    """Follows the ledger. Changes gather for a moment unless a question waits for them."""

    def __init__(
        self, ledger: Ledger, columns: Columns, *, rows_max: int, delay_seconds: float
    ) -> None:
        self._ledger = ledger
        self._columns = columns
        self._rows_max = rows_max
        self._delay_seconds = delay_seconds
        self._changed = threading.Condition()
        self._committed = ledger.last_seq()
        self._wanted = self._committed  # what is there at the start is brought over without delay
        self._stopping = False
        self._behind_since = time.monotonic() if columns.applied() < self._committed else None
        self._thread = threading.Thread(target=self._follow, name="projector", daemon=True)

    @property
    def applied(self) -> int:
        """The newest change that questions see."""
        return self._columns.applied()

    @property
    def committed(self) -> int:
        """The newest change that was announced."""
        return self._committed

    @property
    def lag_seconds(self) -> float:
        """For how long at most the columns have lacked what was announced."""
        since = self._behind_since
        return 0.0 if since is None else time.monotonic() - since

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def announce(self, seq: int) -> None:
        """The ledger now holds changes up to `seq`. Called by the committing thread."""
        with self._changed:
            self._committed = max(self._committed, seq)
            if self._behind_since is None:
                self._behind_since = time.monotonic()
            self._changed.notify_all()

    def wait(self, seq: int, timeout_seconds: float) -> None:
        """Return once questions see everything up to `seq`.

        Raises:
            NotCaughtUp: that took longer than `timeout_seconds`, or will never be.
        """
        with self._changed:
            if self._columns.applied() >= seq:
                return
            self._wanted = max(self._wanted, seq)
            self._changed.notify_all()
            self._changed.wait_for(
                lambda: self._stopping or self._columns.applied() >= seq, timeout_seconds
            )
            if self._columns.applied() < seq:
                raise NotCaughtUp(
                    f"the columns are at change {self._columns.applied()} of {seq}; ask again soon"
                )

    def stop(self) -> None:
        """Bring over what is left of the batch under way and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def _follow(self) -> None:
        while self._gather():
            try:
                self.step()
            except Exception as error:  # noqa: BLE001 - the thread must outlive a failed batch; it is retried
                log.error("projector_failed", error=str(error), applied=self.applied)
                time.sleep(RETRY_SECONDS)

    def _gather(self) -> bool:
        """Wait until there is something to do; False when it is time to end."""
        with self._changed:
            while not self._changed.wait_for(self._has_work, LOOK_SECONDS):
                pass  # whoever finds the columns damaged tells nobody
            self._changed.wait_for(self._is_due, self._delay_seconds)
            return not self._stopping

    def _has_work(self) -> bool:
        return self._stopping or self._committed > self.applied or self._columns.is_damaged

    def _is_due(self) -> bool:
        return (
            self._stopping
            or self._wanted > self.applied
            or self._committed - self.applied >= self._rows_max
        )

    def step(self) -> int:
        """Bring over one batch; how many events that were."""
        began = time.monotonic()
        if self._columns.is_damaged:
            self._columns.mend()
            self._behind_since = began
        changes = whole_commits(self._ledger.changes(self.applied, self._rows_max), self._rows_max)
        self._columns.apply(changes)
        with self._changed:
            if self.applied >= self._committed:
                self._behind_since = None
            elif len(changes) < self._rows_max:  # what is missing was committed after that
                self._behind_since = began
            self._changed.notify_all()
        return len(changes)


def whole_commits(changes: list[Change], rows_max: int) -> list[Change]:
    """As many as may be, without a commit that is there in part: it comes with the next ones.

    Questions see all of a request or nothing: what goes into a roll-up is counted once.
    """
    if len(changes) < rows_max:
        return changes
    last = changes[-1].received  # what is committed together was received together
    place = len(changes)
    while place and changes[place - 1].received == last:
        place -= 1
    return changes[:place] or changes
