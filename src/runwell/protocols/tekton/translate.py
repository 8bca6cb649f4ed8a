"""Results and records <-> canonical events. Pure: no clock, no store, no request.

A result is an event of the kind `result` with an id of its own name; a record of it has the id
`result/record` and is owned by it. The payload of a record is the sent JSON, byte for byte; that of
a result is what the result says, in the protocol's own form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from runwell.model import Event, Kind, Status
from runwell.model.times import EARLIEST_US, LATEST_US
from runwell.protocols.tekton import wire
from runwell.protocols.tekton.names import RecordName, ResultName
from runwell.protocols.tekton.objects import Limits, describe, kind_of
from runwell.protocols.tekton.protojson import GivenRecord, GivenResult, GivenSummary

SOURCE = "tekton"
NANOSECONDS = 1_000
OBJECT_NAME = "object.metadata.name"  # the annotation in which the watcher names the run

STATUSES = (
    Status.UNKNOWN,
    Status.SUCCEEDED,
    Status.FAILED,
    Status.TIMED_OUT,
    Status.CANCELLED,
)


class Stamp(NamedTuple):
    """What the server says of a result or record. Times are microseconds UTC."""

    uid: str
    recorded: int
    updated: int

    @property
    def etag(self) -> str:
        """Changes with every update: the uid and the time of the last one in nanoseconds."""
        return f"{self.uid}-{self.updated * NANOSECONDS}"


class StoredResult(msgspec.Struct, frozen=True, gc=False):
    """The payload of a result. `status` is the summary's number, 0 without one."""

    status: int
    annotations: dict[str, str]
    summary: wire.RecordSummary | None = None


encode = msgspec.json.Encoder().encode
decode_result = msgspec.json.Decoder(StoredResult).decode


def result_key(name: ResultName, payload: str = "") -> Event:
    """The key of a result, and how much an update of it brings."""
    return Event(source=SOURCE, scope=name.parent, id=name.result, payload=payload)


def record_key(name: RecordName, payload: str = "") -> Event:
    """The key of a record, and how much an update of it brings."""
    id_ = f"{name.result}/{name.record}"
    return Event(source=SOURCE, scope=name.parent, id=id_, payload=payload)


def to_result_event(name: ResultName, given: GivenResult, stamp: Stamp, client: str) -> Event:
    """A result as an event."""
    summary = given.summary
    stored = StoredResult(
        summary.status if summary else 0, given.annotations, _wire_summary(summary)
    )
    started = _bounded(summary.start_time) if summary else None
    finished = _bounded(summary.end_time) if summary else None
    return Event(
        source=SOURCE,
        scope=name.parent,
        id=name.result,
        uid=stamp.uid,
        chain=name.result,
        kind=Kind.RESULT,
        event_type=summary.type if summary else "",
        name=given.annotations.get(OBJECT_NAME, name.result),
        namespace=name.parent,
        platform=SOURCE,
        status=_status(stored.status),
        started=started,
        finished=finished,
        duration=None if started is None or finished is None else finished - started,
        recorded=stamp.recorded,
        updated=stamp.updated,
        payload=encode(stored).decode(),
        client=client,
    )


def _wire_summary(given: GivenSummary | None) -> wire.RecordSummary | None:
    if given is None:
        return None
    return wire.RecordSummary(
        record=given.record,
        type=given.type,
        start_time=wire.to_timestamp(given.start_time),
        end_time=wire.to_timestamp(given.end_time),
        status=wire.to_status(given.status),
        annotations=given.annotations,
    )


def _status(number: int) -> Status:
    return STATUSES[number] if 0 <= number < len(STATUSES) else Status.UNKNOWN


def _bounded(us: int | None) -> int | None:
    return us if us is not None and EARLIEST_US <= us < LATEST_US else None


class Content(NamedTuple):
    """What a record holds: its type, its JSON as text, and what that says in canonical fields."""

    type: str
    payload: str
    facts: Mapping[str, Any]


def content_of(given: GivenRecord, name: RecordName, limits: Limits) -> Content:
    """The content that was sent; the value is valid JSON, checked before."""
    value = given.value or b""
    facts = describe(value, name, limits) if value else {}
    return Content(given.type or "", value.decode(), facts)


def to_record_event(name: RecordName, content: Content, stamp: Stamp, client: str) -> Event:
    """A record as an event: what its object says in canonical fields, and the object itself."""
    fields = {
        "parent": name.result,
        "name": name.record,
        "namespace": name.parent,
        **content.facts,
    }
    return Event(
        source=SOURCE,
        scope=name.parent,
        id=f"{name.result}/{name.record}",
        uid=stamp.uid,
        chain=name.result,
        owner=name.result,
        kind=kind_of(content.type) if content.payload else Kind.EVENT,
        event_type=content.type,
        platform=SOURCE,
        recorded=stamp.recorded,
        updated=stamp.updated,
        payload=content.payload,
        client=client,
        **fields,
    )


def merged(stored: Event, content: Content, name: RecordName, stamp: Stamp, client: str) -> Event:
    """What is stored with what was sent: type and value each stay unless they are given."""
    type_ = content.type or stored.event_type
    if content.payload:
        return to_record_event(name, content._replace(type=type_), stamp, client)
    kind = kind_of(type_) if stored.payload else Kind.EVENT
    return msgspec.structs.replace(
        stored, event_type=type_, kind=kind, updated=stamp.updated, client=client
    )


def stamp_of(event: Event) -> Stamp:
    """The stamp of a stored event."""
    assert event.recorded is not None
    assert event.updated is not None
    return Stamp(event.uid, event.recorded, event.updated)


def to_result(event: Event) -> wire.Result:
    """A result as it travels."""
    stored, stamp = decode_result(event.payload), stamp_of(event)
    recorded, updated = wire.to_timestamp(stamp.recorded), wire.to_timestamp(stamp.updated)
    return wire.Result(
        name=ResultName(event.scope, event.id).text,
        id=stamp.uid,
        uid=stamp.uid,
        created_time=recorded,
        create_time=recorded,
        updated_time=updated,
        update_time=updated,
        annotations=stored.annotations,
        etag=stamp.etag,
        summary=stored.summary,
    )


def to_record(event: Event, word: str = "records") -> wire.Record:
    """A record as it travels; `word` is what it is called in its name."""
    stamp, payload = stamp_of(event), event.payload
    recorded, updated = wire.to_timestamp(stamp.recorded), wire.to_timestamp(stamp.updated)
    name = event.id.partition("/")[2]
    return wire.Record(
        name=f"{event.scope}/results/{event.chain}/{word}/{name}",
        id=stamp.uid,
        uid=stamp.uid,
        data=wire.Data(event.event_type, payload.encode()) if payload else None,
        etag=stamp.etag,
        created_time=recorded,
        create_time=recorded,
        updated_time=updated,
        update_time=updated,
    )
