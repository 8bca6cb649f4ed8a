"""What a roll-up knows of a record: its object without all but what summaries are made of. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from runwell.model import Event, Kind
from runwell.protocols.tekton.vocabulary import NAMESPACE, PIPELINE, REASON, REPOSITORY

CONDITION = ("status", "conditions", "0", "status")
# Few different values each, so that a thousand records take little more than one.
KEPT = (("kind",), NAMESPACE, PIPELINE, REPOSITORY, REASON, CONDITION)
FIRST = "0"  # the only place in an array that a path goes to


def keeps(event: Event) -> Event:
    """The record with an object in which only the paths of KEPT are left."""
    payload = "" if event.kind is Kind.RESULT else _pruned(event.payload)
    return msgspec.structs.replace(event, payload=payload)


def _pruned(payload: str) -> str:
    try:
        sent = msgspec.json.decode(payload)
    except msgspec.DecodeError:  # none, or no JSON
        return ""
    kept: dict[str, Any] = {}
    for steps in KEPT:
        value = _at(sent, steps)
        if isinstance(value, str | int | float):
            _put(kept, steps, value)
    return msgspec.json.encode(kept).decode() if kept else ""


def _at(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(value, list) and value and step == FIRST:
            value = value[0]
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def _put(kept: dict[str, Any], steps: Sequence[str], value: Any) -> None:
    """Objects on the way are made; an array is one of a single object."""
    place: Any = kept
    for step, following in zip(steps, [*steps[1:], ""], strict=True):
        if step == FIRST:
            place = place[0]
        elif not following:
            place[step] = value
        else:
            place = place.setdefault(step, [{}] if following == FIRST else {})
