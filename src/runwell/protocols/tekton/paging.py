"""Pages of a list: how many rows, in which order, and after which row. Pure.

A token names the last row of a page and the question it belongs to. It is opaque to clients:
base64url without padding around MessagePack. It is no secret and nothing trusts it more than a
query parameter.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Annotated, NamedTuple

import msgspec

from runwell.protocols.tekton.errors import InvalidArgument

PAGE_SIZE = 50
PAGE_SIZE_MIN, PAGE_SIZE_MAX = 5, 10_000
INT32 = 2**31
INT32_DIGITS = 10
SHOWN_CHARS = 80

RECORD_ORDERS = ("create_time", "update_time")
RESULT_ORDERS = ("create_time", "summary.end_time", "summary.start_time", "update_time")
INTEGER = re.compile(r"([+-]?)0*(\d+)", re.ASCII)
ORDER = re.compile(r"([\w.]+)\s*(ASC|asc|DESC|desc)?", re.ASCII)
BASE64 = re.compile(rb"[A-Za-z0-9_\r\n-]*")
LINE_ENDS = b"\r\n"

Moment = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Uid = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.:-]{1,128}\Z")]


class Order(NamedTuple):
    """A field of proto name, and whether it descends. Rows that are equal are ordered by uid."""

    field: str
    is_descending: bool

    @property
    def text(self) -> str:
        """`create_time DESC`."""
        return f"{self.field} {'DESC' if self.is_descending else 'ASC'}"


class PageToken(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The question and the last row of its page.

    `order`: None where no order was asked for, which is that of uids. `value`: that row's time in
    microseconds UTC, None if it has none.
    """

    parent: str
    filter: str
    order: Order | None
    value: Moment | None
    uid: Uid


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PageToken).decode


def read_page_size(text: str | None) -> int:
    """How many rows: 5 to 10000; 50 if it is 0 or not given.

    Raises:
        InvalidArgument: in the words of Go's `strconv` if it is no 32-bit integer.
    """
    size = PAGE_SIZE if text is None else _int32(text) or PAGE_SIZE
    if not PAGE_SIZE_MIN <= size <= PAGE_SIZE_MAX:
        problem = f"value must be greater than {PAGE_SIZE_MIN} and less than {PAGE_SIZE_MAX}"
        raise InvalidArgument(f"invalid page size ({size}): {problem}", pointer="page_size")
    return size


def read_order(text: str | None, allowed: tuple[str, ...]) -> Order | None:
    """One field and perhaps its direction; `allowed` are RECORD_ORDERS or RESULT_ORDERS.

    Raises:
        InvalidArgument
    """
    statement = (text or "").strip()
    if not statement:
        return None
    found = ORDER.fullmatch(statement)
    if not found:
        raise _bad_order("invalid order by statement:", allowed)
    if found[1] not in allowed:
        problem = "field is unknown or cannot be used in the order by clause"
        raise _bad_order(f"{found[1]}: {problem}", allowed)
    return Order(found[1], is_descending=(found[2] or "").lower() == "desc")


def to_text(token: PageToken) -> str:
    """A token as it travels."""
    return base64.urlsafe_b64encode(_encode(token)).rstrip(b"=").decode()


def read_token(
    text: str | None, parent: str, filter_: str, order: Order | None
) -> PageToken | None:
    """The token of the page before, if there was one; the question must be the same.

    `parent` is the list's, like `ns/results/-`; `filter_` is the text as it was sent.

    Raises:
        InvalidArgument: no base64, none of ours, or that of another question.
    """
    if not text:
        return None
    try:
        token: PageToken = _decode(_base64(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _bad_token("it is none that this server gave") from error
    _check(token, parent, filter_, order)
    return token


def _check(token: PageToken, parent: str, filter_: str, order: Order | None) -> None:
    if parent != token.parent:
        raise _bad_token(
            f"provided parent ({parent}) differs from the parent used in the previous query"
            f" ({token.parent})"
        )
    if filter_ != token.filter:
        raise _bad_token(
            "the provided filter differs from the filter used in the previous query"
            f"\nexpected: {token.filter}\ngot: {filter_}"
        )
    if order is not None and token.order is None:
        raise _bad_token("last_item.order_by: missing required field")
    if order != token.order:
        raise _bad_token(
            "the provided order by clause differs from the order by clause used in the previous"
            f" query\nexpected: {_order_text(token.order)}\ngot: {_order_text(order)}"
        )


def _order_text(order: Order | None) -> str:
    return order.text if order else ""


def _base64(text: str) -> bytes:
    """As Go decodes it: line ends mean nothing, and the first byte that is wrong is named."""
    sent = text.encode("utf-8", "replace")
    found = BASE64.match(sent)
    assert found is not None
    body = sent.translate(None, LINE_ENDS)
    if found.end() < len(sent):
        raise _bad_base64(found.end())
    if len(body) % 4 == 1:
        raise _bad_base64(len(sent) - 1)
    return base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))


def _int32(text: str) -> int:
    found = INTEGER.fullmatch(text)
    if not found:
        raise _no_integer(text, "invalid syntax")
    number = int(found[2]) if len(found[2]) <= INT32_DIGITS else INT32 + 1
    if found[1] == "-":
        number = -number
    if not -INT32 <= number < INT32:
        raise _no_integer(text, "value out of range")
    return number


def _no_integer(text: str, problem: str) -> InvalidArgument:
    shown = json.dumps(text[:SHOWN_CHARS], ensure_ascii=False)
    return InvalidArgument(
        f'parsing field "page_size": strconv.ParseInt: parsing {shown}: {problem}',
        pointer="page_size",
    )


def _bad_order(problem: str, allowed: tuple[str, ...]) -> InvalidArgument:
    rule = f"the value must obey the format <{'|'.join(allowed)}> [asc|desc]"
    return InvalidArgument(f"{problem}\n{rule}", pointer="order_by")


def _bad_token(problem: str) -> InvalidArgument:
    return InvalidArgument(f"invalid page token: {problem}", pointer="page_token")


def _bad_base64(byte: int) -> InvalidArgument:
    return InvalidArgument(f"illegal base64 data at input byte {byte}", pointer="page_token")
