"""Open a ledger and die in the middle: `python -m tests.crash.deadly FILE STEP`.

The process kills itself with SIGKILL at that step of what it does to the files: what a kill from
outside leaves behind too, but at a known place. Without dying it prints how many steps there were.
"""

from __future__ import annotations

import os
import signal
import sys

import apsw

from runwell.store.ledger import open_ledger


class DeadlyVFS(apsw.VFS):
    def __init__(self, last: int) -> None:
        self.machine = apsw.vfs_names()[0]
        self.steps = 0
        self._last = last
        super().__init__("deadly", self.machine, makedefault=True)

    def step(self) -> None:
        self.steps += 1
        if self.steps == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def xOpen(self, name, flags):  # noqa: N802 - the name that apsw asks for
        return DeadlyFile(self, name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802 - the name that apsw asks for
        self.step()
        super().xDelete(filename, syncdir)


class DeadlyFile(apsw.VFSFile):
    def __init__(self, vfs: DeadlyVFS, name, flags) -> None:
        self._step = vfs.step
        super().__init__(vfs.machine, name, flags)

    def xWrite(self, data, offset):  # noqa: N802 - the name that apsw asks for
        self._step()
        super().xWrite(data, offset)

    def xTruncate(self, newsize):  # noqa: N802 - the name that apsw asks for
        self._step()
        super().xTruncate(newsize)

    def xSync(self, flags):  # noqa: N802 - the name that apsw asks for
        self._step()
        super().xSync(flags)


def main() -> None:
    file, last = sys.argv[1:]
    vfs = DeadlyVFS(int(last))
    open_ledger(f"sqlite:///{file}").close()
    print(vfs.steps)


if __name__ == "__main__":
    main()
