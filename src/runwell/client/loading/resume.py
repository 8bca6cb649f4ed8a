"""How far a load came, kept between runs: one small file a load, gone when it is done."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from runwell.client.loading.items import Position, Tally


class Progress(msgspec.Struct, frozen=True):
    """What the server has acknowledged of one file."""

    file: str
    position: tuple[int, int]
    tally: dict[str, int]


def cache_folder() -> Path:
    """Where they are kept: the user's cache, since the files to load may lie where none writes."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "runwell" / "load"


class Memory:
    """What is remembered of one file and one server; a file that changes is another file."""

    def __init__(self, folder: Path, url: str, file: Path) -> None:
        facts, path = file.stat(), file.resolve()
        named = (url.rstrip("/"), str(path), facts.st_size, facts.st_mtime_ns)
        name = hashlib.blake2b(repr(named).encode(), digest_size=16).hexdigest()
        self._file = str(path)
        self._kept = folder / f"{name}.json"

    def read(self) -> tuple[Position, Tally] | None:
        """Where to go on; None if there is nothing to go on with."""
        try:
            found = msgspec.json.decode(self._kept.read_bytes(), type=Progress)
            return Position(*found.position), Tally(**found.tally)
        except (OSError, msgspec.MsgspecError, TypeError):
            return None

    def write(self, position: Position, tally: Tally) -> None:
        """Remember; a crash leaves the state before or the one after."""
        self._kept.parent.mkdir(parents=True, exist_ok=True)
        new = self._kept.with_suffix(f".{os.getpid()}")
        progress = Progress(self._file, (position.place, position.offset), vars(tally))
        new.write_bytes(msgspec.json.encode(progress))
        new.replace(self._kept)

    def forget(self) -> None:
        """It is done, or begins anew."""
        self._kept.unlink(missing_ok=True)
