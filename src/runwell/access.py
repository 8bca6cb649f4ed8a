"""Who asks, and what they may: the one guard that every read and write of a protocol passes.

Who asks is known from the token alone and travels with the task of the request. What runs inside of
the server on nobody's behalf uses the store's own ways and not these.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from runwell.errors import Forbidden, OutOfReach, Unauthorized, UnknownToken
from runwell.model import Event, Outcome, Write, Written
from runwell.query import Query, Rows
from runwell.reach import Reach, reach_of
from runwell.tokens import BadTokens, Lapse, Scope, Token, Tokens

LOOK_SECONDS = 1.0  # how often what takes long looks whether its token still counts
REASONS = {Lapse.REVOKED: "RevokedToken", Lapse.EXPIRED: "ExpiredToken"}


class NobodyAsks(RuntimeError):
    """A protocol asked without a request, or in one whose route asks for no token: a bug."""


class Lapsed(Exception):
    """The token that this was begun with does not count any more."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, and the scope of the route that they ask."""

    token: Token | None  # None: there is no token yet, and everybody may do everything
    scope: Scope
    reach: Reach | None = None  # None: events of every repository, and those of none


_CALLER: ContextVar[Caller | None] = ContextVar("caller", default=None)


def admit(tokens: Tokens, text: str | None, scope: Scope) -> Caller:
    """Who sends this text as a token, if they have the scope.

    Raises:
        Unauthorized, UnknownToken, Forbidden
        BadTokens: the tokens cannot be read.
    """
    token = tokens.known(text) if text else None
    if token is None:
        if tokens.is_open():
            return Caller(None, scope)
        raise UnknownToken if text else Unauthorized
    if lapse := tokens.lapse_of(token):
        raise UnknownToken(REASONS[lapse])
    if not token.allows(scope):
        raise Forbidden(scope)
    return Caller(token, scope, reach_of(tuple(token.repos)))


def still_counts(tokens: Tokens, caller: Caller) -> bool:
    """Would the caller still be let in?"""
    try:
        if caller.token is None:
            return tokens.is_open()
        token = tokens.of_id(caller.token.id)
    except BadTokens:
        return False
    return token is not None and tokens.lapse_of(token) is None


def check_still(tokens: Tokens) -> None:
    """Look again, after a body that was long on its way.

    Raises:
        UnknownToken: the token does not count any more.
    """
    found = _CALLER.get()
    if found is not None and not still_counts(tokens, found):
        raise UnknownToken("LapsedToken")


class Acting:
    """Inside of it, and in the tasks that are begun there, this caller asks."""

    __slots__ = ("_before", "_caller")

    def __init__(self, by: Caller | None) -> None:
        self._caller = by

    def __enter__(self) -> None:
        self._before = _CALLER.set(self._caller)

    def __exit__(self, *_: object) -> None:
        _CALLER.reset(self._before)


def acts(caller: Caller) -> None:
    """From now on this caller asks, up to the end of the `Acting` around."""
    _CALLER.set(caller)


def caller() -> Caller:
    """Who asks.

    Raises:
        NobodyAsks: nobody does, so nothing is answered.
    """
    if (found := _CALLER.get()) is None:
        raise NobodyAsks
    return found


@asynccontextmanager
async def while_it_counts(tokens: Tokens) -> AsyncIterator[None]:
    """Do what takes long; it is broken off soon after the caller's token has ceased to count.

    Raises:
        Lapsed: it has. Without a caller nothing is looked at.
    """
    if (found := _CALLER.get()) is None:
        yield
        return
    try:
        async with asyncio.timeout(None) as limit:
            looking = asyncio.create_task(_look(tokens, found, limit))
            try:
                yield
            finally:
                looking.cancel()
    except TimeoutError as error:
        if limit.expired():
            raise Lapsed from error
        raise


async def _look(tokens: Tokens, asks: Caller, limit: asyncio.Timeout) -> None:
    while still_counts(tokens, asks):  # noqa: ASYNC110 - no event tells of a file or of the time
        await asyncio.sleep(LOOK_SECONDS)
    limit.reschedule(asyncio.get_running_loop().time())


class Guard:
    """The ways to the store, narrowed to what the caller may."""

    def __init__(
        self,
        accept: Callable[[Sequence[Write]], Awaitable[list[Written]]],
        run: Callable[[Query], Awaitable[Rows]],
        find: Callable[[bytes], Awaitable[Event | None]],
        find_each: Callable[[Sequence[bytes]], Awaitable[list[Event | None]]],
    ) -> None:
        self._accept, self._run, self._find, self._find_each = accept, run, find, find_each

    def accept(self, writes: Sequence[Write]) -> Awaitable[list[Written]]:
        """Commit writes, all or none: those whose events are within reach, before and after.

        Raises:
            Forbidden: the route is one that reads.
            OutOfReach: one of them is not; nothing was stored.
        """
        asks = caller()
        if asks.scope == "read":
            raise Forbidden("write")
        if asks.reach is None:
            return self._accept(writes)
        return self._accept_within(writes, asks.reach)

    async def _accept_within(self, writes: Sequence[Write], reach: Reach) -> list[Written]:
        written = await self._accept([reach.bind(write) for write in writes])
        return [
            one if reach.holds(one.event) else Written(write.event, Outcome.ABSENT)
            for one, write in zip(written, writes, strict=True)
        ]

    def run(self, query: Query) -> Awaitable[Rows]:
        """Answer a question about the events within reach."""
        asks = caller()
        return self._run(query if asks.reach is None else asks.reach.narrow(query))

    def find(self, key: bytes) -> Awaitable[Event | None]:
        """The event of this key, if it is within reach."""
        asks = caller()
        return self._find(key) if asks.reach is None else self._find_within(key, asks.reach)

    async def _find_within(self, key: bytes, reach: Reach) -> Event | None:
        event = await self._find(key)
        return event if event is not None and reach.holds(event) else None

    def find_each(self, keys: Sequence[bytes]) -> Awaitable[list[Event | None]]:
        """The events of these keys, in their order; None for each that is out of reach."""
        asks = caller()
        if asks.reach is None:
            return self._find_each(keys)
        return self._find_each_within(keys, asks.reach)

    async def _find_each_within(self, keys: Sequence[bytes], reach: Reach) -> list[Event | None]:
        found = await self._find_each(keys)
        return [event if event is not None and reach.holds(event) else None for event in found]


def check_whole(asks: Caller, what: str) -> None:
    """Refuse what cannot be narrowed to repositories.

    Raises:
        OutOfReach: the caller's token is bound to some.
    """
    if asks.reach is not None:
        raise OutOfReach(
            f"this token is bound to repositories, and {what} not narrowed to any; "
            "ask with a token that is not bound"
        )
