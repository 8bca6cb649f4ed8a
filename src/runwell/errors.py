"""What a caller can do wrong, and what the server may have to refuse.

    Error
    ├── BadRequest 400          the request cannot be understood
    │   ├── BadBody             the body is not what the route takes
    │   ├── BadHTTP             the bytes are no HTTP
    │   ├── BadTime             a time that is no time, or outside 1970 to 2200
    │   ├── BadEvent            an event that no protocol may make
    │   ├── BadParameter        a query parameter that means nothing
    │   └── BadQuery            a question that cannot be asked
    │       ├── BadSyntax       SQL that cannot be read
    │       ├── UnknownRelation a relation that is not there
    │       ├── UnknownColumn   a column that is not there
    │       ├── BadValue        a value that its type cannot take
    │       ├── ReadOnly        SQL that is no SELECT
    │       └── ClosedHere      files, the network, functions that are not on the list
    ├── Unauthorized 401        no token
    │   └── UnknownToken        one that is unknown, revoked or expired
    ├── Forbidden 403           the token lacks the scope
    ├── OutOfReach 403          the token is bound to other repositories
    ├── CrossOrigin 403         a browser sent what a page of another origin wants
    ├── ForeignHost 403         the request calls this server by another's name
    ├── NotFound 404
    ├── MethodNotAllowed 405
    ├── TooSlow 408             the body did not arrive in time
    │   ├── HeadersTooSlow      nor did the headers
    │   └── AnswerNotTaken      the client does not read; never sent
    ├── Conflict 409            the key holds other content
    │   └── AttemptGap          an attempt came before the one in front of it
    ├── TooLarge 413            a bound of config.py was passed
    ├── UrlTooLong 414
    ├── UnsupportedEncoding 415
    ├── HeadersTooLarge 431
    ├── InternalError 500       a bug of ours; the log has it
    ├── Overloaded 503          the queue is full: come back later
    │   ├── TooManyStreams      as many are under way as there may be
    │   ├── TooManyConnections  as many are open as there may be
    │   ├── TooManyPipelined    as many wait on one connection as there may be; never sent
    │   └── Busy                as many requests are under way as there may be
    ├── NotCaughtUp 503         the columns are behind what was acknowledged
    ├── Stopping 503            the server is draining
    ├── DiskFull 503            no room is left: nothing was stored
    ├── LedgerHeld 503          another process holds the ledger: nothing was stored
    ├── StorageFailed 503       the disk failed: the server ends
    ├── Unreadable 503          the disk did not give back what was asked for
    └── QueryTooLong 504        the question took longer than allowed

A docstring is the default message; the status is on the class. Each protocol words the answer
itself (`render_error`).
"""

from __future__ import annotations

# What was sent may come back in an error, but never much of it: a name can be a megabyte.
MESSAGE_CHARS_MAX = 10_000  # room for a long filter and the caret below it
POINTER_CHARS_MAX = 300


def clipped(text: str, chars_max: int) -> str:
    """The text, or as much of its beginning."""
    return text if len(text) <= chars_max else f"{text[: chars_max - 3]}..."


class Error(Exception):
    """Something went wrong."""

    status: int = 500
    retry_after_seconds: int | None = None

    def __init__(self, message: str = "", *, pointer: str = "") -> None:
        super().__init__(clipped(message or (self.__doc__ or "").strip(), MESSAGE_CHARS_MAX))
        # JSON pointer or parameter name of the offending value, if there is one
        self.pointer = clipped(pointer, POINTER_CHARS_MAX)
        self.place: int | None = None  # which write of the request it is about, if one is to blame
        self.reason = type(self).__name__  # as the metrics count it

    @property
    def message(self) -> str:
        """One line that says what is wrong."""
        return str(self.args[0])


class BadRequest(Error):
    """The request cannot be understood."""

    status = 400


class BadBody(BadRequest):
    """The body is not what this route takes."""


class BadHTTP(BadRequest):
    """Invalid HTTP request received."""


class BadTime(BadRequest):
    """This is not a time between 1970 and 2200."""

    def __init__(self, text: str, *, pointer: str = "") -> None:
        super().__init__(
            f"not an ISO 8601 time between 1970 and 2200: {text[:80]!r}", pointer=pointer
        )


class BadEvent(BadRequest):
    """An event holds something beyond the bounds."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}", pointer=field)
        self.problem = problem


class BadParameter(BadRequest):
    """A query parameter means nothing here."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}", pointer=name)


