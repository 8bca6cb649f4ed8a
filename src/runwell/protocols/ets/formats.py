"""Answers as bytes: JSON as the original spaces it, YAML, CSV, lines of JSON. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runwell.http import Answer
from runwell.protocols.ets import wire
from runwell.protocols.ets.decode import JSON, YAML, media_type
from runwell.protocols.ets.errors import BadInput
from runwell.protocols.ets.yaml_text import write_yaml

FIELDS = wire.EventAnswer.__struct_fields__
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def answer(value: Any, headers: Mapping[str, str]) -> Answer:
    """A value in the type of the request: YAML if that was sent or asked for, else JSON."""
    plain = msgspec.to_builtins(value)
    for name in ("content-type", "accept"):
        if (media := media_type(headers.get(name, ""))) in YAML:
            return Answer(200, write_yaml(plain), media)
    return Answer(200, json.dumps(plain).encode(), JSON)


def export(events: Sequence[wire.EventAnswer], kind: str) -> Answer:
    """A list of events for other programs."""
    match kind:
        case "ndjson":
            text = "".join(f"{json.dumps(msgspec.to_builtins(event))}\n" for event in events)
            return Answer(200, text.encode(), "application/x-ndjson")
        case "csv":
            return Answer(200, _csv(events).encode(), "text/csv; charset=utf-8")
    raise BadInput("format: csv or ndjson", pointer="format")


def _csv(events: Sequence[wire.EventAnswer]) -> str:
    """A column for each field; urls and tags as JSON."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(FIELDS)
    writer.writerows([_cell(getattr(event, name)) for name in FIELDS] for event in events)
    return file.getvalue()


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if text.startswith(FORMULA) else text
