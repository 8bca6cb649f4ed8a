"""Where a load goes on: by server and file, until the file changes or is done."""

from __future__ import annotations

import os
from pathlib import Path

from runwell.client.loading.items import Position, Tally
from runwell.client.loading.resume import Memory, cache_folder

URL = "http://ci:secret@127.0.0.1:8080"


def test_what_was_acknowledged_is_there_again_for_the_same_server_and_file(tmp_path: Path):
    file = tmp_path / "events.ndjson"
    file.write_text("{}\n")
    kept = tmp_path / "kept"
    assert Memory(kept, URL, file).read() is None
    Memory(kept, URL, file).write(Position(7, 70), Tally(created=5, refused=2))
    assert Memory(kept, f"{URL}/", file).read() == (Position(7, 70), Tally(created=5, refused=2))
    assert Memory(kept, "http://other", file).read() is None

    os.utime(file, ns=(1, 1))
    assert Memory(kept, URL, file).read() is None


def test_what_is_done_is_forgotten(tmp_path: Path):
    file = tmp_path / "events.ndjson"
    file.write_text("{}\n")
    memory = Memory(tmp_path / "kept", URL, file)
    memory.write(Position(1, 1), Tally())
    memory.forget()
    memory.forget()
    assert memory.read() is None
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_broken_file_is_as_none_and_no_secret_is_kept(tmp_path: Path):
    file = tmp_path / "events.ndjson"
    file.write_text("{}\n")
    memory = Memory(tmp_path, URL, file)
    memory.write(Position(1, 1), Tally())
    (kept,) = tmp_path.glob("*.json")
    assert "secret" not in kept.read_text()
    for text in ("", "{}", '{"file":"","position":[1,1],"tally":{"x":1}}'):
        kept.write_text(text)
        assert memory.read() is None


def test_the_folder_is_the_users_cache(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/runwell/load")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "runwell" / "load"
