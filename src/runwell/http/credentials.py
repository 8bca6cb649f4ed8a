"""Where a request carries its token. Whether the token is good is decided in gate.py."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers


@dataclass(frozen=True, slots=True)
class Credentials:
    """How a protocol's clients send a token, and how a 401 asks for one."""

    find: Callable[[Headers], str | None]
    challenge: str  # the WWW-Authenticate header; empty: none
    schemes: tuple[str, ...]  # for the OpenAPI document: bearer, basic, or a header's name


def _bearer_or_basic(headers: Headers) -> str | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip() or None
        case "basic":
            return _password(value.strip())
    return None


def _password(value: str) -> str | None:
    """The password of `Basic base64(user:password)` (RFC 7617); the user name is ignored."""
    try:
        text = base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return text.partition(":")[2] or None


bearer_or_basic = Credentials(_bearer_or_basic, 'Basic realm="runwell"', ("bearer", "basic"))


def header_token(name: str) -> Credentials:
    """The token alone in a header of its own."""
    return Credentials(lambda headers: headers.get(name) or None, "", (name,))
