"""The chunks of an answer on their way out: the first in time for an error, none without a client.

Nothing here makes chunks, and nothing asks the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.types import Message, Receive, Send

from runwell.http.body import ClientGone

SENT_AT_ONCE = 256 * 1024  # how much of a chunk a client must take within the time

Chunks = AsyncGenerator[bytes, None]


class Stalled(Exception):
    """The client is there and takes nothing."""


async def begin(chunks: Chunks, receive: Receive) -> Chunks:
    """The same chunks, the first of them made already: what fails until then is raised here.

    Raises:
        ClientGone: here or later, and the work on the next chunk is stopped.
    """
    rest = _watched(chunks, receive)
    first = await anext(rest, None)
    return _joined(first, rest)


async def _joined(first: bytes | None, rest: Chunks) -> Chunks:
    async with aclosing(rest):
        if first is not None:
            yield first
        async for chunk in rest:
            yield chunk


async def _watched(chunks: Chunks, receive: Receive) -> Chunks:
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        async with aclosing(chunks):
            while (chunk := await _next(chunks, gone)) is not None:
                yield chunk
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _next(chunks: Chunks, gone: asyncio.Future[None]) -> bytes | None:
    """The next chunk, None after the last; its work is cancelled if nobody waits any more."""
    step = asyncio.ensure_future(_step(chunks))
    try:
        await asyncio.wait((step, gone), return_when=asyncio.FIRST_COMPLETED)
        if gone.done() and not step.done():
            raise ClientGone
        return step.result()
    finally:
        if not step.done():
            step.cancel()
            await asyncio.wait((step,))


async def _step(chunks: Chunks) -> bytes | None:
    return await anext(chunks, None)


async def send_chunks(chunks: Chunks, start: Message, send: Send, stall_seconds: float) -> None:
    """Send all of it, as fast as the client takes it.

    Raises:
        Stalled: it takes nothing for so long. Any other error is that of the chunks.
    """
    async with aclosing(chunks):
        await send(start)
        async for chunk in chunks:
            for at in range(0, len(chunk), SENT_AT_ONCE):
                await _send(chunk[at : at + SENT_AT_ONCE], send, stall_seconds, more=True)
    await _send(b"", send, stall_seconds, more=False)


async def _send(body: bytes, send: Send, stall_seconds: float, *, more: bool) -> None:
    try:
        async with asyncio.timeout(stall_seconds):
            await send({"type": "http.response.body", "body": body, "more_body": more})
    except TimeoutError as error:
        raise Stalled from error
