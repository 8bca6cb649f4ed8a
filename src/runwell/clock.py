"""The wall clock, made fit to stamp commits and to judge ages by: it may jump, these must not."""

from __future__ import annotations

import time
from collections.abc import Callable

from runwell.observe import Counters, log

SECOND_US = 1_000_000
# Set back by less, a clock is corrected: stamps wait for it. Set back by more, it was wrong before.
HELD_US = 3_600 * SECOND_US
JUMP_US = 60 * SECOND_US  # what it may gain or lose against a steady clock between two looks
DOUBT_US = 30 * 24 * 3_600 * SECOND_US  # between the newest stamp and a start: off for so long?
SETTLE_US = 3_600 * SECOND_US  # how long it must have gone on without a jump to be believed


class Clock:
    """Reads the time of day. One for a server; `stamp` belongs to the thread that commits."""

    def __init__(
        self,
        counters: Counters,
        last_stamp: int = 0,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._counters = counters
        self._last_stamp = last_stamp
        self._wall = wall
        self._steady = steady
        self._ahead = self.now() - self._steady_us()  # of the steady clock
        self._jumped_at: int | None = None
        if last_stamp and abs(away := self.now() - last_stamp) > DOUBT_US:
            self._note_jump(away)

    def now(self) -> int:
        """The time of day, microseconds UTC."""
        return self._wall() // 1_000

    def stamp(self) -> int:
        """The time of a commit: later than the one before, unless the clock was far ahead.

        Who polls for what was updated since a time would miss what is stamped before it; and no two
        commits share a time: by it the projector knows where one ends.
        """
        now = self.now()
        is_held = self._last_stamp - HELD_US <= now <= self._last_stamp
        self._last_stamp = self._last_stamp + 1 if is_held else now
        return self._last_stamp

    def is_settled(self) -> bool:
        """Has the clock gone on without a jump for an hour? Before, it is no judge of ages.

        A clock that was asleep with its machine has jumped too.
        """
        steady = self._steady_us()
        before, self._ahead = self._ahead, self.now() - steady
        if abs(jump := self._ahead - before) > JUMP_US:
            self._note_jump(jump)
        return self._jumped_at is None or steady - self._jumped_at >= SETTLE_US

    def _note_jump(self, jump: int) -> None:
        self._jumped_at = self._steady_us()
        self._counters.add("runwell_clock_jumps_total")
        log.warning(
            "clock_jumped",
            seconds=jump // SECOND_US,
            advice="check the machine's time service; nothing is aged for the next hour",
        )

    def _steady_us(self) -> int:
        return self._steady() // 1_000
