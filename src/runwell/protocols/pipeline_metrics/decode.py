"""Bytes -> wire structs; the first mistake is named by its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from runwell.http.complaint import complaint_of
from runwell.protocols.pipeline_metrics import wire
from runwell.protocols.pipeline_metrics.errors import BadField


def _reader(shape: Any) -> Callable[..., Any]:
    decode = msgspec.json.Decoder(shape).decode

    def read(text: bytes | msgspec.Raw, place: str = "") -> Any:
        try:
            return decode(text)
        except msgspec.ValidationError as error:
            raise _named(error, place) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadField(place, f"the body is not JSON: {error}") from error

    return read


def _named(error: msgspec.ValidationError, place: str) -> BadField:
    found = complaint_of(error)
    problem = "is required" if found.is_missing else found.problem
    return BadField(f"{place}.{found.path}".strip("."), problem)


read_report: Callable[..., wire.Report] = _reader(wire.Report)
read_head: Callable[..., wire.Head] = _reader(wire.Head)
read_job: Callable[..., wire.Job] = _reader(wire.Job)
read_failed_job: Callable[..., wire.FailedJob] = _reader(wire.FailedJob)
read_build: Callable[..., dict[str, wire.Number]] = _reader(dict[str, wire.Number])
