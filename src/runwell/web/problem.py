"""Errors of our own API as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from runwell.errors import Error
from runwell.http import Answer
from runwell.http.call import encode_json


def render_problem(error: Error) -> Answer:
    """`{"type", "title", "status", "detail"}` and, where one value is to blame, `pointer`."""
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
    }
    if error.pointer:
        problem["pointer"] = error.pointer
    return Answer(error.status, encode_json(problem), "application/problem+json")
