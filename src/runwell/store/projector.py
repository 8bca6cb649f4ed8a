"""The projector: one thread that brings the ledger's changes to the columns, in order."""

from __future__ import annotations

import threading
import time

from runwell.errors import NotCaughtUp
from runwell.observe import log
from runwell.store.columns.base import Columns
from runwell.store.ledger.base import Ledger

RETRY_SECONDS = 1.0


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
        self._thread = threading.Thread(target=self._follow, name="projector", daemon=True)

    @property
    def applied(self) -> int:
        """The newest change that questions see."""
        return self._columns.applied()

    @property
    def committed(self) -> int:
        """The newest change that was announced."""
        return self._committed

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def announce(self, seq: int) -> None:
        """The ledger now holds changes up to `seq`. Called by the committing thread."""
        with self._changed:
            self._committed = max(self._committed, seq)
            self._changed.notify_all()

    def wait(self, seq: int, timeout_seconds: float) -> None:
        """Return once questions see everything up to `seq`.

        Raises:
            NotCaughtUp: that took longer than `timeout_seconds`.
        """
        with self._changed:
            if self._columns.applied() >= seq:
                return
            self._wanted = max(self._wanted, seq)
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._columns.applied() >= seq, timeout_seconds):
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
            self._changed.wait_for(lambda: self._stopping or self._committed > self.applied)
            self._changed.wait_for(self._is_due, self._delay_seconds)
            return not self._stopping

    def _is_due(self) -> bool:
        return (
            self._stopping
            or self._wanted > self.applied
            or self._committed - self.applied >= self._rows_max
        )

    def step(self) -> int:
        """Bring over one batch; how many events that were."""
        changes = self._ledger.changes(self.applied, self._rows_max)
        self._columns.apply(changes)
        with self._changed:
            self._changed.notify_all()
        return len(changes)
