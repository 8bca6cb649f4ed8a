"""`/-/api/tail`: events as they come and change, as server-sent events. A removal is not told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Annotated

from msgspec import Meta

from runwell.errors import BadParameter, Stopping
from runwell.http import Answer, Call, Endpoint, Parameter
from runwell.protocols.base import Services
from runwell.query import Rows
from runwell.streams import StreamKind
from runwell.web import parameters
from runwell.web.stream import Encoded, Lines, Listing, of_span, pieces
from runwell.web.walk import Span

EVENT_STREAM = "text/event-stream"
# Milliseconds until a client comes back, and the id it then names if it saw no event before.
BEGIN = b"retry: 2000\nid: %d\n\n"
HEARTBEAT = b": nothing new\n\n"
NOT_KEPT = (("cache-control", "no-store"), ("x-accel-buffering", "no"))
SEQ_DIGITS = 19
Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]

PARAMETERS = (
    parameters.FILTER,
    Parameter("fields", "as in a list of pages"),
    Parameter("after", "the `seq` to go on behind; from now on if not given", Seq),
)


class ServerSent(Lines):
    """One message an event; its id is the event's `seq`."""

    def encode(self, rows: Rows) -> Encoded:
        """See `Encoder.encode`."""
        lines = super().encode(rows).content.split(b"\n")
        content = b"".join(
            b"id: %d\ndata: %b\n\n" % (row[-1], line)
            for row, line in zip(rows.rows, lines, strict=False)
        )
        return Encoded(content, len(content))


def endpoints(services: Services) -> list[Endpoint]:
    """The route of this file."""

    async def tail(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, PARAMETERS)
        after = _read_after(call)
        newest = services.streams.newest
        seen = newest if after is None else min(after, newest)
        fields = parameters.read_fields(call.query, parameters.LISTED)
        nothing = Span(1, 0)
        listing = Listing(fields, parameters.read_filter(call.query), nothing, by="seq")
        chunks = _follow(services, listing, seen)
        return Answer(200, b"", EVENT_STREAM, NOT_KEPT, chunks)

    return [
        Endpoint(
            method="GET",
            path="/-/api/tail",
            handle=tail,
            scope="read",
            summary="Follow new and changed events as server-sent events.",
            media=(EVENT_STREAM,),
            answers={200: None},
            query=PARAMETERS,
        )
    ]


def _read_after(call: Call) -> int | None:
    """Where a client was when it lost the connection, or where it wants to begin."""
    last = call.headers.get("last-event-id", "")
    name, text = ("Last-Event-ID", last) if last else ("after", call.query.get("after", ""))
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= SEQ_DIGITS):
        raise BadParameter(name, f"the `seq` of an event, not {text[:40]!r}")
    return int(text)


async def _follow(services: Services, listing: Listing, seen: int) -> AsyncGenerator[bytes, None]:
    """What changed after `seen`, then whatever does, until the server stops."""
    streams, config = services.streams, services.config
    clock = asyncio.get_running_loop().time
    with streams.enter(StreamKind.TAIL):
        yield BEGIN % seen
        said = clock()
        while not streams.is_stopping:
            newest = streams.newest
            async with aclosing(_changed(services, listing, Span(seen + 1, newest))) as found:
                async for content in found:
                    if content or clock() - said >= config.tail_heartbeat_seconds:
                        yield content or HEARTBEAT
                        said = clock()
            if newest > seen:  # let some more gather
                seen = newest
                await streams.pause(config.tail_interval_ms / 1000)
            if clock() - said >= config.tail_heartbeat_seconds:
                yield HEARTBEAT
                said = clock()
            await streams.wait(seen, said + config.tail_heartbeat_seconds - clock())


async def _changed(services: Services, listing: Listing, span: Span) -> AsyncGenerator[bytes, None]:
    """The messages of these changes, nothing for those that are not asked for.

    A stop is no error: whoever follows comes back.
    """
    if span.is_empty:
        return
    walked = pieces(services, of_span(listing, span), ServerSent(), StreamKind.TAIL)
    with suppress(Stopping):
        async with aclosing(walked):
            async for piece in walked:
                yield piece.content
