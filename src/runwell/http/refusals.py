"""What a route may be refused with beside what its own handler says: for the OpenAPI document.

One error of each class stands for all of them; the protocol words it as it would any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from runwell.errors import (
    BadRequest,
    CrossOrigin,
    DiskFull,
    Error,
    Forbidden,
    ForeignHost,
    HeadersTooLarge,
    InternalError,
    LedgerHeld,
    NotCaughtUp,
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
from runwell.http.call import Endpoint

ANY = (UrlTooLong(), HeadersTooLarge(), InternalError(), StorageFailed())
WITH_TOKEN = {
    scope: (
        *(Unauthorized(), UnknownToken(), Forbidden(scope), OutOfReach(), ForeignHost()),
        *(TooLarge(), Overloaded(), Stopping()),
    )
    for scope in ("read", "write", "admin")
}
WITH_BODY = (CrossOrigin(), BadRequest(), TooSlow(), TooLarge(), UnsupportedEncoding())
READING = (NotCaughtUp(), QueryTooLong(), Unreadable())
WRITING = (DiskFull(), LedgerHeld())


def refusals(endpoint: Endpoint) -> Iterator[Error]:
    """An error of every class that a call of this route may end with."""
    yield from endpoint.refuses
    if endpoint.query:
        yield BadRequest()
    if endpoint.method != "GET":
        yield from WITH_BODY
    if endpoint.scope is not None:
        yield from WITH_TOKEN[endpoint.scope]
        yield from WRITING if endpoint.scope == "write" else READING
    yield from ANY
