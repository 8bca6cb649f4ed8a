"""A power cut leaves the tokens as they were or as they are: a revoked one does not come back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runwell.tokens import Tokens


def test_a_change_of_the_tokens_is_on_the_disk_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    done: list[tuple[str, str]] = []
    sync, replace = os.fsync, os.replace

    def note_sync(descriptor: int) -> None:
        done.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        sync(descriptor)

    def note_replace(source: Path, to: Path) -> None:
        done.append(("replace", Path(to).name))
        replace(source, to)

    tokens = Tokens(tmp_path)
    tokens.create("ci", ["write"])
    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    tokens.revoke("ci")
    assert done == [("sync", "tokens.new"), ("replace", "tokens.json"), ("sync", tmp_path.name)]
