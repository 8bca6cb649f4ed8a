"""`/-/api/events`: lists by keyset pages, and the point read. Where a page ends: page.py."""

from __future__ import annotations

from typing import Any

import msgspec

from runwell.errors import BadParameter, NotFound
from runwell.filter import And, Compare, Field, Filter
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.protocols.base import Services
from runwell.query import FIELDS, Order, Select
from runwell.query.asked import read_sorted
from runwell.web import page, parameters, stream
from runwell.web.values import rendered, show_rows

LIMIT_DEFAULT = 100


class EventPage(msgspec.Struct, frozen=True):
    """One page; no `next_page_token` on the last. Times are RFC 3339, durations seconds."""

    events: list[dict[str, Any]]
    next_page_token: str


LIST_PARAMETERS = (
    parameters.FILTER,
    Parameter(
        "order_by",
        "a field or metrics.NAME, then asc or desc; `arrival desc`, newest first, if not given",
    ),
    parameters.LIMIT,
    Parameter("page_token", "next_page_token of the page before"),
    Parameter(
        "fields",
        "comma-separated: fields, `tags.NAME`, `payload.a.b`, any CEL expression; all fields but "
        "the payload if not given",
    ),
    parameters.SHAPE,
    stream.FORMAT,
)
READ_PARAMETERS = (
    Parameter("attempt", "which attempt; the newest if not given", parameters.Attempt),
)


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""

    async def list_events(call: Call) -> Answer:
        if stream.wants_lines(call):
            return stream.answer_lines(call, services)
        parameters.refuse_unknown(call.query, LIST_PARAMETERS)
        limit = parameters.read_int(call.query, "limit", LIMIT_DEFAULT, services.config.page_max)
        fields = parameters.read_fields(call.query, parameters.LISTED)
        order = _read_order(call)
        token = page.read_token(call.query.get("page_token", ""), order)
        shape = parameters.read_choice(call.query, "shape", parameters.SHAPES)
        rows = await services.run(
            page.select(fields, parameters.read_filter(call.query), order, token, limit + 1)
        )

        def render() -> Answer:
            shown, next_token = page.show(rows, [field.name for field in fields], order, limit)
            return json_answer(shown if shape else EventPage(shown, next_token))

        return await rendered(len(rows.rows), render)

    async def read_event(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, READ_PARAMETERS)
        same: list[Filter] = [
            Compare(Field(name), "==", call.params[name]) for name in ("source", "scope", "id")
        ]
        if attempt := parameters.read_attempt(call.query):
            same.append(Compare(Field("attempt"), "==", attempt))
        newest = (Order(Field("attempt"), descending=True),)
        rows = await services.run(
            Select(tuple(map(Field, FIELDS)), And(tuple(same)), newest, limit=1)
        )
        if not rows.rows:
            raise NotFound("there is no such event")
        return json_answer(show_rows(rows)[0])

    return [
        Endpoint(
            method="GET",
            path="/-/api/events",
            handle=list_events,
            scope="read",
            summary="List events, newest first.",
            answers={200: EventPage | list[dict[str, Any]]},
            media=(stream.NDJSON,),
            query=LIST_PARAMETERS,
        ),
        Endpoint(
            method="GET",
            path="/-/api/events/{source}/{scope}/{id}",
            handle=read_event,
            scope="read",
            summary="Read one event with its payload. Slashes inside a part are sent as %2F.",
            answers={200: dict[str, Any]},
            refuses=(NotFound(),),
            query=READ_PARAMETERS,
        ),
    ]


def _read_order(call: Call) -> page.PageOrder:
    texts = parameters.read_list(call.query, "order_by")
    if not texts:
        return page.NEWEST_FIRST
    if len(texts) > 1:
        raise BadParameter("order_by", "one field, then asc or desc; ties come by arrival")
    name, descending = parameters.read_direction(texts[0])
    return page.PageOrder(name, read_sorted(name, "order_by"), descending)
