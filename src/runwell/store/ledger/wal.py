"""What a write-ahead log holds behind the place where SQLite stopped to read it.

SQLite reads up to the first frame that is not sound and takes the rest for what a power cut left of
a commit that nobody was told of. It cannot know better; but a commit is on the disk before the next
one begins, so a frame that follows on a commit was not left by a power cut.

The log's own head is written and synced before its first frame: one that is not sound was damaged.
What it said its frames tell: their salts, and the length at which these come again.

That it follows only its checksum tells, which goes on from that of the frame before: a log begins
anew over its old frames, and a power cut may leave the head of an old one before the rest of a new.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

HEADER = struct.Struct(">8I")  # magic, version, page size, number, two salts, two checksums
FRAME = struct.Struct(">6I")  # page, pages of the file if this ends a commit, salts, checksums
SUMMED = 8  # bytes of a frame's head that its checksum is of, beside the page
WORD = 0xFFFFFFFF
MAGIC = 0x377F0683  # one less where words are summed with their low byte first
PAGE_BYTES_MIN, PAGE_BYTES_MAX = 512, 65_536

Order = Literal["<", ">"]  # of the bytes of a word, as they are summed


class Unread(NamedTuple):
    """What belongs to this log and was not read."""

    frames: int = 0
    commits: int = 0  # how many of these frames end a commit
    is_loss: bool = False  # does this prove that an acknowledged commit is among them?


def unread(file: Path, sound: int) -> Unread:
    """Look at the frames behind the first `sound` ones."""
    try:
        with file.open("rb") as log:
            head = log.read(HEADER.size)
            if len(head) < HEADER.size:
                return Unread()
            if not _is_sound(head) and any(head):
                head = _as_frames_tell(log, head)
            if not PAGE_BYTES_MIN <= HEADER.unpack(head)[2] <= PAGE_BYTES_MAX:
                return Unread(1)
            return _look(log, head, sound, file.stat().st_size)
    except FileNotFoundError:
        return Unread()


def _is_sound(head: bytes) -> bool:
    magic, *_, first, second = HEADER.unpack(head)
    return magic | 1 == MAGIC and _sum(head[:-8], (0, 0), _order(magic)) == (first, second)


def _as_frames_tell(log: BinaryIO, head: bytes) -> bytes:
    """The head as it may have been; as it is if there are not two frames of one log."""
    _, version, _, number, *_, first, second = HEADER.unpack(head)
    page_bytes = PAGE_BYTES_MIN
    while page_bytes <= PAGE_BYTES_MAX:
        log.seek(HEADER.size)
        some = log.read(2 * FRAME.size + page_bytes)
        if len(some) == 2 * FRAME.size + page_bytes:
            salts = FRAME.unpack_from(some)[2:4]
            if any(salts) and salts == FRAME.unpack_from(some, FRAME.size + page_bytes)[2:4]:
                magic = MAGIC - (sys.byteorder == "little")
                return HEADER.pack(magic, version, page_bytes, number, *salts, first, second)
        page_bytes *= 2
    return head


def _order(magic: int) -> Order:
    return ">" if magic & 1 else "<"


def _look(log: BinaryIO, head: bytes, sound: int, size: int) -> Unread:
    magic, _, page_bytes, _, *salts = HEADER.unpack(head)[:6]
    order = _order(magic)
    length = FRAME.size + page_bytes
    before = HEADER.unpack(head)[6:]
    if sound:
        log.seek(HEADER.size + (sound - 1) * length)
        before = FRAME.unpack(log.read(FRAME.size))[4:]
    frames = commits = 0
    is_loss = is_behind_commit = False
    for place in range(HEADER.size + sound * length, size - length + 1, length):
        log.seek(place)
        frame = log.read(length)
        _, ends, *of_log = FRAME.unpack_from(frame)
        if of_log[:2] != salts:
            is_behind_commit = False
            continue
        frames += 1
        commits += ends > 0
        follows = (ends or is_behind_commit) and _follows(frame, before, order)
        is_loss |= is_behind_commit and follows
        is_behind_commit = bool(ends and follows)
        before = tuple(of_log[2:])
    return Unread(frames, commits, is_loss)


def _follows(frame: bytes, before: tuple[int, ...], order: Order) -> bool:
    """Does the checksum of this frame go on from that of the frame before?"""
    data = frame[:SUMMED] + frame[FRAME.size :]
    return _sum(data, before, order) == FRAME.unpack_from(frame)[4:]


def _sum(data: bytes, before: tuple[int, ...], order: Order) -> tuple[int, int]:
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    first, second = before
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & WORD
        second = (second + odd + first) & WORD
    return first, second
