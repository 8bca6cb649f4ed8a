"""What travels: events, lists and trees of them, and what the original says beside them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from runwell.http.shapes import LocalTime, said

# Numbers count as their texts.
Number = int | float
Scalar = str | Number | bool
Short = Annotated[str, said(maxLength=200)]
Key = Annotated[str, said(minLength=1, maxLength=128)]
EpochSeconds = Annotated[float, said(minimum=1, maximum=7_258_118_399)]
Moment = LocalTime | EpochSeconds | msgspec.UnsetType


class EventAnswer(msgspec.Struct, frozen=True, gc=False):
    """An event as it is answered: all eight fields, times in UTC to the millisecond."""

    id: str
    source_id: str
    parent_id: str
    start_time: str
    end_time: str
    description: str
    detail_urls: dict[str, str]
    tags: dict[str, list[str]]


class EventBody(msgspec.Struct, frozen=True, gc=False):
    """An event as it is sent: every field may be left out. Read by `decode.py`, leniently."""

    id: Annotated[str, said(minLength=1, maxLength=100)] | int | None = None  # none: a UUID
    source_id: Annotated[str, said(maxLength=100)] | int | None = None
    parent_id: Annotated[str, said(maxLength=100)] | int | None = None
    start_time: Moment = msgspec.UNSET  # or 12/05/16:10:25:00
    end_time: Moment = msgspec.UNSET
    description: Scalar | None = None
    detail_urls: dict[Key, Scalar | None] | None = None
    tags: dict[Key, Short | Number | bool | list[Short | Number | bool]] | None = None


class Put(msgspec.Struct, frozen=True, gc=False):
    """The body of PUT; the event may also stand alone."""

    event: EventBody


class Post(msgspec.Struct, frozen=True, gc=False):
    """The body of POST. `insert`: whether an unknown event is stored."""

    event: EventBody
    operation: Literal["merge", "update"] = "merge"
    insert: bool | None = None


class ListAnswer(msgspec.Struct, frozen=True, gc=False):
    """A page of a list: `count` rows of `total`; `next` is the cursor of the page after it."""

    count: int
    result: list[EventAnswer]
    total: int
    next: str | None


class ImpactAnswer(msgspec.Struct, frozen=True, gc=False):
    """An event and everything that it caused."""

    event: EventAnswer
    children: list[ImpactAnswer]


class Deleted(msgspec.Struct, frozen=True, gc=False):
    """An event is gone."""

    message: str


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The body of every refusal."""

    result: str
    code: int
    headers: dict[str, str]
    success: bool
