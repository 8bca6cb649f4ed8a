"""Power cuts in simulated lives of the ledger. `make powercuts CUTS=10000` makes as many as asked."""

from __future__ import annotations

from random import Random

import pytest
from tests.crash.cuts import Cutter, Figures, a_folder
from tests.crash.disk import Created, Deleted, Disk, Synced, Truncated, Written

CUTS = 200
SEED = 20261121


def figures_of(cuts: int, synchronous: str) -> Figures:
    with a_folder() as folder:
        cutter = Cutter(folder, synchronous)
        for _ in cutter.cut(cuts, SEED):
            pass
        return cutter.figures


def test_a_power_cut_at_any_moment_loses_no_acknowledged_commit_and_leaves_no_half_of_one(
    capsys,
):
    figures = figures_of(CUTS, "FULL")
    with capsys.disabled():
        print(f"\n{figures}")
    assert figures.broken == []
    assert figures.cuts == CUTS
    assert set(figures.beginnings) == {"new", "old", "cut"}


def test_the_cuts_find_what_less_synchronous_ledgers_lose():
    normal = figures_of(40, "NORMAL")
    assert any("Lost" in broken for broken in normal.broken)
    off = figures_of(20, "OFF")
    assert any("CorruptError" in broken for broken in off.broken)


def images(files: dict[str, bytes], steps: list, tries: int = 200) -> list[dict[str, bytes]]:
    found = []
    for seed in range(tries):
        disk = Disk(files)
        disk.play(steps)
        found.append(disk.after_cut(Random(seed)))
    return found


def test_what_was_synced_survives_every_cut():
    steps = [Written(0, 0, b"new"), Truncated(0, 2), Synced(0, with_directory=False)]
    assert {image["a"] for image in images({"a": b"older"}, steps)} == {b"ne"}


def test_what_was_not_synced_may_be_there_or_not_in_any_order_and_torn():
    steps = [Written(0, 0, b"first"), Written(0, 510, b"later")]
    found = {image["a"] for image in images({"a": b""}, steps)}
    ended = b"first" + bytes(505)
    assert {b"", b"first", ended + b"later", bytes(510) + b"later", ended + b"la"} <= found
    assert b"fir" not in found  # which no disk does to one sector


@pytest.mark.parametrize("is_synced", [True, False])
def test_a_name_survives_for_sure_only_once_its_directory_was_synced(is_synced: bool):
    made = [Created("b", 1), Written(1, 0, b"x"), Synced(1, with_directory=is_synced)]
    found = {tuple(image) for image in images({"a": b""}, made)}
    assert found == ({("a", "b")} if is_synced else {("a", "b"), ("a",)})
    gone = images({"a": b"", "b": b""}, [Deleted("b", is_synced=is_synced)])
    assert {tuple(image) for image in gone} == ({("a",)} if is_synced else {("a", "b"), ("a",)})
