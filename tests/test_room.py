"""How much room is left: looked up once a second, and never what stops a server by itself."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from runwell.room import Room


class Disk:
    """A disk of so many bytes that counts how often it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, size: int, free: int) -> None:
        self.size, self.free, self.asked = size, free, 0
        monkeypatch.setattr(os, "statvfs", self._statvfs)

    def _statvfs(self, _: Path) -> SimpleNamespace:
        self.asked += 1
        return SimpleNamespace(f_frsize=1, f_blocks=self.size, f_bavail=self.free)


@pytest.mark.parametrize(
    ("size", "free", "is_short"),
    [(1000, 99, True), (1000, 100, False), (20_000, 199, True), (20_000, 200, False)],
)
def test_short_is_less_than_the_setting_or_than_a_hundredth(
    size: int, free: int, is_short: bool, monkeypatch: pytest.MonkeyPatch
):
    Disk(monkeypatch, size, free)
    room = Room(Path(), 100)
    assert (room.is_short(), room.free) == (is_short, free)


def test_the_disk_is_asked_once_a_second_and_its_change_is_seen(monkeypatch: pytest.MonkeyPatch):
    disk = Disk(monkeypatch, 1000, 50)
    now = [5.0]
    room = Room(Path(), 100, lambda: now[0])
    assert [room.is_short() for _ in range(100)] == [True] * 100
    disk.free = 500
    now[0] = 5.9
    assert (room.is_short(), disk.asked) == (True, 1)
    now[0] = 6.0
    assert (room.is_short(), disk.asked) == (False, 2)


def test_nothing_is_short_where_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch):
    disk = Disk(monkeypatch, 1000, 0)
    assert (Room(Path(), 0).is_short(), disk.asked) == (False, 0)


def test_a_disk_that_does_not_answer_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    def failing(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "statvfs", failing)
    assert not Room(Path(), 100).is_short()
