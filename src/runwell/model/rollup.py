"""A roll-up: what is left of many old events, as one event. Pure: packing and unpacking.

It holds, for each of its members, all that a summary may ask of it. A member keeps no id, link,
description or sha. A roll-up is an event without a source, which no sender can make; its columns
are the members, a row each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec

from runwell.model.event import Event, Kind, Status, join_id
from runwell.model.times import EPOCH

# A document begins with the source, for every event has one: this one is empty.
START = '{"source":"",'
TEXTS = (
    *("source", "scope", "kind", "event_type", "name", "repo", "namespace", "pipeline", "ref"),
    *("component", "platform", "status", "payload", "client"),
)
# A time or number is kept as its distance from what it is mostly near to; in this order.
NUMBERS: dict[str, tuple[str, ...]] = {
    "attempt": (),
    "started": (),
    "duration": (),
    "created": ("started",),
    "queued": ("created",),
    "finished": ("started", "duration"),
    "recorded": ("started",),
    "updated": ("recorded",),
}

Column = dict[str, Any]  # see `_pack`


class Member(NamedTuple):
    """An event in a roll-up, with what its store said of it."""

    arrival: int  # number of its first change; no two events share one
    received: int
    event: Event


class _Packed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The payload of a roll-up: a column for each field, each with a value a member."""

    members: int
    arrival: Column
    received: Column
    fields: dict[str, Column]
    metrics: dict[str, Column] = {}
    tags: dict[str, Column] = {}


class _Size(msgspec.Struct, frozen=True):
    members: int


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Packed).decode
_decode_size = msgspec.json.Decoder(_Size).decode
NOTHING = Event(source="", scope="", id="")
WORDS: dict[str, type[Kind | Status]] = {"kind": Kind, "status": Status}


def rollup_of(source: str, kind: Kind, day_us: int, part: int) -> Event:
    """The roll-up of a day (UTC) with this number, as yet without members."""
    day = (EPOCH + timedelta(microseconds=day_us)).date()
    return Event(source="", scope=source, id=join_id(kind, str(day), str(part)), created=day_us)


def is_rollup(document: str) -> bool:
    """Whether an event in the ledger, as JSON, is a roll-up."""
    return document.startswith(START)


def outline(event: Event, tags: Collection[str]) -> Event:
    """An event without what no roll-up keeps, and with these tags alone; `*`: all of them."""
    kept = event.tags
    if "*" not in tags:
        kept = {name: values for name, values in kept.items() if name in tags}
    return msgspec.structs.replace(
        event, id="", uid="", chain="", parent="", owner="", sha="", description="", links={},
        memo="", tags=kept,
    )  # fmt: skip


def without_payload(event: Event) -> Event:
    """What a roll-up knows of an event: the sender's payload is too large to keep for ever."""
    return msgspec.structs.replace(event, payload="")


def pack(rollup: Event, members: Sequence[Member]) -> Event:
    """The roll-up with these members, at least one, and no others."""
    events = [member.event for member in members]
    fields = {name: _pack([getattr(event, name) for event in events]) for name in TEXTS}
    for name, near in NUMBERS.items():
        fields[name] = _pack([_distance(event, name, near) for event in events])
    defaults = {name: _pack([getattr(NOTHING, name)]) for name in fields}
    packed = _Packed(
        members=len(members),
        arrival=_pack([member.arrival for member in members]),
        received=_pack([member.received for member in members]),
        fields={name: column for name, column in fields.items() if column != defaults[name]},
        metrics=_by_name([event.metrics for event in events]),
        tags=_by_name([_tuples(event.tags) for event in events]),
    )
    return msgspec.structs.replace(rollup, payload=_encode(packed).decode())


def unpack(rollup: Event) -> list[Member]:
    """The members of a roll-up in the order in which they were packed."""
    packed = _decode(rollup.payload)
    count = packed.members
    columns = {name: _unpack(column, count) for name, column in packed.fields.items()}
    for name, near in NUMBERS.items():
        bases = [columns[base] for base in near if base in columns]
        if name in columns and bases:
            columns[name] = [
                None if value is None else value + sum(base or 0 for base in others)
                for value, *others in zip(columns[name], *bases, strict=True)
            ]
    for name, word in WORDS.items():
        if name in columns:
            columns[name] = [word(text) for text in columns[name]]
    columns["metrics"] = _maps(packed.metrics, count)
    columns["tags"] = _maps(packed.tags, count)
    events = [
        msgspec.structs.replace(NOTHING, **dict(zip(columns, row, strict=True)))
        for row in zip(*columns.values(), strict=True)
    ]
    arrivals, received = _unpack(packed.arrival, count), _unpack(packed.received, count)
    return list(map(Member, arrivals, received, events))


def size_of(rollup: Event) -> int:
    """How many members it has."""
    return int(_decode_size(rollup.payload).members) if rollup.payload else 0


def _distance(event: Event, name: str, near: Sequence[str]) -> int | None:
    value: int | None = getattr(event, name)
    return None if value is None else value - sum(getattr(event, base) or 0 for base in near)


def _tuples(tags: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in tags.items()}


def _by_name(maps: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """A column for each name in any of the maps; None where a map does not have it."""
    names = dict.fromkeys(name for each in maps for name in each)
    return {name: _pack([each.get(name) for each in maps]) for name in names}


def _pack(values: Sequence[Any]) -> Column:
    """One value for all, steps between numbers, places in a list of few, or each by itself."""
    first = values[0]
    if all(value == first for value in values):
        return {"all": first}
    if all(value is None or type(value) is int for value in values):
        steps, last = [], 0
        for value in values:
            steps.append(None if value is None else value - last)
            last = last if value is None else value
        return {"steps": steps}
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if 2 * len(places) <= len(values):
        return {"of": list(places), "at": [places[value] for value in values]}
    return {"each": values}


def _unpack(column: Column, count: int) -> list[Any]:
    if "all" in column:
        return [column["all"]] * count
    if "steps" in column:
        values, last = [], 0
        for step in column["steps"]:
            last = last if step is None else last + step
            values.append(None if step is None else last)
        return values
    if "of" in column:
        return [column["of"][place] for place in column["at"]]
    return list(column["each"])


def _maps(columns: Mapping[str, Column], count: int) -> list[dict[str, Any]]:
    maps: list[dict[str, Any]] = [{} for _ in range(count)]
    for name, column in columns.items():
        for each, value in zip(maps, _unpack(column, count), strict=True):
            if value is not None:
                each[name] = value
    return maps
