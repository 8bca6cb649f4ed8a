"""A disk as a power cut may leave it: what was synced is there, of the rest anything may be.

A tape is the list of what was done to the files of one directory, in order. `Disk` plays it and
knows at every moment what the medium must hold and what it only may hold. Pure: no file is touched
until `write_image`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

SECTOR = 512


class Created(NamedTuple):
    """A name came into the directory."""

    name: str
    inode: int


class Deleted(NamedTuple):
    """A name left the directory; `is_synced`: and the directory was synced."""

    name: str
    is_synced: bool


class Written(NamedTuple):
    inode: int
    offset: int
    data: bytes


class Truncated(NamedTuple):
    inode: int
    size: int


class Synced(NamedTuple):
    """`with_directory`: the directory was synced too, as SQLite does once for a new journal."""

    inode: int
    with_directory: bool


class Marked(NamedTuple):
    """What the program knew then: how many commits were begun, and how many acknowledged."""

    begun: int
    acknowledged: int
    is_open: bool


Change = Written | Truncated
Step = Created | Deleted | Written | Truncated | Synced | Marked


@dataclass
class Inode:
    """One file: what is on the medium, and what is on its way there."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def settle(self) -> None:
        for change in self.pending:
            apply(self.durable, change)
        self.pending.clear()


class Disk:
    """One directory after the steps that were played so far."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._inodes = {
            number: Inode(bytearray(files[name])) for number, name in enumerate(sorted(files))
        }
        self._entries: dict[str, int] = {name: place for place, name in enumerate(sorted(files))}
        self._pending: list[tuple[str, int | None]] = []  # a name and what it now stands for
        self.marked = Marked(0, 0, is_open=False)

    def play(self, steps: Iterable[Step]) -> None:
        for step in steps:
            match step:
                case Written() | Truncated():
                    self._inodes[step.inode].pending.append(step)
                case Synced(inode, with_directory):
                    self._inodes[inode].settle()
                    if with_directory:
                        self._settle()
                case Created(name, inode):
                    self._inodes[inode] = Inode()
                    self._pending.append((name, inode))
                case Deleted(name, is_synced):
                    self._pending.append((name, None))
                    if is_synced:
                        self._settle()
                case Marked():
                    self.marked = step

    def _settle(self) -> None:
        self._enter(self._entries, self._pending)
        self._pending.clear()

    @staticmethod
    def _enter(entries: dict[str, int], pending: Iterable[tuple[str, int | None]]) -> None:
        for name, inode in pending:
            if inode is None:
                entries.pop(name, None)
            else:
                entries[name] = inode

    def after_cut(self, chance: Random) -> dict[str, bytes]:
        """One of the many directories that may be found when the power is back."""
        entries = dict(self._entries)
        share = chance.choice((0.0, 0.5, 1.0))
        self._enter(entries, [entry for entry in self._pending if chance.random() < share])
        return {
            name: _found(self._inodes[inode], chance) for name, inode in sorted(entries.items())
        }


def apply(content: bytearray, change: Change) -> None:
    """What was never written between two writes reads as zeros."""
    match change:
        case Written(_, offset, data):
            if len(content) < offset:
                content.extend(bytes(offset - len(content)))
            content[offset : offset + len(data)] = data
        case Truncated(_, size):
            del content[size:]
            content.extend(bytes(size - len(content)))


def _found(inode: Inode, chance: Random) -> bytes:
    content = bytearray(inode.durable)
    for change in _survivors(inode.pending, chance):
        apply(content, change)
    return bytes(content)


def _survivors(pending: list[Change], chance: Random) -> list[Change]:
    """In order up to some moment, the last one torn; or each by its own luck."""
    if not pending:
        return []
    if chance.random() < 0.4:
        kept = pending[: chance.randrange(len(pending) + 1)]
        return [*kept[:-1], *_torn(kept[-1], chance)] if kept else []
    share_kept, share_torn = chance.choice(((0.0, 0.2), (0.2, 0.2), (0.5, 0.2), (0.9, 0.1), (1, 0)))
    survivors: list[Change] = []
    for change in pending:
        luck = chance.random()
        if luck < share_kept:
            survivors.append(change)
        elif luck < share_kept + share_torn:
            survivors += _torn(change, chance)
    return survivors


def _torn(change: Change, chance: Random) -> list[Change]:
    """Some of its bytes: the head, the tail, some sectors, or with rubbish in between.

    What lies in one sector as a whole is written as a whole: that disks do promise.
    """
    if isinstance(change, Truncated):
        return [change]
    inode, offset, data = change
    border = SECTOR - offset % SECTOR
    if len(data) <= min(border, SECTOR - 1):
        return [change]
    if len(data) >= SECTOR:
        border = chance.randrange(1, len(data))
        if chance.random() < 0.5:
            border = max(SECTOR, border // SECTOR * SECTOR)
    match chance.randrange(4 if len(data) >= SECTOR else 2):
        case 0:
            return [Written(inode, offset, data[:border])]
        case 1:
            return [Written(inode, offset + border, data[border:])]
        case 2:
            starts = range(0, len(data), SECTOR)
            return [
                Written(inode, offset + start, data[start : start + SECTOR])
                for start in starts
                if chance.random() < 0.5
            ]
    rubbish = chance.randbytes(min(SECTOR, len(data) - border))
    return [Written(inode, offset, data[:border]), Written(inode, offset + border, rubbish)]


def write_image(files: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
