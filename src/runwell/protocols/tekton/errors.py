"""Errors as gRPC codes: `{"code", "message"}` with the HTTP status that grpc-gateway gives them."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

from runwell.errors import (
    BadRequest,
    Conflict,
    CrossOrigin,
    DiskFull,
    Error,
    Forbidden,
    ForeignHost,
    HeadersTooLarge,
    InternalError,
    LedgerHeld,
    MethodNotAllowed,
    NotCaughtUp,
    NotFound,
    OutOfReach,
    Overloaded,
    QueryTooLong,
    Stopping,
    StorageFailed,
    TooLarge,
    TooSlow,
    Unauthorized,
    UnknownToken,
    Unreadable,
    UnsupportedEncoding,
    UrlTooLong,
)
from runwell.http import Answer, json_answer
from runwell.protocols.tekton.wire import Refused

Constraint = Literal["results_by_name", "records_by_name"]


class Code(IntEnum):
    """The gRPC codes that are answered."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class InvalidArgument(BadRequest):
    """Something in the request is not as documented."""


class WrappedArgument(InvalidArgument):
    """As InvalidArgument, where the original puts one error's text into another's."""

    def __init__(self, problem: str, *, pointer: str = "") -> None:
        super().__init__(f"rpc error: code = InvalidArgument desc = {problem}", pointer=pointer)


class BadMessage(InvalidArgument):
    """A body is JSON, but not this message; `place` is the field, in snake case.

    The original has a line and a column where the place stands here. Go's protobuf library puts a
    blank or a no-break space after `proto:`, so that nobody compares the text; it is the latter.
    """

    def __init__(self, place: str, problem: str) -> None:
        shown = f"({place}): " if place else ""
        super().__init__(f"proto:\N{NO-BREAK SPACE}{shown}{problem}", pointer=place)


class RecordNotFound(NotFound):
    """record not found"""  # noqa: D415 - the original's words, byte for byte


class ResultMissing(NotFound):
    """failed to find a result: rpc error: code = NotFound desc = record not found"""  # noqa: D415


class UnknownService(NotFound):
    """unknown service"""  # noqa: D415


class AlreadyExists(Conflict):
    """There is a result or a record of this name."""

    def __init__(self, constraint: Constraint) -> None:
        text = f'duplicate key value violates unique constraint "{constraint}"'
        super().__init__(f"ERROR: {text} (SQLSTATE 23505)", pointer="name")


class EtagMismatch(BadRequest):
    """the etag mismatches"""  # noqa: D415


# The most specific class decides. EtagMismatch is a FailedPrecondition, which is 400 over HTTP.
CODES: dict[type[Error], Code] = {
    Error: Code.INTERNAL,
    InternalError: Code.INTERNAL,
    BadRequest: Code.INVALID_ARGUMENT,
    EtagMismatch: Code.FAILED_PRECONDITION,
    UrlTooLong: Code.INVALID_ARGUMENT,
    HeadersTooLarge: Code.RESOURCE_EXHAUSTED,
    UnsupportedEncoding: Code.INVALID_ARGUMENT,
    TooLarge: Code.RESOURCE_EXHAUSTED,
    NotFound: Code.NOT_FOUND,
    Conflict: Code.ALREADY_EXISTS,
    MethodNotAllowed: Code.UNIMPLEMENTED,
    Unauthorized: Code.UNAUTHENTICATED,
    Forbidden: Code.UNAUTHENTICATED,
    OutOfReach: Code.UNAUTHENTICATED,
    CrossOrigin: Code.PERMISSION_DENIED,
    ForeignHost: Code.PERMISSION_DENIED,
    TooSlow: Code.DEADLINE_EXCEEDED,
    QueryTooLong: Code.DEADLINE_EXCEEDED,
    Overloaded: Code.UNAVAILABLE,
    Stopping: Code.UNAVAILABLE,
    NotCaughtUp: Code.UNAVAILABLE,
    DiskFull: Code.UNAVAILABLE,
    LedgerHeld: Code.UNAVAILABLE,
    StorageFailed: Code.UNAVAILABLE,
    Unreadable: Code.UNAVAILABLE,
}
STATUSES: dict[type[Error], int] = {MethodNotAllowed: 501, Forbidden: 401, OutOfReach: 401}
# A class itself, not what is derived from it: those have their own texts.
TEXTS: dict[type[Error], str] = {
    NotFound: "Not Found",
    MethodNotAllowed: "Method Not Allowed",
    Unauthorized: "unable to find token",
    UnknownToken: "permission denied",
    Forbidden: "permission denied",
    OutOfReach: "permission denied",
}


def render_error(error: Error) -> Answer:
    """Any error in this protocol's words: `{"code": 5, "message": "record not found"}`.

    A 401 says its message in `WWW-Authenticate`, too; a missing scope is a 401, never a 403.
    A body that is too large answers 413 with code 8: grpc-gateway would make a 429 of it, which
    clients take for "slower, please" and send again.
    """
    message = TEXTS.get(type(error), error.message)
    code = code_of(error)
    headers = (("www-authenticate", message),) if code is Code.UNAUTHENTICATED else ()
    answer = json_answer(Refused(code, message), STATUSES.get(type(error), error.status))
    return Answer(answer.status, answer.body, answer.content_type, headers)


def code_of(error: Error) -> Code:
    """The gRPC code of an error."""
    return next(CODES[class_] for class_ in type(error).__mro__ if class_ in CODES)
