"""A SQLite VFS over the machine's own that puts on a tape what is done to the files.

Made the default before the ledger is opened, so that whatever the ledger puts over the default VFS
lies over this one. The index in shared memory (-shm) is not recorded: it does not outlive a cut.
"""

from __future__ import annotations

from pathlib import Path

import apsw
from tests.crash.disk import Created, Deleted, Step, Synced, Truncated, Written

JOURNALS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
RECORDED = JOURNALS | apsw.SQLITE_OPEN_MAIN_DB


class RecordingVFS(apsw.VFS):
    """The tape, and which number stands for which file."""

    def __init__(self, folder: Path) -> None:
        self.machine = apsw.vfs_names()[0]  # the default until now
        self.tape: list[Step] = []
        there = sorted(file.name for file in folder.iterdir()) if folder.exists() else []
        self.inodes = {name: number for number, name in enumerate(there)}
        self._made = len(there)
        super().__init__("recording", self.machine, makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802 - the name that apsw asks for
        return RecordedFile(self, name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802 - the name that apsw asks for
        super().xDelete(filename, syncdir)
        name = Path(filename).name
        if self.inodes.pop(name, None) is not None:
            self.tape.append(Deleted(name, is_synced=bool(syncdir)))

    def inode_of(self, name: str, *, is_there: bool) -> int:
        if not is_there:
            self.inodes[name] = self._made
            self._made += 1
            self.tape.append(Created(name, self.inodes[name]))
        return self.inodes[name]


class RecordedFile(apsw.VFSFile):
    def __init__(self, vfs: RecordingVFS, name, flags) -> None:
        self._tape: list[Step] | None = None
        self._inode = -1
        # unixSync: a journal that was opened to be made syncs its directory once
        self._syncs_directory = bool(flags[0] & JOURNALS)
        path = None if name is None else Path(str(getattr(name, "filename", lambda: name)()))
        is_there = path is not None and path.exists()
        super().__init__(vfs.machine, name, flags)
        if path is not None and flags[0] & RECORDED:
            self._tape = vfs.tape
            self._inode = vfs.inode_of(path.name, is_there=is_there)

    def xWrite(self, data, offset):  # noqa: N802 - the name that apsw asks for
        super().xWrite(data, offset)
        if self._tape is not None:
            self._tape.append(Written(self._inode, offset, bytes(data)))

    def xTruncate(self, newsize):  # noqa: N802 - the name that apsw asks for
        super().xTruncate(newsize)
        if self._tape is not None:
            self._tape.append(Truncated(self._inode, newsize))

    def xSync(self, flags):  # noqa: N802 - the name that apsw asks for
        super().xSync(flags)
        if self._tape is not None:
            self._tape.append(Synced(self._inode, self._syncs_directory))
            self._syncs_directory = False
