"""Errors as `{"error": {"code", "message", "path"}}`, on one line: Jenkins prints them whole."""

from __future__ import annotations

from runwell.errors import BadBody, Error
from runwell.http import Answer, json_answer

# Codes in the style of the vendor's later API; any other status is an `error`.
CODES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    503: "unavailable",
}
MESSAGE_CHARS_MAX = 300


class BadPlace(BadBody):
    """Something in the request is not as documented."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem, pointer=path)


def render_error(error: Error) -> Answer:
    """Any error in this protocol's words."""
    message = " ".join(error.message.split())[:MESSAGE_CHARS_MAX]
    body = {"code": CODES.get(error.status, "error"), "message": message}
    if error.pointer:
        body["path"] = error.pointer[:MESSAGE_CHARS_MAX]
    return json_answer({"error": body}, error.status)
