"""Answers as bytes: JSON as the original spaces it, YAML, CSV, lines of JSON. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from runwell.http import Answer, Call
from runwell.protocols.ets import wire
from runwell.protocols.ets.decode import JSON, YAML, media_type
from runwell.protocols.ets.errors import BadInput
from runwell.protocols.ets.yaml_text import write_yaml

FIELDS = wire.EventAnswer.__struct_fields__
CSV, NDJSON = EXPORTED = ("text/csv; charset=utf-8", "application/x-ndjson")
REFUSED = re.compile(r";\s*q=0(\.0*)?\s*$")
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


def wants_yaml(headers: Mapping[str, str]) -> str:
    """The type of YAML that a request is to be answered in, "" for JSON.

    That is the type of its body, or what it accepts where it has none.
    """
    if sent := headers.get("content-type", ""):
        return media_type(sent) if media_type(sent) in YAML else ""
    accepted = [
        media_type(part)
        for part in headers.get("accept", "").split(",")
        if not REFUSED.search(part)
    ]
    first = next((media for media in accepted if media in (JSON, *YAML, "*/*")), "")
    return first if first in YAML else ""


def answer(value: Any, headers: Mapping[str, str]) -> Answer:
    """A value in the type of the request."""
    plain = msgspec.to_builtins(value)
    if media := wants_yaml(headers):
        return Answer(200, write_yaml(plain), media)
    return Answer(200, json.dumps(plain).encode(), JSON)


def export(events: Sequence[wire.EventAnswer], call: Call, following: str | None) -> Answer:
    """A list of events for other programs; the header `Link` names the next page."""
    extra: tuple[tuple[str, str], ...] = ()
    if following:
        asked = [pair for pair in call.query.multi_items() if pair[0] not in ("cursor", "page")]
        query = urlencode([*asked, ("cursor", following)])
        extra = (("link", f'<{call.path}?{query}>; rel="next"'),)
    match call.query["format"]:
        case "ndjson":
            text = "".join(f"{json.dumps(msgspec.to_builtins(event))}\n" for event in events)
            return Answer(200, text.encode(), NDJSON, extra)
        case "csv":
            return Answer(200, _csv(events).encode(), CSV, extra)
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
