"""`/-/api/export`: all events, or those of a filter, as a file of one of four formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runwell.http import Answer, Call, Endpoint, Parameter
from runwell.http.shapes import Positive
from runwell.protocols.base import Services
from runwell.query import FIELDS
from runwell.web import parameters
from runwell.web.arrow import ArrowStream, Parquet
from runwell.web.csv_text import CommaSeparated
from runwell.web.stream import NDJSON, Encoder, Lines, Listing, read_limit, stream
from runwell.web.walk import Span


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write events: what it is called on the wire, and who writes it."""

    content_type: str
    encoder: Callable[[], Encoder]


FORMATS = {
    "ndjson": Format(NDJSON, Lines),
    "csv": Format("text/csv; charset=utf-8", CommaSeparated),
    "parquet": Format("application/vnd.apache.parquet", Parquet),
    "arrow": Format("application/vnd.apache.arrow.stream", ArrowStream),
}
PARAMETERS = (
    Parameter("format", f"{', '.join(FORMATS)}; the first if not given", Literal["", *FORMATS]),
    parameters.FILTER,
    Parameter("fields", "as in a list; every field, the payload too, if not given"),
    Parameter("limit", "most events; all if not given", Positive),
    parameters.KINDS,
)


def endpoints(services: Services) -> list[Endpoint]:
    """The route of this file."""

    async def export(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, PARAMETERS)
        parameters.read_choice(call.query, "kinds", ("", "all"))
        name = parameters.read_choice(call.query, "format", ("", *FORMATS)) or "ndjson"
        listing = Listing(
            parameters.read_fields(call.query, FIELDS),
            parameters.read_filter(call.query),
            Span(1, services.streams.newest),
            limit=read_limit(call),
        )
        file = ("content-disposition", f'attachment; filename="events.{name}"')
        chunks = stream(services, listing, FORMATS[name].encoder())
        return Answer(200, b"", FORMATS[name].content_type, (file,), chunks)

    return [
        Endpoint(
            method="GET",
            path="/-/api/export",
            handle=export,
            scope="read",
            summary="Export events in the order of arrival, as a stream.",
            media=tuple(one.content_type for one in FORMATS.values()),
            answers={200: None},
            query=PARAMETERS,
        )
    ]
