"""Bodies in protojson -> what they say. Pure: whether a name or a summary is good is asked apart.

The rules are those of Go's protojson: snake and camel case are the same field, a field may come
once, unknown fields are ignored, null is as good as nothing, and a known field of a wrong type is
refused, also where the server would not look at it. A body that is empty is an empty message.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from runwell.errors import BadBody
from runwell.http.body import check_json, decode_anything
from runwell.http.numbers import past_bounds
from runwell.model.times import EPOCH, MICROSECOND
from runwell.protocols.tekton.errors import BadMessage, InvalidArgument, WrappedArgument
from runwell.protocols.tekton.names import is_record_name
from runwell.protocols.tekton.wire import STATUSES

FORM = "application/x-www-form-urlencoded"
TYPE_BYTES_MAX = 768
SHOWN_CHARS = 80
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
CAMEL = {
    "startTime": "start_time",
    "endTime": "end_time",
    "createdTime": "created_time",
    "createTime": "create_time",
    "updatedTime": "updated_time",
    "updateTime": "update_time",
}
# RFC 3339 as Go reads it: nothing left out, capital letters, at most nine digits
TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
OBJECTS_MAX = 10_000  # a message has four; what is unknown is read, too
FIRST_US = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
LAST_US = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
AT_BYTE = re.compile(r"invalid character \(byte (\d+)\)$")
MALFORMED = "JSON is malformed: "
TRUNCATED = "unexpected end of JSON input"


class GivenSummary(NamedTuple):
    """What a sent summary says. Times are microseconds UTC; `status`: a number, named or not."""

    record: str
    type: str
    start_time: int | None
    end_time: int | None
    status: int
    annotations: dict[str, str]


class GivenResult(NamedTuple):
    """What a sent result says; everything else in it is the server's to say."""

    name: str
    annotations: dict[str, str]
    summary: GivenSummary | None


class GivenRecord(NamedTuple):
    """What a sent record says. An empty type or value is none, as in every proto message."""

    name: str
    type: str | None
    value: bytes | None
    has_data: bool


class Members(list[tuple[str, Any]]):
    """An object with all its members in their order, also those that come twice."""


Reader = Callable[[Any, str], Any]


def without_form(content_type: str, body: bytes) -> bytes:
    """The body of a POST; a form (curl's default) is eaten by the gateway, and none is left.

    Not for PATCH: a gateway reads its body whatever it is called, and an empty one would clear
    what is stored.
    """
    return b"" if content_type.partition(";")[0].strip().lower() == FORM else body


def read_result(body: bytes, depth_max: int) -> GivenResult:
    """The result of a body.

    Raises:
        InvalidArgument, BadBody: no JSON, texts that no one can store, or a field of a wrong type.
    """
    sent = _read_message(_decode(body, depth_max), "", RESULT)
    return GivenResult(sent.get("name", ""), sent.get("annotations", {}), sent.get("summary"))


def read_record(body: bytes, depth_max: int) -> GivenRecord:
    """The record of a body; whether its value is JSON says `check_data`.

    Raises:
        InvalidArgument, BadBody: no JSON, texts that no one can store, or a field of a wrong type.
    """
    sent = _read_message(_decode(body, depth_max), "", RECORD)
    data = sent.get("data")
    given = data or {}
    return GivenRecord(
        sent.get("name", ""),
        given.get("type") or None,
        given.get("value") or None,
        data is not None,
    )


def check_data(given: GivenRecord, depth_max: int) -> None:
    """Data, if there is any, holds one JSON value of any kind, in UTF-8, and a type that fits.

    Raises:
        InvalidArgument, WrappedArgument
    """
    if not given.has_data:
        return
    value = given.value or b""
    try:
        check_json(value, depth_max)
    except BadBody as error:
        raise InvalidArgument(f"data.value: {error.message}", pointer="data.value") from error
    if problem := _syntax_error(value, "data.value"):
        raise problem
    _check_type(given.type or "", "data.type")


def check_summary(given: GivenSummary | None) -> None:
    """A summary, if there is one, names its record and type.

    Raises:
        InvalidArgument, WrappedArgument
    """
    if given is None:
        return
    if not given.record or not given.type:
        raise InvalidArgument(
            "record and type fields required for RecordSummary", pointer="summary"
        )
    if not is_record_name(given.record):
        raise InvalidArgument("invalid record format", pointer="summary.record")
    _check_type(given.type, "summary.type")


def _check_type(text: str, place: str) -> None:
    if len(text.encode()) > TYPE_BYTES_MAX:
        problem = f"type must not exceed {TYPE_BYTES_MAX} characters"
        raise WrappedArgument(problem, pointer=place)


