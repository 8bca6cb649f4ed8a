"""One request that the demo sends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """A POST and the statuses that mean that it arrived, now or before.

    Those of one `order` are sent one after the other, all others at any time.
    """

    path: str
    body: bytes
    good: tuple[int, ...]
    order: str = ""


def post(path: str, body: Any, *good: int, order: str = "") -> Request:
    """A POST of JSON."""
    return Request(path, json.dumps(body).encode(), good, order)
