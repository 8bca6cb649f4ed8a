"""Errors of our own API as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from runwell.errors import Error, NotFound
from runwell.http import Answer
from runwell.http.call import encode_json

GRPC_NOT_FOUND = 5


def render_problem(error: Error) -> Answer:
    """`{"type", "title", "status", "detail"}` and, where one value is to blame, `pointer`.

    Where there is nothing at all, also `code` and `message` as a gRPC gateway has them: its clients
    do not know that a path is nobody's.
    """
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.message,
    }
    if isinstance(error, NotFound):
        problem |= {"code": GRPC_NOT_FOUND, "message": HTTPStatus(error.status).phrase}
    if error.pointer:
        problem["pointer"] = error.pointer
    return Answer(error.status, encode_json(problem), "application/problem+json")