def _decode(body: bytes, depth_max: int) -> Any:
    """Not by msgspec, which keeps the last of two members of one name and says nothing."""
    if not body.strip():
        return Members()
    if _openings(body) > OBJECTS_MAX and _openings(TEXTS.sub(b"", body)) > OBJECTS_MAX:
        raise InvalidArgument(f"more than {OBJECTS_MAX} objects and lists beside the value")
    check_json(body, depth_max)
    try:
        return json.loads(body.decode(), object_pairs_hook=Members, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _syntax_error(body, "") or InvalidArgument(str(error)) from error


def _openings(body: bytes) -> int:
    return body.count(b"{") + body.count(b"[")


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _syntax_error(text: bytes, place: str) -> InvalidArgument | None:
    """For what is no JSON, or has a number or a nesting past all bounds; Go refuses those, too."""
    try:
        decode_anything(text)
    except (msgspec.ValidationError, RecursionError) as error:
        path = past_bounds(text)
        where = f"{place}.{path}".strip(".").replace(".[", "[")
        return InvalidArgument(f"{where}: {error}" if where else str(error), pointer=where)
    except msgspec.DecodeError as error:
        return InvalidArgument(_syntax_problem(text, str(error)), pointer=place)
    return None


def _syntax_problem(text: bytes, problem: str) -> str:
    """In Go's words where they are plain, else the decoder's, which name the byte."""
    if not problem.startswith(MALFORMED):
        return TRUNCATED
    found = AT_BYTE.search(problem)
    start = len(text) - len(text.lstrip(b" \t\r\n"))
    if found and int(found[1]) == start:
        return f"invalid character {text.decode()[start]!r} looking for beginning of value"
    return problem.removeprefix(MALFORMED)


def _read_message(value: Any, place: str, fields: Mapping[str, Reader]) -> dict[str, Any]:
    if not isinstance(value, Members):
        raise BadMessage(place, f"unexpected token {_shown(value)}")
    read: dict[str, Any] = {}
    seen: set[str] = set()
    for key, item in value:
        name = CAMEL.get(key, key)
        if name not in fields:
            continue
        here = f"{place}.{name}" if place else name
        if name in seen:
            raise BadMessage(here, f'duplicate field "{key}"')
        seen.add(name)
        if item is not None:
            read[name] = fields[name](item, here)
    return read


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _wrong("string", value, place)
    return value


def _texts(value: Any, place: str) -> dict[str, str]:
    if not isinstance(value, Members):
        raise BadMessage(place, f"unexpected token {_shown(value)}")
    texts: dict[str, str] = {}
    for key, item in value:
        if key in texts:
            raise BadMessage(place, f"duplicate map key {_shown(key)}")
        texts[key] = _text(item, f"{place}.{key}")
    return texts


def _bytes(value: Any, place: str) -> bytes:
    """Base64, standard or URL-safe, padded or not; as in Go, line ends mean nothing."""
    if not isinstance(value, str):
        raise _wrong("bytes", value, place)
    text = value.replace("\r", "").replace("\n", "")
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    is_url_safe = "-" in bare or "_" in bare
    if text not in (bare, padded) or (is_url_safe and ("+" in bare or "/" in bare)):
        raise _wrong("bytes", value, place)
    try:
        return base64.b64decode(padded, b"-_" if is_url_safe else None, validate=True)
    except ValueError as error:
        raise _wrong("bytes", value, place) from error


def _time(value: Any, place: str) -> int:
    """Microseconds UTC, from the year 1 to 9999; what is finer is cut off."""
    if isinstance(value, str) and TIMESTAMP.fullmatch(value):
        with suppress(ValueError):  # a day that is none
            us = (datetime.fromisoformat(value) - EPOCH) // MICROSECOND
            if FIRST_US <= us <= LAST_US:
                return us
    raise BadMessage(place, f"invalid google.protobuf.Timestamp value {_shown(value)}")


def _status(value: Any, place: str) -> int:
    """The number of a status. A name that is not known counts as UNKNOWN."""
    if isinstance(value, str):
        return STATUSES.index(value) if value in STATUSES else 0
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    is_whole = is_whole or (isinstance(value, float) and value.is_integer())
    if not is_whole or not INT32_MIN <= value <= INT32_MAX:
        raise _wrong("enum", value, place)
    return int(value)


def _data(value: Any, place: str) -> dict[str, Any]:
    return _read_message(value, place, DATA)


def _summary(value: Any, place: str) -> GivenSummary:
    sent = _read_message(value, place, SUMMARY)
    return GivenSummary(
        record=sent.get("record", ""),
        type=sent.get("type", ""),
        start_time=sent.get("start_time"),
        end_time=sent.get("end_time"),
        status=sent.get("status", 0),
        annotations=sent.get("annotations", {}),
    )


def _wrong(kind: str, value: Any, place: str) -> BadMessage:
    return BadMessage(place, f"invalid value for {kind} field value: {_shown(value)}")


def _shown(value: Any) -> str:
    match value:
        case Members():
            return "{"
        case list():
            return "["
    return json.dumps(value, ensure_ascii=False)[:SHOWN_CHARS]


SUMMARY: dict[str, Reader] = {
    "record": _text,
    "type": _text,
    "start_time": _time,
    "end_time": _time,
    "status": _status,
    "annotations": _texts,
}
DATA: dict[str, Reader] = {"type": _text, "value": _bytes}
# What the server assigns is read, so that a wrong type is refused, and then dropped.
ASSIGNED: dict[str, Reader] = {
    **dict.fromkeys(("id", "uid", "etag"), _text),
    **dict.fromkeys(("created_time", "create_time", "updated_time", "update_time"), _time),
}
RESULT: dict[str, Reader] = {"name": _text, **ASSIGNED, "annotations": _texts, "summary": _summary}
RECORD: dict[str, Reader] = {"name": _text, **ASSIGNED, "data": _data}
