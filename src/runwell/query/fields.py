"""The canonical fields that can be asked for, with their types. No SQL, no wire names."""

from __future__ import annotations

from enum import StrEnum


class Type(StrEnum):
    """What a value is: shape and unit."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    TIME = "time"  # integer microseconds UTC in rows, RFC 3339 on the wire
    DURATION = "duration"  # integer microseconds in rows, seconds on the wire
    METRICS = "metrics"  # {name: number}
    TAGS = "tags"  # {name: [text]}
    LINKS = "links"  # {name: text}
    JSON = "json"  # the text of a JSON value


FIELDS: dict[str, Type] = {
    "seq": Type.INTEGER,  # number of the last change of the event
    "arrival": Type.INTEGER,  # number of its first change: the order of arrival
    "received": Type.TIME,  # when the last change was committed
    "time": Type.TIME,  # the first of started, created, received that is there
    "source": Type.TEXT,
    "scope": Type.TEXT,
    "id": Type.TEXT,
    "attempt": Type.INTEGER,
    "uid": Type.TEXT,
    "chain": Type.TEXT,
    "parent": Type.TEXT,
    "kind": Type.TEXT,
    "event_type": Type.TEXT,
    "name": Type.TEXT,
    "repo": Type.TEXT,
    "namespace": Type.TEXT,
    "pipeline": Type.TEXT,
    "ref": Type.TEXT,
    "sha": Type.TEXT,
    "component": Type.TEXT,
    "platform": Type.TEXT,
    "status": Type.TEXT,
    "created": Type.TIME,
    "queued": Type.TIME,
    "started": Type.TIME,
    "finished": Type.TIME,
    "recorded": Type.TIME,
    "updated": Type.TIME,
    "duration": Type.DURATION,
    "description": Type.TEXT,
    "metrics": Type.METRICS,
    "tags": Type.TAGS,
    "links": Type.LINKS,
    "payload": Type.JSON,
    "client": Type.TEXT,
}
