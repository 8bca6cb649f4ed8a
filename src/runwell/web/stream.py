"""Lists of any length, sent while they are asked for: `application/x-ndjson`, and what exports do.

How the windows are chosen: walk.py. What a row becomes: an `Encoder`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

import msgspec

from runwell.errors import BadParameter
from runwell.filter import And, Compare, Field, Filter
from runwell.http import Answer, Call, Parameter
from runwell.protocols.base import Services
from runwell.query import Group, Order, Rows, Select, Type
from runwell.streams import StreamKind
from runwell.web import parameters
from runwell.web.values import show_rows
from runwell.web.walk import Pace, Piece, Span, walk

NDJSON = "application/x-ndjson"
LINE_BREAKS = str.maketrans("\r\n", "  ")
LIMIT_MAX = 2**63 - 1

FORMAT = Parameter(
    "format", "`ndjson`: all events, one a line, as long as it takes", Literal["", "ndjson"]
)
PARAMETERS = (
    parameters.FILTER,
    Parameter("order_by", "`arrival desc` (newest first, the default) or `arrival asc`"),
    parameters.LIMIT,
    Parameter("fields", "as in a list of pages"),
    FORMAT,
)

encode_lines = msgspec.json.Encoder().encode_lines


@dataclass(frozen=True, slots=True)
class Listing:
    """Which columns of which events: `span` of the numbers `by`, in their order."""

    fields: tuple[Field | Group, ...]
    where: Filter
    span: Span
    by: str = "arrival"
    limit: int = LIMIT_MAX


class Encoded(NamedTuple):
    """Bytes to send, and about how many the rows took here."""

    content: bytes
    size: int


class Encoder(Protocol):
    """Rows -> bytes, in a thread. `encode` is called at least once, all else at most once."""

    def encode(self, rows: Rows) -> Encoded:
        """The next rows; the last column is the number that the list is ordered by."""

    def finish(self) -> bytes:
        """What stands behind the last row."""

    def close(self) -> None:
        """Give everything back, however it ended."""


class Lines:
    """One JSON object a line."""

    def encode(self, rows: Rows) -> Encoded:
        """See `Encoder.encode`."""
        content = encode_lines(show_rows(in_lines(shown_part(rows))))
        return Encoded(content, len(content))

    def finish(self) -> bytes:
        """See `Encoder.finish`."""
        return b""

    def close(self) -> None:
        """See `Encoder.close`."""


def shown_part(rows: Rows) -> Rows:
    """The rows without the number that they are ordered by."""
    return Rows(rows.columns[:-1], [row[:-1] for row in rows.rows])


def in_lines(rows: Rows) -> Rows:
    """A payload may have line breaks, which are blanks to JSON: blanks do, and no line ends."""
    places = [at for at, column in enumerate(rows.columns) if column.type == Type.JSON]
    if not places:
        return rows
    return Rows(rows.columns, [_in_line(row, places) for row in rows.rows])


def _in_line(row: tuple[object, ...], places: list[int]) -> tuple[object, ...]:
    if not any("\n" in text or "\r" in text for at in places if isinstance(text := row[at], str)):
        return row
    return tuple(
        value.translate(LINE_BREAKS) if at in places and isinstance(value, str) else value
        for at, value in enumerate(row)
    )


def wants_lines(call: Call) -> bool:
    """Whether a list is asked for as NDJSON."""
    media = [part.partition(";")[0].strip() for part in call.headers.get("accept", "").split(",")]
    return NDJSON in media or bool(call.query.get("format"))


def answer_lines(call: Call, services: Services) -> Answer:
    """The list of events as NDJSON.

    Raises:
        BadRequest: a parameter means nothing here.
    """
    parameters.refuse_unknown(call.query, PARAMETERS)
    parameters.read_choice(call.query, "format", ("", "ndjson"))
    listing = Listing(
        parameters.read_fields(call.query, parameters.LISTED),
        parameters.read_filter(call.query),
        Span(1, services.streams.newest, _read_descending(call)),
        limit=read_limit(call),
    )
    return Answer(200, content_type=NDJSON, stream=stream(services, listing, Lines()))


def read_limit(call: Call) -> int:
    """`limit`; all of them if not given."""
    return parameters.read_int(call.query, "limit", LIMIT_MAX, LIMIT_MAX)


def _read_descending(call: Call) -> bool:
    texts = parameters.read_list(call.query, "order_by") or ["arrival desc"]
    name, descending = parameters.read_direction(texts[0])
    if len(texts) > 1 or name != "arrival":
        raise BadParameter("order_by", "a stream is in the order of `arrival`, asc or desc")
    return descending


async def stream(
    services: Services, listing: Listing, encoder: Encoder
) -> AsyncGenerator[bytes, None]:
    """All of a list: one of the streams under way.

    Raises:
        Overloaded, Stopping: before the first chunk. Else as a question, and Stopping.
    """
    try:
        with services.streams.enter(StreamKind.LIST):
            async with aclosing(pieces(services, listing, encoder, StreamKind.LIST)) as found:
                async for piece in found:
                    yield piece.content
            yield await asyncio.to_thread(encoder.finish)
    finally:
        encoder.close()


async def pieces(
    services: Services, listing: Listing, encoder: Encoder, kind: StreamKind
) -> AsyncGenerator[Piece, None]:
    """The list in pieces of encoded rows; between them the server may stop, and others ask."""
    config = services.config
    left = listing.limit

    async def ask(window: Span, rows_max: int) -> Piece:
        services.streams.check_going()
        most = min(rows_max, left)
        rows = await services.run(_select(listing, window, most))
        encoded = await asyncio.to_thread(encoder.encode, rows)
        reached = rows.rows[-1][-1] if len(rows.rows) == most else None
        return Piece(len(rows.rows), encoded.size, encoded.content, reached)

    pace = Pace(config.stream_rows, config.stream_bytes)
    patience, is_under_way = config.stream_patience_seconds, kind is StreamKind.TAIL
    found = walk(ask, listing.span, pace, patience, is_under_way=is_under_way)
    async with aclosing(found) as walked:
        async for piece in walked:
            services.streams.count_rows(kind, piece.rows)
            left -= piece.rows
            yield piece
            if not left:
                return


def _select(listing: Listing, window: Span, rows_max: int) -> Select:
    number = Field(listing.by)
    within = (Compare(number, ">=", window.first), Compare(number, "<=", window.last))
    # No event lacks its number. Said like this the engine is not asked where the first rows of the
    # order are (nearby.py): the window says that already.
    order = Order(number, window.descending, missing_first=True)
    where = And((*within, listing.where))
    return Select((*listing.fields, number), where, (order,), limit=rows_max)


def of_span(listing: Listing, span: Span) -> Listing:
    """The same list of other numbers."""
    return replace(listing, span=span)
