"""ETS event <-> canonical event. Pure: no clock, no store, no request.

Every field of this API has its place in the canonical event, so an answer is read from there and
not from the payload, which is the last request's: `source_id` is kept as a tag, its name reserved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from runwell.model import Event, Kind, Status
from runwell.protocols.ets import wire
from runwell.protocols.ets.decode import Given
from runwell.protocols.ets.times import to_text

SOURCE = "ets"
SCOPE = "global"
SOURCE_ID = "source_id"
NAME_CHARS_MAX = 200
MILLISECOND_US = 1_000
# The canonical fields that an answer is made of.
FIELDS = ("id", "parent", "started", "finished", "description", "links", "tags")

# The last value of the tag `status`; pending, fail and success are the documented ones.
STATUSES = {
    "pending": Status.RUNNING,
    "running": Status.RUNNING,
    "started": Status.RUNNING,
    "success": Status.SUCCEEDED,
    "succeeded": Status.SUCCEEDED,
    "fail": Status.FAILED,
    "failed": Status.FAILED,
    "failure": Status.FAILED,
    "error": Status.FAILED,
    "cancelled": Status.CANCELLED,
    "canceled": Status.CANCELLED,
    "skipped": Status.SKIPPED,
}
# The first value of the tag `type`, or else of `source`.
KINDS = {
    "deploy": Kind.DEPLOY,
    "deployment": Kind.DEPLOY,
    "release": Kind.DEPLOY,
    "rollback": Kind.DEPLOY,
    "commit": Kind.COMMIT,
    "push": Kind.COMMIT,
    "incident": Kind.INCIDENT,
    "outage": Kind.INCIDENT,
    "build": Kind.BUILD,
    "test": Kind.TEST,
}


def to_event(given: Given, id_: str, now: int, payload: str, client: str) -> Event:
    """What was sent as an event of its own.

    "In the case where one is not passed, the current time is used. In the case where a single
    timestamp is passed, it is considered both the start and end time."
    """
    start = given.end if given.start is None else given.start
    end = given.start if given.end is None else given.end
    now -= now % MILLISECOND_US
    tags = dict(given.tags or {})
    if given.source_id:
        tags[SOURCE_ID] = [given.source_id]
    return derived(
        Event(
            source=SOURCE,
            scope=SCOPE,
            id=id_,
            parent=given.parent_id or "",
            started=now if start is None else start,
            finished=now if end is None else end,
            description=given.description or "",
            links=given.detail_urls or {},
            tags=tags,
            payload=payload,
            client=client,
        ),
        told_status(tags),
    )


def told_status(tags: Mapping[str, list[str]]) -> Status:
    """What the last value of the tag `status` means."""
    last = tags["status"][-1] if tags.get("status") else ""
    return STATUSES.get(last.lower(), Status.UNKNOWN)


def derived(event: Event, status: Status) -> Event:
    """The event with the canonical fields that follow from its status, tags and times.

    An end before the start is flagged by the metric `clock_skew_ms`; a pending event lasts still.
    """
    start, end = event.started or 0, event.finished or 0
    is_over = status is not Status.RUNNING and end >= start
    word = _first(event, "type", "source").lower()
    return msgspec.structs.replace(
        event,
        kind=KINDS.get(word, KINDS.get(_first(event, "source").lower(), Kind.EVENT)),
        name=event.description.strip().partition("\n")[0][:NAME_CHARS_MAX] or word,
        repo=_first(event, "repo", "repository"),
        ref=_first(event, "branch", "ref"),
        sha=_first(event, "concrete_hash", "sha", "commit", "revision"),
        component=_first(event, "service", "services"),
        platform=_first(event, "source"),
        namespace=_first(event, "environment", "environments"),
        status=status,
        duration=end - start if is_over else None,
        metrics={"clock_skew_ms": (start - end) / MILLISECOND_US} if end < start else {},
    )


def to_wire(event: Event) -> wire.EventAnswer:
    """A stored event as it is answered."""
    return to_answer({name: getattr(event, name) for name in FIELDS})


def to_answer(row: Mapping[str, Any]) -> wire.EventAnswer:
    """A row of `FIELDS` as it is answered."""
    event = Event(source=SOURCE, scope=SCOPE, **{name: row[name] for name in FIELDS})
    tags = dict(event.tags)
    source_id = tags.pop(SOURCE_ID, [""])[0]
    return wire.EventAnswer(
        id=event.id,
        source_id=source_id,
        parent_id=event.parent,
        start_time=to_text(event.started or 0),
        end_time=to_text(event.finished or 0),
        description=event.description,
        detail_urls=event.links,
        tags=tags,
    )


def _first(event: Event, *names: str) -> str:
    return next((event.tags[name][0] for name in names if event.tags.get(name)), "")
