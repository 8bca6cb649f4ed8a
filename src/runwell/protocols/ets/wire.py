"""What travels: events, lists and trees of them, and what the original says beside them."""

from __future__ import annotations

from typing import Any

import msgspec


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

    id: Any = None  # at most 100 characters; a number counts as its text; none: a UUID
    source_id: Any = None
    parent_id: Any = None
    start_time: Any = None  # ISO 8601, epoch seconds, or 12/05/16:10:25:00
    end_time: Any = None
    description: Any = None
    detail_urls: dict[str, Any] | None = None
    tags: dict[str, Any] | None = None


class Put(msgspec.Struct, frozen=True, gc=False):
    """The body of PUT; the event may also stand alone."""

    event: EventBody


class Post(msgspec.Struct, frozen=True, gc=False):
    """The body of POST. `insert`: whether an unknown event is stored."""

    event: EventBody
    operation: str = "merge"
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
