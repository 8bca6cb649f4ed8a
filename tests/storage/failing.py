"""`runwell` on a disk that fails when a file says so: a VFS under the ledger, in this process only.

    python -m tests.storage.failing serve --data DATA

While DATA.fault holds a word, every call of that kind on the ledger's file or its log fails: `sync`,
`write` and `read` with an I/O error, `full` with no room left, where something is written. With
`sync-once` one sync fails and all later ones succeed, as the kernel does it. The moment of the first
failure is left in DATA.failed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import apsw

from runwell.cli import main

LEDGER = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL
CODES = {
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "write": apsw.SQLITE_IOERR_WRITE,
    "read": apsw.SQLITE_IOERR_READ,
}


class FailingVFS(apsw.VFS):
    def __init__(self, data: str) -> None:
        self.base = apsw.vfs_names()[0]
        self.fault = f"{data}.fault"
        self.failed = Path(f"{data}.failed")
        super().__init__("failing", self.base, makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - apsw's name
        return FailingFile(self, name, flags)

    def fail(self, kind: str) -> None:
        """Fail, if this is the time."""
        if not os.path.exists(self.fault):  # noqa: PTH110 - at every call of every file
            return
        wanted, _, once = Path(self.fault).read_text("ascii").partition("-")
        if wanted == "full" and kind == "write":
            raise apsw.FullError("no room")
        if wanted != kind:
            return
        if not self.failed.exists():
            self.failed.write_text(str(time.monotonic()))
        if once:
            Path(self.fault).unlink()
        error = apsw.IOError(f"the disk failed: {kind}")
        error.extendedresult = CODES[kind]
        raise error


class FailingFile(apsw.VFSFile):
    def __init__(self, vfs: FailingVFS, name, flags) -> None:
        self._vfs = vfs if flags[0] & LEDGER else None
        super().__init__(vfs.base, name, flags)

    def xRead(self, amount, offset):  # noqa: N802 - apsw's name
        if self._vfs:
            self._vfs.fail("read")
        return super().xRead(amount, offset)

    def xWrite(self, data, offset):  # noqa: N802 - apsw's name
        if self._vfs:
            self._vfs.fail("write")
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802 - apsw's name
        if self._vfs:
            self._vfs.fail("sync")
        super().xSync(flags)


if __name__ == "__main__":
    failing = FailingVFS(sys.argv[sys.argv.index("--data") + 1])
    main()
