"""Bytes -> wire structs that keep to the documentation; the first mistake is named by its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from runwell.http.complaint import Complaint, complaint_of
from runwell.model.times import LATEST_US
from runwell.protocols.trunk import wire
from runwell.protocols.trunk.derived import MILLISECOND_US
from runwell.protocols.trunk.errors import BadPlace

EARLIEST_MS = 10**11  # the end of 1973; what is less was counted in seconds
LATEST_MS = LATEST_US // MILLISECOND_US
ID_CHARS_MAX = 1_024
NAME_CHARS_MAX = 4_096
KEY_CHARS_MAX = 127  # "< 128 characters"
PLATFORM = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
BETWEEN_WORDS = re.compile(r"[\s-]+")

WANTED = re.compile(r"Expected `([^`]+)`")
WORDS = {
    "str": "string required",
    "float": "number required",
    "object": "object required",
    "array": "array required",
    "int | float | str": "string or number required",
}
TIMES = ("createdAt", "finishedAt")


class Message(NamedTuple):
    """One event as it was sent, with its sequence and both texts."""

    event: wire.TrackedEvent
    text: str
    sequence: wire.Sequence | None
    sequence_text: str


def read_request(body: bytes) -> wire.TrackEvents:
    """The repository, and each event's text.

    Raises:
        BadPlace
    """
    request: wire.TrackEvents = _read_request(body, "")
    for name in ("host", "owner", "name"):
        _check_text(f"repo.{name}", getattr(request.repo, name), NAME_CHARS_MAX)
    return request


def read_event(text: msgspec.Raw, place: str) -> Message:
    """One event; `place` is where it stands in the request.

    Raises:
        BadPlace
    """
    event: wire.TrackedEvent = _read_event(text, place)
    _check_text(f"{place}.id", event.id, ID_CHARS_MAX)
    _check_text(f"{place}.chainId", event.chain_id, ID_CHARS_MAX)
    _check_time(f"{place}.createdAt", event.created_at)
    if event.finished_at is not None:
        _check_time(f"{place}.finishedAt", event.finished_at)
    if event.conclusion is not None and event.conclusion not in wire.CONCLUSIONS:
        known = ", ".join(sorted(wire.CONCLUSIONS))
        raise BadPlace(f"{place}.conclusion", f"{_shown(event.conclusion)} is not one of {known}")
    if event.parent is not None:
        _check_text(f"{place}.parent.eventId", event.parent.event_id, ID_CHARS_MAX)
    sequence_text = bytes(event.sequence)
    sequence = _sequence(event.sequence, f"{place}.sequence")
    return Message(event, bytes(text).decode(), sequence, sequence_text.decode())


def normal_platform(text: str) -> str:
    """`GitHub Actions` as `github_actions`."""
    return BETWEEN_WORDS.sub("_", text.strip()).lower()


def _sequence(text: msgspec.Raw, place: str) -> wire.Sequence | None:
    if bytes(text) in (b"", b"null"):
        return None
    sequence: wire.Sequence = _read_sequence(text, place)
    if not PLATFORM.fullmatch(normal_platform(sequence.platform)):
        problem = f"{_shown(sequence.platform)} is not snake_case, like github_actions"
        raise BadPlace(f"{place}.platform", problem)
    _check_text(f"{place}.key", sequence.key, KEY_CHARS_MAX)
    _check_text(f"{place}.kind", sequence.kind, NAME_CHARS_MAX)
    _check_text(f"{place}.name", sequence.name, NAME_CHARS_MAX)
    if sequence.payload is not None and sequence.payload.metrics:
        raise BadPlace(f"{place}.payload.metrics", "metrics are not supported for a sequence")
    return sequence


def _check_text(place: str, text: str, chars_max: int) -> None:
    if not text:
        raise BadPlace(place, "must not be empty")
    if len(text) > chars_max:
        raise BadPlace(place, f"{len(text)} characters; {chars_max} is the most")


def _check_time(place: str, ms: float) -> None:
    if ms < EARLIEST_MS:
        raise BadPlace(place, f"{ms:.15g} is too early; seconds? milliseconds required")
    if ms >= LATEST_MS:
        raise BadPlace(place, f"{ms:.15g} is after 2199; milliseconds required")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")  # noqa: PLR2004 - what fits in a line


def _reader(shape: Any) -> Callable[[bytes | msgspec.Raw, str], Any]:
    decode = msgspec.json.Decoder(shape).decode

    def read(text: bytes | msgspec.Raw, place: str) -> Any:
        try:
            return decode(text)
        except msgspec.ValidationError as error:
            raise _named(error, place) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadPlace(place, f"not JSON: {error}") from error

    return read


def _named(error: msgspec.ValidationError, place: str) -> BadPlace:
    """The decoder's complaint in the words of this API."""
    found = complaint_of(error)
    separator = "" if found.path.startswith("[") else "."
    return BadPlace(f"{place}{separator}{found.path}".strip("."), _problem(found))


def _problem(found: Complaint) -> str:
    if found.is_missing:
        return "required"
    if found.path in TIMES:
        return "number of milliseconds required"
    wanted = WANTED.search(found.problem)
    kind = wanted[1].removesuffix(" | null") if wanted else ""
    return WORDS.get(kind, found.problem)


_read_request = _reader(wire.TrackEvents)
_read_event = _reader(wire.TrackedEvent)
_read_sequence = _reader(wire.Sequence)
