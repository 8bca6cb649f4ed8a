"""Errors in the original's envelope: `{"result", "code", "headers", "success"}`."""

from __future__ import annotations

import json
from urllib.parse import quote

from runwell.errors import BadBody, Error, MethodNotAllowed, NotFound
from runwell.http import Answer

FIELD_CHARS = 200
PLAIN = "[]. "  # beside letters and digits, in the name of a field
TEXT = "text/plain; charset=utf-8"


class BadInput(BadBody):
    """Something in the request is not as documented."""


class NoSuchEvent(NotFound):
    """Not Found"""  # noqa: D415 - the original's words, byte for byte


class NoDiagram(NotFound):
    """There is no family to show."""

    def __init__(self, id_: str) -> None:
        super().__init__(f"Event ID {id_} is not available in DB")


class AlreadyExists(BadBody):
    """There is an event of this id."""

    def __init__(self, id_: str) -> None:
        super().__init__(f"Error: id '{id_}' already exists", pointer="id")


class CannotDelete(BadBody):
    """There is no event of this id to delete."""

    def __init__(self, id_: str) -> None:
        super().__init__(f"Can not delete event with id: {id_}")


class Clash(BadBody):
    """Merge not possible:reserved keys have clashing values."""


def render_error(error: Error) -> Answer:
    """Any error in this protocol's words; addresses that are not there answer in plain text."""
    match error:
        case MethodNotAllowed():
            return Answer(405, b"405: Method Not Allowed", TEXT)
        case NoDiagram():
            return Answer(404, error.message.encode(), TEXT)
        case NotFound() if not isinstance(error, NoSuchEvent):
            return Answer(404, b"404: Not Found", TEXT)
    # the original has no place for the field's name, and its texts are its own
    field = quote(error.pointer[:FIELD_CHARS], safe=PLAIN)
    headers = (("x-ets-field", field),) if field else ()
    envelope = {"result": error.message, "code": error.status, "headers": {}, "success": False}
    return Answer(error.status, json.dumps(envelope).encode(), headers=headers)
