"""`python -m tests.crash.slow serve ...`: runwell on a disk that takes 200 ms for every sync."""

from __future__ import annotations

import time

import apsw

from runwell.__main__ import main

SYNC_SECONDS = 0.2


class SlowVFS(apsw.VFS):
    def __init__(self) -> None:
        self.machine = apsw.vfs_names()[0]
        super().__init__("slow", self.machine, makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - the name that apsw asks for
        return SlowFile(self.machine, name, flags)


class SlowFile(apsw.VFSFile):
    def xSync(self, flags):  # noqa: N802 - the name that apsw asks for
        time.sleep(SYNC_SECONDS)
        super().xSync(flags)


if __name__ == "__main__":
    vfs = SlowVFS()
    main()