class BadQuery(BadRequest):
    """This question cannot be asked."""

    def __init__(
        self, message: str = "", *, pointer: str = "", position: int | None = None
    ) -> None:
        super().__init__(message, pointer=pointer)
        self.position = position  # of the character of the SQL that is to blame, from 1 on


class BadSyntax(BadQuery):
    """This SQL cannot be read."""


class UnknownRelation(BadQuery):
    """There is no such relation."""


class UnknownColumn(BadQuery):
    """There is no such column."""


class BadValue(BadQuery):
    """A value is none that its type can take."""


class ReadOnly(BadQuery):
    """Nothing is written here."""


class ClosedHere(BadQuery):
    """This part of SQL is closed here."""


class Unauthorized(Error):
    """A token is needed."""

    status = 401


class UnknownToken(Unauthorized):
    """This token is unknown, revoked or expired."""

    def __init__(self, reason: str = "UnknownToken") -> None:
        super().__init__()
        self.reason = reason  # the sender hears the same of all three


class Forbidden(Error):
    """This token does not have the scope."""

    status = 403

    def __init__(self, scope: str) -> None:
        super().__init__(f"this token does not have the scope {scope!r}")


class OutOfReach(Error):
    """This token is bound to other repositories."""

    status = 403


class CrossOrigin(Error):
    """A page of another origin may not send this; a program leaves `Origin` out."""

    status = 403


class ForeignHost(Error):
    """This server does not answer to this name; the setting `allowed_hosts` may have it."""

    status = 403


class NotFound(Error):
    """There is nothing here."""

    status = 404


class MethodNotAllowed(Error):
    """The method is not allowed for the requested URL."""

    status = 405

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__()
        self.allowed = allowed


class TooSlow(Error):
    """The request body did not arrive in time."""

    status = 408


class HeadersTooSlow(TooSlow):
    """The request headers did not arrive in time."""


class AnswerNotTaken(TooSlow):
    """The answer was not taken in time."""


class Conflict(Error):
    """The same key is stored with other content."""

    status = 409


class AttemptGap(Conflict):
    """Attempts of an id have no gap in their numbers."""

    def __init__(self, number: int, known: int, *, pointer: str = "") -> None:
        place = f"{pointer}: " if pointer else ""
        super().__init__(
            f"{place}{number}, where attempt {known + 1} is the next; send the attempts in order",
            pointer=pointer,
        )
        self.number, self.known = number, known

    def at(self, pointer: str) -> AttemptGap:
        """The same, with the place in the request."""
        return AttemptGap(self.number, self.known, pointer=pointer)


class TooLarge(Error):
    """The request passes a limit."""

    status = 413


class UrlTooLong(Error):
    """The path and query string are too long."""

    status = 414


class HeadersTooLarge(Error):
    """The request headers are too large."""

    status = 431


class InternalError(Error):
    """Something went wrong inside the server; its log says what."""


class UnsupportedEncoding(Error):
    """Only gzip and identity request bodies are taken."""

    status = 415


class Overloaded(Error):
    """The write queue is full; nothing was stored, send it again."""

    status = 503
    retry_after_seconds = 1


class TooManyStreams(Overloaded):
    """As many streams are under way as there may be; ask again soon."""

    retry_after_seconds = 5


class TooManyConnections(Overloaded):
    """As many connections are open as there may be; nothing was stored, send it again."""

    retry_after_seconds = 2


class TooManyPipelined(Overloaded):
    """Too many requests wait on this connection for the answers to those before them."""


class Busy(Overloaded):
    """The server is busy with other requests; nothing was stored, send it again."""


class NotCaughtUp(Error):
    """The columns have not caught up with the ledger yet; ask again."""

    status = 503
    retry_after_seconds = 2


class Stopping(Error):
    """The server is stopping; nothing was stored, send it again."""

    status = 503
    retry_after_seconds = 2


class DiskFull(Error):
    """The disk is full; nothing was stored, send it again later."""

    status = 503  # and not 507, which no client sends again
    retry_after_seconds = 5


class LedgerHeld(Error):
    """Another process holds the ledger; nothing was stored, send it again."""

    status = 503
    retry_after_seconds = 2


class StorageFailed(Error):
    """The disk failed and the server ends; sending it again after its restart is safe."""

    status = 503
    retry_after_seconds = 5


class Unreadable(Error):
    """The disk did not give back what was asked for; the log says more."""

    status = 503
    retry_after_seconds = 5


class QueryTooLong(Error):
    """The question took longer than allowed and was stopped."""

    status = 504
