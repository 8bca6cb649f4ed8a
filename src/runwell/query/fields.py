"""The canonical fields that can be asked for: types and descriptions. No SQL, no wire names."""

from __future__ import annotations

from enum import StrEnum


class Type(StrEnum):
    """What a value is: shape and unit."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"  # integer microseconds UTC in rows, RFC 3339 on the wire
    DURATION = "duration"  # integer microseconds in rows, seconds on the wire
    METRICS = "metrics"  # {name: number}
    TAGS = "tags"  # {name: [text]}
    LINKS = "links"  # {name: text}
    JSON = "json"  # the text of a JSON value


FIELDS: dict[str, Type] = {
    "seq": Type.INTEGER,
    "arrival": Type.INTEGER,
    "received": Type.TIME,
    "time": Type.TIME,
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
    "queue": Type.DURATION,
    "description": Type.TEXT,
    "metrics": Type.METRICS,
    "tags": Type.TAGS,
    "links": Type.LINKS,
    "payload": Type.JSON,
    "client": Type.TEXT,
}

# One line each, as `/-/api/fields`, the comments in SQL and docs/reference.md have it.
ABOUT: dict[str, str] = {
    "seq": "number of the newest change",
    "arrival": "number of the first change: the order of arrival",
    "received": "when the newest change was committed",
    "time": "the first of started, created, received that is there",
    "source": "the protocol that brought it",
    "scope": "what makes the id unique: a project, a session ...",
    "id": "what the sender calls it, unique within source and scope",
    "attempt": "from 1, by start: an id that ran again after its end",
    "uid": "another name, unique everywhere, where the system gives one",
    "chain": "id of the root of the run",
    "parent": "id of what contains it",
    "kind": "pipeline, job, stage, step, task, test, build, session, context, deploy, commit, "
    "incident, sequence, result, event",
    "event_type": "the sender's own word for the kind, as tekton.dev/v1.PipelineRun",
    "name": "what people call it",
    "repo": "repository, as owner/name where the sender knows both",
    "namespace": "namespace or environment that it belongs to",
    "pipeline": "name of the pipeline that it is a run of, or a part of one",
    "ref": "branch or tag",
    "sha": "commit",
    "component": "what part: a test's component, a sequence's key, a deploy's service",
    "platform": "the system that did the work: jenkins, github_actions ...",
    "status": "queued, running, succeeded, failed, cancelled, timed_out, skipped, stale, unknown",
    "created": "when it was made",
    "queued": "when it began to wait for its start",
    "started": "when it began",
    "finished": "when it ended",
    "recorded": "when the sender's record of it was made; Tekton's create_time",
    "updated": "when that record last changed",
    "duration": "how long it took; in seconds on the wire and in SQL",
    "queue": "how long it waited: from queued to started, else from created if that was earlier; "
    "in seconds on the wire and in SQL",
    "description": "what the sender says of it in its own words",
    "metrics": "numbers by name; in SQL `metrics['cpu_usage']` or `metrics.cpu_usage`",
    "tags": "texts by name; in SQL `tags['item'][1]`, or `tags.item` for all of them",
    "links": "addresses by name",
    "payload": "the sender's JSON, byte for byte; in SQL `payload->>'$.a.b'`",
    "client": "what the sender calls itself: its User-Agent; for Trunk `x-source` and `origin`",
}
