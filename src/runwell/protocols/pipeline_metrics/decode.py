"""Bytes -> wire structs; the first mistake is named by its field."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from runwell.protocols.pipeline_metrics import wire
from runwell.protocols.pipeline_metrics.errors import BadField

PATH = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
MISSING = re.compile(r"Object missing required field `(\w+)`")


def _reader(shape: Any) -> Callable[..., Any]:
    decode = msgspec.json.Decoder(shape).decode

    def read(text: bytes | msgspec.Raw, place: str = "") -> Any:
        try:
            return decode(text)
        except msgspec.ValidationError as error:
            raise _named(str(error), place) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadField(place, f"the body is not JSON: {error}") from error

    return read


def _named(problem: str, place: str) -> BadField:
    found = PATH.match(problem)
    assert found is not None
    text, path = found[1], found[2] or ""
    if missing := MISSING.search(text):
        path, text = f"{path}.{missing[1]}" if path else missing[1], "is required"
    return BadField(f"{place}.{path}".strip("."), text)


read_report: Callable[..., wire.Report] = _reader(wire.Report)
read_head: Callable[..., wire.Head] = _reader(wire.Head)
read_job: Callable[..., wire.Job] = _reader(wire.Job)
read_failed_job: Callable[..., wire.FailedJob] = _reader(wire.FailedJob)
read_build: Callable[..., dict[str, wire.Number]] = _reader(dict[str, wire.Number])
