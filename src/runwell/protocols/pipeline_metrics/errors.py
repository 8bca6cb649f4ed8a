"""Errors of this protocol: JSON that names the field, where the original answered 500 in HTML."""

from __future__ import annotations

from runwell.errors import BadBody, Error
from runwell.http import Answer, json_answer

ALREADY_REPORTED = 208


class BadField(BadBody):
    """One field of the report is missing or wrong."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}" if field else problem, pointer=field)


class AlreadyReported(Error):
    """This pipeline is stored already; nothing was changed."""

    status = ALREADY_REPORTED


def render_error(error: Error) -> Answer:
    """`{"message"}` and, where one is to blame, `"field"`; a repeat is 208 with an empty body."""
    if isinstance(error, AlreadyReported):
        return Answer(ALREADY_REPORTED, content_type="")
    body = {"message": error.message}
    if error.pointer:
        body["field"] = error.pointer
    return json_answer(body, error.status)
