"""Looks at every page of a large ledger once after the start, while it is served already."""

from __future__ import annotations

import threading
from collections.abc import Callable

from runwell.observe import log
from runwell.store.columns.base import yield_to_writes
from runwell.store.ledger.base import Ledger

STOP_AGAIN_SECONDS = 0.05


class Checker:
    """A thread that steps back wherever anything else is to be done."""

    def __init__(self, ledger: Ledger, on_damage: Callable[[list[str]], None]) -> None:
        self._ledger = ledger
        self._on_damage = on_damage  # called in this thread
        self._stopping = False
        self._thread = threading.Thread(target=self._check, name="checker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, done or not."""
        self._stopping = True
        while self._thread.is_alive():
            self._ledger.stop_checking()  # lost on a look that is about to begin
            self._thread.join(STOP_AGAIN_SECONDS)

    def _check(self) -> None:
        yield_to_writes()
        problems = self._ledger.check_pages()
        if problems:
            self._on_damage(problems)
        elif not self._stopping:
            log.info("ledger_checked")
