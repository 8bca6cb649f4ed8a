"""An event of this source that came by our own API: it must be answerable by this one. Pure."""

from __future__ import annotations

import msgspec

from runwell.errors import BadEvent
from runwell.model import Event, Kind
from runwell.protocols.tekton.names import RECORD, RESULT, RecordName, ResultName
from runwell.protocols.tekton.translate import decode_result


def admit(event: Event) -> Event:
    """A result as it is, a record owned by its result, which need not be there.

    Raises:
        BadEvent: no name, stamp or payload that this API could answer.
    """
    if event.attempt != 1:
        raise BadEvent("attempt", "results and records have one")
    for name in ("uid", "recorded", "updated"):
        if getattr(event, name) in ("", None):
            raise BadEvent(name, "is required of results and records")
    return _result(event) if event.kind is Kind.RESULT else _record(event)


def _result(event: Event) -> Event:
    if not RESULT.fullmatch(ResultName(event.scope, event.id).text):
        raise BadEvent("id", "a namespace as scope, a result's name as id")
    if event.chain != event.id:
        raise BadEvent("chain", "that of a result is its id")
    try:
        decode_result(event.payload)
    except msgspec.MsgspecError as error:
        raise BadEvent("payload", f"not a result as runwell keeps it: {error}") from error
    return event


def _record(event: Event) -> Event:
    result, _, record = event.id.partition("/")
    if not RECORD.fullmatch(RecordName(event.scope, result, record).text):
        raise BadEvent("id", "a namespace as scope, RESULT/RECORD as id")
    if event.chain != result:
        raise BadEvent("chain", "that of a record is its result")
    return msgspec.structs.replace(event, owner=result)
