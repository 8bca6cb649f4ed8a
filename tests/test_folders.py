"""Whose names are on the disk when a data directory has been made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runwell.datadir import DataLock
from runwell.folders import make_folder, sync_folder
from runwell.store.ledger import open_ledger
from runwell.tokens import Tokens


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every folder whose names were brought to the disk."""
    found: list[Path] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        found.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return found


MAKERS: dict[str, Callable[[Path], object]] = {
    "lock": lambda data: DataLock(data).release(),
    "ledger": lambda data: open_ledger(f"sqlite:///{data}/ledger.sqlite").close(),
    "tokens": lambda data: Tokens(data).create("ci", ["write"]),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_name_of_a_new_data_directory_is_on_the_disk(
    tmp_path: Path, synced: list[Path], make: Callable[[Path], object]
):
    make(tmp_path / "deep" / "data")
    assert [folder for folder in synced if folder != tmp_path / "deep" / "data"][:2] == [
        tmp_path,
        tmp_path / "deep",
    ]


def test_what_is_there_is_left_alone(tmp_path: Path, synced: list[Path]):
    make_folder(tmp_path)
    assert synced == []


def test_a_folder_that_cannot_be_synced_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(descriptor: int) -> None:
        raise OSError(22, "not here")

    monkeypatch.setattr(os, "fsync", refuse)
    make_folder(tmp_path / "data")
    assert (tmp_path / "data").is_dir()
    with pytest.raises(OSError, match="not here"):
        sync_folder(tmp_path)


def test_a_file_in_the_way_is_told(tmp_path: Path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "data")
