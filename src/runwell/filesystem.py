"""Which kind of file system a directory lies on: over a network a sync may be none."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
OVER_A_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "lustre", "afs", "ncpfs"}
)


def kind_of(folder: Path, mounts: Path = MOUNTS) -> str:
    """The kind of the file system that holds a directory; empty where the system does not tell."""
    if not mounts.exists():
        return ""
    wanted = folder.resolve()
    deepest, kind = -1, ""
    for line in mounts.read_text("utf-8", "replace").splitlines():
        place, _, rest = line.partition(" - ")
        mounted = Path(place.split(" ")[4].replace("\\040", " "))
        depth = len(mounted.parts)
        if depth >= deepest and wanted.is_relative_to(mounted):  # the later one lies on top
            deepest, kind = depth, rest.split(" ")[0]
    return kind


def is_remote(kind: str) -> bool:
    """Does it lie over a network?"""
    return kind in OVER_A_NETWORK or kind.startswith("fuse.")
