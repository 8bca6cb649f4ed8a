"""Errors of our own API as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from runwell.errors import Error, NotFound
from runwell.http import Answer
from runwell.http.call import encode_json

GRPC_NOT_FOUND = 5


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every refusal."""

    type: str
    title: str
    status: int
    detail: str
    code: int | msgspec.UnsetType = msgspec.UNSET
    message: str | msgspec.UnsetType = msgspec.UNSET
    pointer: str | msgspec.UnsetType = msgspec.UNSET  # the value to blame, where there is one


def render_problem(error: Error) -> Answer:
    """`{"type", "title", "status", "detail"}` and, where one value is to blame, `pointer`.

    Where there is nothing at all, also `code` and `message` as a gRPC gateway has them: its clients
    do not know that a path is nobody's.
    """
    title = HTTPStatus(error.status).phrase
    is_missing = isinstance(error, NotFound)
    problem = Problem(
        type="about:blank",
        title=title,
        status=error.status,
        detail=error.message,
        code=GRPC_NOT_FOUND if is_missing else msgspec.UNSET,
        message=title if is_missing else msgspec.UNSET,
        pointer=error.pointer or msgspec.UNSET,
    )
    return Answer(error.status, encode_json(problem), "application/problem+json")
