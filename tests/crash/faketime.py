"""A process whose clock of the day can be set while it runs; its steady clock just passes."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest

LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")


def library() -> Path:
    """Debian's libfaketime."""
    for pattern in LIBRARIES:
        if found := next(Path("/").glob(pattern.lstrip("/")), None):
            return found
    pytest.fail("libfaketime is missing: install the package faketime")


class SetClock:
    """What the clock shows, as an offset like `+10y` to the true time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")

    def set(self, offset: str) -> None:
        """From now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset}\n")
        new.replace(self._file)

    @contextmanager
    def for_new_processes(self):
        """Processes that begin in here have this clock."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LD_PRELOAD", str(library()))
            patch.setenv("FAKETIME_TIMESTAMP_FILE", str(self._file))
            patch.setenv("FAKETIME_NO_CACHE", "1")
            patch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            patch.setenv("NO_FAKE_STAT", "1")
            yield
