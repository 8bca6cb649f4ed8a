"""`GET /api/v1/event/`: which events, in which order, and the cursor between pages."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal

import msgspec
from starlette.datastructures import QueryParams

from runwell.filter import And, Compare, Field, Filter, Or, Tag
from runwell.http import Parameter
from runwell.model.bounds import LATEST_END_US
from runwell.protocols.ets.errors import BadInput
from runwell.protocols.ets.times import DateOrder, read_query_time
from runwell.protocols.ets.translate import SCOPE, SOURCE
from runwell.query import Order

COUNT_DEFAULT = 100
PAGE_MAX = 1_000_000_000
TAGS_MAX = 32
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

Count = Annotated[int, msgspec.Meta(ge=0, le=10**18 - 1)]
PageNumber = Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)]
PARAMETERS = (
    Parameter("count", "events on a page, 100 if not given; 0: as many as there may be", Count),
    Parameter("page", "which page, from 1", PageNumber),
    Parameter("frm", "events that end then or later"),
    Parameter("to", "events that start before"),
    Parameter("use_update_time", "true: by the time of the last write instead", bool),
    Parameter("tag", "k:v; repeated, or one list with commas: all of them must be there"),
    Parameter("status", "the same as tag=status:VALUE"),
    Parameter("service", "the same as tag=service:VALUE"),
    Parameter("cursor", "`next` of the page before; page is not looked at then"),
    Parameter("format", "csv or ndjson instead of JSON", Literal["", "csv", "ndjson"]),
)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: its last event's time in the order that it was read in, and arrival."""

    use_update_time: bool
    us: Annotated[int, msgspec.Meta(ge=0, le=LATEST_END_US)]
    arrival: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


decode_cursor = msgspec.json.Decoder(Cursor).decode
SAME_API = (Compare(Field("source"), "==", SOURCE), Compare(Field("scope"), "==", SCOPE))


def read_count(query: QueryParams, default: int, most: int) -> int:
    """How many rows; 0 means as many as a page may hold."""
    count = _int(query.get("count", str(default)))
    if count < 0:
        raise BadInput("count: 0 or more", pointer="count")
    return min(count or most, most)


def read_offset(query: QueryParams, count: int) -> int:
    """How many rows the pages before hold."""
    page = _int(query.get("page", "1"))
    if not 1 <= page <= PAGE_MAX:
        raise BadInput(f"page: from 1 to {PAGE_MAX}", pointer="page")
    return (page - 1) * count


def read_by_update(query: QueryParams) -> bool:
    """Whether the time of the last write counts, and not the event's own."""
    word = query.get("use_update_time", "false").lower()
    if word not in TRUTHS:
        raise BadInput("use_update_time: true or false", pointer="use_update_time")
    return TRUTHS[word]


def read_condition(query: QueryParams, order: DateOrder, *, by_update: bool) -> And:
    """All that must hold: every tag, and some of the event between `frm` and `to`."""
    parts: list[Filter] = [*SAME_API, *_tag_conditions(query)]
    if "frm" in query:
        parts.append(_either(">=", read_query_time(query["frm"], order), by_update=by_update))
    if "to" in query:
        parts.append(_either("<", read_query_time(query["to"], order), by_update=by_update))
    return And(tuple(parts))


def _either(op: Literal[">=", "<"], us: int, *, by_update: bool) -> Filter:
    """One of the event's two times fulfils it: its end may also lie before its start."""
    names = ("received",) if by_update else ("started", "finished")
    return Or(tuple(Compare(Field(name), op, us) for name in names))


def newest_first(*, by_update: bool) -> tuple[Order, ...]:
    """By the end, or by the last write."""
    by = Field("received" if by_update else "finished")
    return Order(by, descending=True), Order(Field("arrival"), descending=True)


def after(cursor: Cursor) -> Filter:
    """The events behind a cursor."""
    by = Field("received" if cursor.use_update_time else "finished")
    same_time = And((Compare(by, "==", cursor.us), Compare(Field("arrival"), "<", cursor.arrival)))
    return Or((Compare(by, "<", cursor.us), same_time))


def read_cursor(query: QueryParams, *, by_update: bool) -> Cursor | None:
    """The cursor that was sent, if it belongs to this order."""
    text = query.get("cursor", "")
    if not text:
        return None
    try:
        cursor = decode_cursor(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadInput("cursor: not one of this list", pointer="cursor") from error
    if cursor.use_update_time != by_update:
        raise BadInput("cursor: it belongs to another use_update_time", pointer="cursor")
    return cursor


def write_cursor(cursor: Cursor) -> str:
    """As text for a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _tag_conditions(query: QueryParams) -> list[Filter]:
    sent = query.getlist("tag")
    pairs = sent[0].split(",") if len(sent) == 1 else sent
    short = [(name, text) for name in ("status", "service") for text in query.getlist(name)]
    if len(pairs) + len(short) > TAGS_MAX:
        raise BadInput(f"tag: at most {TAGS_MAX} of them", pointer="tag")
    named: list[Filter] = [Compare(Tag(name), "==", text) for name, text in short]
    return [*(_tag_condition(pair) for pair in pairs if pair), *named]


def _tag_condition(pair: str) -> Filter:
    """`a:b:c` may be the tag `a` with the value `b:c` or the tag `a:b` with the value `c`."""
    places = [place for place, letter in enumerate(pair) if letter == ":"]
    if not places:
        raise BadInput(f"tag: k:v, not {pair[:80]}", pointer="tag")
    either: list[Filter] = [
        Compare(Tag(pair[:place]), "==", pair[place + 1 :]) for place in places[:TAGS_MAX]
    ]
    return either[0] if len(either) == 1 else Or(tuple(either))


def _int(text: str) -> int:
    if not WHOLE.fullmatch(text.strip()):
        raise BadInput(f"invalid literal for int() with base 10: {text[:40]!r}")
    return int(text)
