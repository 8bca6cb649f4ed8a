"""`/-/api/events`: lists by keyset pages, and the point read."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import msgspec

from runwell.errors import BadParameter, NotFound
from runwell.filter import And, Compare, Field, Filter
from runwell.http import Answer, Call, Endpoint, Parameter, json_answer
from runwell.protocols.base import Services
from runwell.query import FIELDS, Order, Select
from runwell.web import parameters
from runwell.web.values import show_rows

LIMIT_DEFAULT = 100
ARRIVAL = Field("arrival")
LISTED = tuple(name for name in FIELDS if name != "payload")


class EventPage(msgspec.Struct, frozen=True):
    """One page; no `next_page_token` on the last. Times are RFC 3339, durations seconds."""

    events: list[dict[str, Any]]
    next_page_token: str


class Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: bound to the direction it was read in."""

    descending: bool
    arrival: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


decode_token = msgspec.json.Decoder(Token).decode

LIST_PARAMETERS = (
    parameters.FILTER,
    Parameter("order_by", "`arrival desc` (newest first, the default) or `arrival asc`"),
    parameters.LIMIT,
    Parameter("page_token", "next_page_token of the page before"),
    Parameter("fields", "comma-separated canonical fields; all but the payload if not given"),
)
READ_PARAMETERS = (Parameter("attempt", "which attempt; the newest if not given", int),)


def endpoints(services: Services) -> list[Endpoint]:
    """The routes of this file."""

    async def list_events(call: Call) -> Answer:
        parameters.refuse_unknown(call.query, LIST_PARAMETERS)
        limit = parameters.read_int(call.query, "limit", LIMIT_DEFAULT, services.config.page_max)
        descending = _read_direction(call)
        fields = parameters.read_fields(call.query, LISTED)
        token = _read_token(call.query.get("page_token", ""), descending=descending)
        where = _behind(token, parameters.read_filter(call.query))
        order = (Order(ARRIVAL, descending, start=token.arrival if token else None),)
        rows = await services.run(Select((*fields, ARRIVAL), where, order, limit=limit + 1))
        return json_answer(
            _page(
                show_rows(rows), rows.rows, [f.name for f in fields], limit, descending=descending
            )
        )

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
            answers={200: EventPage},
            query=LIST_PARAMETERS,
        ),
        Endpoint(
            method="GET",
            path="/-/api/events/{source}/{scope}/{id}",
            handle=read_event,
            scope="read",
            summary="Read one event with its payload. Slashes inside a part are sent as %2F.",
            answers={200: dict[str, Any]},
            query=READ_PARAMETERS,
        ),
    ]


def _read_direction(call: Call) -> bool:
    name, descending = parameters.read_order(call.query)
    if name not in ("", "arrival"):
        raise BadParameter("order_by", "events come in the order of `arrival`, asc or desc")
    return descending if name else True


def _page(
    shown: list[dict[str, Any]],
    rows: list[tuple[Any, ...]],
    names: list[str],
    limit: int,
    *,
    descending: bool,
) -> EventPage:
    more = len(rows) > limit
    token = _write_token(Token(descending, rows[limit - 1][-1])) if more else ""
    return EventPage([{name: event[name] for name in names} for event in shown[:limit]], token)


def _write_token(token: Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def _read_token(text: str, *, descending: bool) -> Token | None:
    """Where the page before ended, if there was one."""
    if not text:
        return None
    try:
        token = decode_token(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadParameter("page_token", "not a token of this list") from error
    if token.descending != descending:
        raise BadParameter("page_token", "this token belongs to the other order")
    return token


def _behind(token: Token | None, where: Filter) -> Filter:
    """The events behind the page that the token ends."""
    if token is None:
        return where
    return And((Compare(ARRIVAL, "<" if token.descending else ">", token.arrival), where))
