"""What a request is called in logs: by its sender, by a proxy, or by us once it has failed."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace

from starlette.types import Scope

from runwell.http.call import Answer

HEADER = "x-request-id"
NAME = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_KEY = HEADER.encode()


def name_of(scope: Scope) -> str:
    """What came in the header; "" if nothing did, or nothing that may stand in a log."""
    for key, value in scope["headers"]:
        if key == _KEY:
            return value.decode("ascii") if NAME.fullmatch(value) else ""
    return ""


def new_name() -> str:
    """A name for a request that brought none."""
    return secrets.token_hex(8)


def named(answer: Answer, name: str) -> Answer:
    """The answer with the name of its request, so that both sides can find it in their logs."""
    if not name or any(key == HEADER for key, _ in answer.headers):
        return answer
    return replace(answer, headers=(*answer.headers, (HEADER, name)))
