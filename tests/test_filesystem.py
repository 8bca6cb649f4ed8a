"""Which file system holds a directory, as Linux tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from runwell.filesystem import is_remote, kind_of

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /srv/shared\\040data rw,relatime shared:1 - nfs4 server:/ rw
31 22 0:27 / /srv rw,relatime - xfs /dev/vdb rw
32 31 0:28 / /srv rw,relatime - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/x", "ext4"),
        ("/srv/data", "tmpfs"),
        ("/srv/shared data/x", "nfs4"),
        ("/srvother", "ext4"),
    ],
)
def test_the_deepest_and_latest_mount_holds_a_directory(folder: str, kind: str, tmp_path: Path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert kind_of(Path(folder), mounts) == kind


def test_a_system_that_does_not_tell_is_not_guessed_about(tmp_path: Path):
    assert kind_of(tmp_path, tmp_path / "nothing") == ""


@pytest.mark.parametrize(
    ("kind", "remote"), [("nfs", True), ("fuse.sshfs", True), ("ext4", False), ("", False)]
)
def test_what_lies_over_a_network_is_known_by_its_kind(kind: str, remote: bool):
    assert is_remote(kind) == remote
