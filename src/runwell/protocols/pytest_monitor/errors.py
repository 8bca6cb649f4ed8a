"""Errors as the original server words them: `{"message"}`, and `{"errors"}` by field."""

from __future__ import annotations

from collections.abc import Mapping

from runwell.errors import BadBody, BadEvent, Error, NotFound
from runwell.http import Answer, json_answer

NOT_FOUND = (
    "The requested URL was not found on the server. If you entered the URL manually please check "
    "your spelling and try again."
)
NOT_UNDERSTOOD = "The browser (or proxy) sent a request that this server could not understand."


class ValidationFailed(BadBody):
    """Input payload validation failed"""  # noqa: D415 - the original's words, byte for byte

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(pointer=next(iter(errors)))
        self.errors = dict(errors)


class Malformed(BadBody):
    """The body is not JSON."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{NOT_UNDERSTOOD} {problem}")


def render_error(error: Error) -> Answer:
    """Any error in this protocol's words."""
    if isinstance(error, BadEvent):
        error = ValidationFailed({error.pointer: error.message})
    if isinstance(error, ValidationFailed):
        return json_answer({"errors": error.errors, "message": error.message}, error.status)
    message = NOT_FOUND if type(error) is NotFound and not error.pointer else error.message
    return json_answer({"message": message}, error.status)
