"""An event as our own API shows and takes it: its shape, and what is wrong with a body."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta

from runwell.errors import BadBody
from runwell.http.body import check_json, check_texts
from runwell.http.complaint import complaint_of
from runwell.http.numbers import check_numbers, not_finite
from runwell.http.shapes import LocalTime, said
from runwell.model import Kind, Status
from runwell.query.nearest import nearest
from runwell.web.parameters import Attempt

DEPTH_AROUND = 3  # of the list that events come in, beyond their payloads
SHOWN_CHARS = 80
COMPLAINT_CHARS = 300
AT = " - at `$"  # what a complaint of the decoder has before its place
NULL = msgspec.Raw(b"null")

Text = str | None
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Id = Annotated[str, Meta(min_length=1)]
Moment = LocalTime | None
# the seconds that fit into 64 bits of microseconds
SECONDS_MAX = 9_223_372_036_854
Seconds = Annotated[float, said(minimum=-SECONDS_MAX, maximum=SECONDS_MAX)]


class NativeEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event, by the names of the canonical fields; null is the same as left out.

    Times are RFC 3339, durations seconds. What the server tells of an event, `seq`, `arrival`,
    `received`, `time` and `queue`, means nothing here.
    """

    source: Name  # a protocol's name, or one of the sender's own
    scope: str
    id: Id
    attempt: Attempt | None = None
    uid: Text = None
    chain: Text = None
    parent: Text = None
    kind: Kind | None = None
    event_type: Text = None
    name: Text = None
    repo: Text = None
    namespace: Text = None
    pipeline: Text = None
    ref: Text = None
    sha: Text = None
    component: Text = None
    platform: Text = None
    status: Status | None = None
    created: Moment = None
    queued: Moment = None
    started: Moment = None
    finished: Moment = None
    recorded: Moment = None
    updated: Moment = None
    duration: Seconds | None = None
    description: Text = None
    metrics: dict[str, float] | None = None
    tags: dict[str, str | list[str]] | None = None
    links: dict[str, str] | None = None
    # any JSON, kept byte for byte; a factory, since no schema can show bytes as a default
    payload: msgspec.Raw = msgspec.field(default_factory=lambda: NULL)
    client: Text = None
    seq: Any = None
    arrival: Any = None
    received: Any = None
    time: Any = None
    queue: Any = None


class NativeEvents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request brings: stored together or not at all."""

    events: list[NativeEvent]


class _RawEvents(msgspec.Struct, frozen=True):
    """The same, untouched: to find the event that is to blame."""

    events: list[msgspec.Raw]


IN_MAP = re.compile(r"events\[(\d+)\]\.(metrics|tags|links)\[\.\.\.\](.*)")
SHAPES = get_type_hints(NativeEvent, include_extras=True)

_decode = msgspec.json.Decoder(NativeEvents).decode
_decode_raw = msgspec.json.Decoder(_RawEvents).decode


def read_events(body: bytes, depth_max: int) -> list[NativeEvent]:
    """Decode a body.

    Raises:
        BadBody: names the place, as `events[3].naem`.
    """
    try:
        check_json(body, depth_max + DEPTH_AROUND)
        check_numbers(body)
        return _decode(body).events
    except msgspec.ValidationError as error:
        raise _complain(error, body) from error
    except (msgspec.DecodeError, RecursionError) as error:
        _look_closer(body, depth_max)
        raise BadBody(f'the body takes {{"events": [...]}}: {error}') from error
    except BadBody as error:
        if not error.pointer:
            _look_closer(body, depth_max)
        raise


def _look_closer(body: bytes, depth_max: int) -> None:
    """Find the value that is to blame, in a body that was refused as a whole.

    Raises:
        BadBody: names the place, if there is one.
    """
    try:
        events = _decode_raw(body).events
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        events = []
    for place, event in enumerate(events):
        try:
            check_json(bytes(event), depth_max + DEPTH_AROUND - 2)
            check_numbers(bytes(event))
        except BadBody as found:
            raise bad(f"events[{place}]", found.message) from found
    try:
        loose = json.loads(body)  # takes NaN and halves of surrogate pairs
    except (ValueError, RecursionError):
        return
    check_texts(loose)
    if place_ := not_finite(loose):
        raise bad(place_, "NaN and infinities are no numbers of JSON")


def bad(place: str, problem: str) -> BadBody:
    """A refusal that names the place."""
    return BadBody(f"{place}: {problem}" if place else problem, pointer=place)


def _complain(error: msgspec.ValidationError, body: bytes) -> BadBody:
    """The decoder's complaint, with the nearest name where a name or word is unknown."""
    path, problem, is_missing = complaint_of(_short(error))
    if is_missing:
        return bad(path, "is required")
    if problem.startswith("Object contains unknown field"):
        name = problem.split("`")[1][:SHOWN_CHARS]
        shape = NativeEvent if path else NativeEvents
        place = f"{path}.{name}" if path else name
        return bad(place, f"there is no such field{nearest(name, shape.__struct_fields__)}")
    if problem.startswith("Invalid enum value"):
        words = [*map(str, Status)] if path.endswith("status") else [*map(str, Kind)]
        given = problem.split("'")[1] if "'" in problem else ""
        return bad(path, f"{given[:SHOWN_CHARS]!r} is none of {', '.join(words)}")
    return bad(_named(path, body), problem[:1].lower() + problem[1:])


def _short(error: msgspec.ValidationError) -> msgspec.ValidationError:
    """The decoder quotes a wrong word whole, however long and whatever it looks like."""
    head, mark, place = str(error).rpartition(AT)
    if not mark:
        head, place = place, ""
    return msgspec.ValidationError(f"{head[:COMPLAINT_CHARS].replace(AT, ' ')}{mark}{place}")


def _named(path: str, body: bytes) -> str:
    """`events[0].metrics[...]`, as the decoder has it, with the name that it leaves out."""
    found = IN_MAP.fullmatch(path)
    if not found:
        return path
    event, field = int(found[1]), found[2]
    try:
        values: dict[str, Any] = msgspec.json.decode(_decode_raw(body).events[event])[field]
    except msgspec.MsgspecError:  # the decoder stopped here, and what follows is no JSON
        return path
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, SHAPES[field])
        except msgspec.ValidationError:
            return f"events[{event}].{field}.{name}{found[3]}"
    return path
