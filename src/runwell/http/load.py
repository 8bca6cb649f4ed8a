"""How much the server has taken on: bodies on their way and here, and whether all of it waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Self

from runwell.config import Config
from runwell.errors import Busy, Error, Overloaded

LARGE = 64 * 1024  # smaller bodies are bounded by the number of connections
TURN_SECONDS = 0.1  # who waits for less until it is looked at has not waited
LASTING_SECONDS = 1.0
NARROW = 64  # so many requests under way keep both cores busy


class Load:
    """One for a server; belongs to the event loop.

    A burst is taken whole and waits: many a client never sends again. Only if everybody has waited
    for a while, more comes than can be done, and then few at a time are let in.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.waiting = 0  # requests whose body is on its way
        self.bytes_held = 0  # of large bodies
        self.bytes_max = max(  # one alone always has room
            config.bodies_bytes_max, config.body_bytes_max + config.inflated_bytes_max
        )
        self.inflating = asyncio.Lock()  # one large body at a time
        self._wait_max = config.wait_ms_max / 1000
        self._turns = Lateness(TURN_SECONDS)
        self._writes = Lateness(self._wait_max)
        self._crowded_since = 0.0
        self._narrow_until = 0.0

    def refusal(self, under_way: int) -> Error | None:
        """Why a request cannot be taken on beside so many, if it cannot."""
        if under_way < min(NARROW, self.config.requests_max):
            self._crowded_since = 0.0
            return None
        now = time.monotonic()
        self._crowded_since = self._crowded_since or now
        if now - max(self._crowded_since, self._writes.seen_at) > LASTING_SECONDS:
            self._narrow(now)  # nothing comes to its end
        if now < self._narrow_until:
            self._narrow(now)
            return Busy()
        return Busy() if under_way >= self.config.requests_max else None

    def _narrow(self, now: float) -> None:
        self._narrow_until = now + LASTING_SECONDS

    def check_turn(self, came_at: float) -> None:
        """A request is looked at. Raises Busy if it waited too long, as all before it of late."""
        now = time.monotonic()
        if self._turns.saw(now, now - came_at):
            self._narrow(now)
            if now - came_at > self._wait_max:
                raise Busy

    def wrote(self, came_at: float) -> None:
        """A write is on disk."""
        now = time.monotonic()
        if self._writes.saw(now, now - came_at):
            self._narrow(now)


class Lateness:
    """Whether all that was seen of late took too long."""

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._since = 0.0
        self.seen_at = 0.0

    def saw(self, now: float, seconds: float) -> bool:
        """One more, that took so long. Has everything taken too long for a while?"""
        if seconds < self._seconds_max or now - self.seen_at > LASTING_SECONDS:
            self._since = 0.0
        if seconds >= self._seconds_max:
            self._since = self._since or now
        self.seen_at = now
        return bool(self._since) and now - self._since >= LASTING_SECONDS


class Held:
    """The part of one request in that; given back at the end of the `with`."""

    __slots__ = ("_bytes", "_state", "config", "load")

    def __init__(self, load: Load, state: Mapping[str, Any]) -> None:
        self.config = load.config
        self.load = load
        self._state = state
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.load.bytes_held -= self._bytes

    def check_turn(self) -> None:
        """Raises Busy if it came long ago."""
        if came_at := self._state.get("came_at"):
            self.load.check_turn(came_at)

    def wrote(self) -> None:
        """What it brought is on disk."""
        if came_at := self._state.get("came_at"):
            self.load.wrote(came_at)

    def check_room(self, size: int) -> None:
        """Raises Overloaded if a body of this size has no room."""
        if size > LARGE and self.load.bytes_held - self._bytes + size > self.load.bytes_max:
            raise Overloaded(
                "too many large bodies are on their way; nothing was stored, send it again"
            )

    def hold(self, size: int) -> None:
        """So many bytes of it are here. Raises Overloaded."""
        if size > LARGE:
            self.check_room(size)
            self.load.bytes_held += size - self._bytes
            self._bytes = size
