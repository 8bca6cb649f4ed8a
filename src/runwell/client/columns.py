"""What the columns of an answer hold, told by their names as they were asked for; no values here.

An answer over HTTP is JSON: its times are texts and its durations numbers of seconds. What they are
is in the names, which are the server's own: fields, measures and buckets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

Kind = Literal[
    "text",
    "integer",
    "number",
    "boolean",
    "time",
    "date",
    "duration",
    "rate",
    "metrics",
    "tags",
    "links",
    "json",
]
FIELDS: dict[str, Kind] = {
    "seq": "integer",
    "arrival": "integer",
    "received": "time",
    "time": "time",
    "source": "text",
    "scope": "text",
    "id": "text",
    "attempt": "integer",
    "uid": "text",
    "chain": "text",
    "parent": "text",
    "kind": "text",
    "event_type": "text",
    "name": "text",
    "repo": "text",
    "namespace": "text",
    "pipeline": "text",
    "ref": "text",
    "sha": "text",
    "component": "text",
    "platform": "text",
    "status": "text",
    "created": "time",
    "queued": "time",
    "started": "time",
    "finished": "time",
    "recorded": "time",
    "updated": "time",
    "duration": "duration",
    "queue": "duration",
    "description": "text",
    "metrics": "metrics",
    "tags": "tags",
    "links": "links",
    "payload": "json",
    "client": "text",
}
LISTED = tuple(name for name in FIELDS if name != "payload")  # what a list shows unasked
BUCKETS = ("minute", "hour", "day", "week", "month", "quarter", "year")
STATUSES = (
    *("queued", "running", "succeeded", "failed", "cancelled", "timed_out", "skipped", "stale"),
    "unknown",
)
DURATIONS = tuple(
    f"{word}_duration" for word in ("avg", "min", "max", "total", "p50", "p80", "p95")
)
MEASURES: dict[str, Kind] = {
    "total": "integer",
    **dict.fromkeys(STATUSES, "integer"),
    **dict.fromkeys(DURATIONS, "duration"),
    "success_rate": "rate",
    "failure_rate": "rate",
    "first_run": "time",
    "last_run": "time",
}
MEMBERS: tuple[tuple[str, Kind], ...] = (
    ("metrics", "number"),
    ("tags", "text"),
    ("links", "text"),
    ("payload", "text"),
)
CALL = re.compile(r"^([a-z_][\w.]*)\s*\((.*)\)$", re.DOTALL)
RESULTS: dict[str, Kind] = {"distinct": "integer", "count": "integer", "rate": "rate"}
AGGREGATE = re.compile(r"^(avg|min|max|sum|p\d\d?(\.\d+)?)$")
EXACT = ("min", "max", "sum")  # of whole numbers these are whole
PREVIOUS = "previous "  # before the name of a measure: of the window before
# of SQL's types; all others, JSON among them, come as texts
SQL: tuple[tuple[str, Kind], ...] = (
    (r"(\[\d*\])$|^(STRUCT|MAP|UNION)", "json"),
    (r"^TIMESTAMP", "time"),
    (r"^DATE$", "date"),
    (r"^INTERVAL$", "duration"),
    (r"^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)$", "integer"),
    (r"^(FLOAT|DOUBLE|DECIMAL)", "number"),
    (r"^BOOLEAN$", "boolean"),
)


class Column(NamedTuple):
    """A column's name and what it holds: "text", "integer", "time" ..."""

    name: str
    type: Kind | None  # None: only its values tell


def of_events(names: Iterable[str]) -> list[Column]:
    """The columns of a list of events."""
    return [Column(name, FIELDS.get(name) or _of_member(name)) for name in names]


def of_summary(names: Iterable[str], groups: Iterable[str] = ()) -> list[Column]:
    """The columns of a summary; `groups` as they were asked for are no measures: `queued`."""
    grouped = {name.strip() for name in groups}
    return [
        Column(name, _of_group(name) if name in grouped else _of_measure(name)) for name in names
    ]


def names_of(groups: Iterable[str], measures: Iterable[str]) -> list[str]:
    """What the columns of a summary are called, for an answer without a row."""
    words = [group.strip() for group in groups]
    firsts = [word.split(" ")[0] for word in words]
    shown = [first if first in BUCKETS else word for first, word in zip(firsts, words, strict=True)]
    return [*shown, *(list(measures) or MEASURES)]


def of_sql(columns: Iterable[tuple[str, str]]) -> list[Column]:
    """The columns of an SQL answer; a name that is there before gets a number."""
    found: dict[str, Column] = {}
    for asked, type_ in columns:
        name, number = asked, 1
        while name in found:
            name, number = f"{asked}_{number}", number + 1
        found[name] = Column(name, _of_sql(type_))
    return list(found.values())


def _of_group(name: str) -> Kind | None:
    return "time" if name in BUCKETS else FIELDS.get(name) or _of_member(name)


def _of_member(name: str) -> Kind | None:
    """Of `tags.team` or `payload["a"]`; nothing is known of what is computed."""
    for field, kind in MEMBERS:
        if re.fullmatch(rf'{field}(\.\w+|\[\d+\]|\["[^"\\]*"\])+', name):
            return kind
    return None


def _of_measure(name: str) -> Kind | None:
    name = name.removeprefix(PREVIOUS)
    if kind := MEASURES.get(name):
        return kind
    found = CALL.match(name)
    if found is None:
        return _of_group(name)
    if kind := RESULTS.get(found[1]):
        return kind
    return _of_aggregate(found[1], found[2].strip()) if AGGREGATE.match(found[1]) else None


def _of_aggregate(function: str, of: str) -> Kind | None:
    if of.startswith("payload"):  # JSON is a number where one is wanted
        return "number"
    kind = _of_group(of)
    return "number" if kind == "integer" and function not in EXACT else kind


def _of_sql(type_: str) -> Kind:
    return next((kind for pattern, kind in SQL if re.search(pattern, type_)), "text")
