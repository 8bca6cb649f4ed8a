"""Pages of a list by what the page before ended with: any order, any depth, the same cost."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from runwell.errors import BadParameter
from runwell.filter import And, Call, Compare, Field, Filter, Metric, Or
from runwell.query import FIELDS, Group, Order, Rows, Select, Type
from runwell.web.values import show_rows

ARRIVAL = Field("arrival")
INT64 = 2**63
# Fields that every event has: nothing is missing at the end of their orders.
WHOLE = ("arrival", "seq", "received", "time", "attempt")


@dataclass(frozen=True, slots=True)
class PageOrder:
    """The order of a list: by one value, ties by arrival in the same direction."""

    name: str
    by: Field | Metric
    descending: bool


NEWEST_FIRST = PageOrder("arrival", ARRIVAL, descending=True)


class Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Where a page ended: bound to the order it was read in."""

    name: str
    descending: bool
    arrival: int
    value: int | float | str | None = None


decode_token = msgspec.json.Decoder(Token).decode


def select(
    fields: Sequence[Field | Group], where: Filter, order: PageOrder, token: Token | None, rows: int
) -> Select:
    """Asks for these columns behind the token, then the order's value and the arrival."""
    starts = token is not None and order.name in WHOLE
    first = Order(order.by, order.descending, start=_start(token) if starts else None)
    orders = (first,) if order.by == ARRIVAL else (first, Order(ARRIVAL, order.descending))
    behind = where if token is None else And((_behind(order, token), where))
    value = Group("", order.by) if isinstance(order.by, Metric) else order.by
    return Select((*fields, value, ARRIVAL), behind, orders, limit=rows)


def _start(token: Token | None) -> int | None:
    return token.value if token is not None and isinstance(token.value, int) else None


def show(
    rows: Rows, names: Sequence[str], order: PageOrder, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """The events of a page, and the token of the next one; "" on the last."""
    shown = show_rows(Rows(rows.columns[:-2], [row[:-2] for row in rows.rows[:limit]]))
    events = [{name: event[name] for name in names} for event in shown]
    if len(rows.rows) <= limit:
        return events, ""
    value, arrival = rows.rows[limit - 1][-2:]
    return events, write_token(Token(order.name, order.descending, arrival, value))


def write_token(token: Token) -> str:
    """The token as clients send it back."""
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode().rstrip("=")


def read_token(text: str, order: PageOrder) -> Token | None:
    """Where the page before ended, if there was one.

    Raises:
        BadParameter: no token, or one of another order.
    """
    if not text:
        return None
    try:
        token = decode_token(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadParameter("page_token", "not a token of this list") from error
    if (token.name, token.descending) != (order.name, order.descending):
        raise BadParameter("page_token", "this token belongs to the other order")
    if not 0 <= token.arrival < INT64 or not _is_of(order.by, token.value):
        raise BadParameter("page_token", "not a token of this list")
    return token


def _is_of(by: Field | Metric, value: float | str | None) -> bool:
    """Could the order's values be like this?"""
    if value is None:
        return isinstance(by, Metric) or by.name not in WHOLE
    if isinstance(by, Metric):
        return isinstance(value, int | float)
    if FIELDS[by.name] is Type.TEXT:
        return isinstance(value, str)
    return isinstance(value, int) and -INT64 <= value < INT64


def _behind(order: PageOrder, token: Token) -> Filter:
    """The events behind the page that the token ends; those without a value come last."""
    op: Any = "<" if order.descending else ">"
    later = Compare(ARRIVAL, op, token.arrival)
    if order.by == ARRIVAL:
        return later
    missing = Call("is_null", (order.by,))
    if token.value is None:
        return And((missing, later))
    tie = And((Compare(order.by, "==", token.value), later))
    return Or((Compare(order.by, op, token.value), tie, missing))
