"""How much room the disk has left, asked once a second at most."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

SHARE = 0.01  # of the disk, that stays free as well
LOOK_SECONDS = 1.0


class Room:
    """Stops what comes in before the disk is full: what reads needs some room too."""

    def __init__(
        self, folder: Path, free_bytes_min: int, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._free_bytes_min = free_bytes_min  # 0: never short
        self._steady = steady
        self._looked = -LOOK_SECONDS
        self._is_short = False
        self.free = 0

    def is_short(self) -> bool:
        """Is less left than there should be?"""
        now = self._steady()
        if self._free_bytes_min and now - self._looked >= LOOK_SECONDS:
            self._looked = now
            try:
                disk = os.statvfs(self._folder)
            except OSError:  # the disk is about to fail a commit: that tells more
                return self._is_short
            self.free = disk.f_bavail * disk.f_frsize
            least = max(self._free_bytes_min, int(disk.f_blocks * disk.f_frsize * SHARE))
            self._is_short = self.free < least
        return self._is_short
