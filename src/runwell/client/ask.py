"""Questions over HTTP; whatever goes wrong becomes an error that says what to do next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.client import HTTPException, HTTPResponse, IncompleteRead
from typing import Any
from urllib.parse import urlencode

from runwell.client.connection import BadAddress, Connections, Request, without_password

TIMEOUT_SECONDS = 30.0
DETAIL_BYTES_MAX = 65_536
PIECE_BYTES = 65_536
LINE_BYTES_MAX = 64 * 1024 * 1024

Parameters = Mapping[str, str] | Sequence[tuple[str, str]]


class NoAnswer(ConnectionError):
    """The server is not there, or refused the question."""


class Refused(NoAnswer):
    """The server refused the question.

    `status` is that of HTTP, `detail` what the server says (with lines and a caret where a text is
    to blame), `pointer` the parameter or the place in the body that is to blame, if one is.
    """

    def __init__(self, status: int, detail: str, pointer: str = "") -> None:
        advice = "; give a token with --token or RUNWELL_TOKEN" if status in (401, 403) else ""
        super().__init__(f"{status}: {detail.rstrip('.') if advice else detail}{advice}")
        self.status = status
        self.detail = detail
        self.pointer = pointer


class Link:
    """A server's address and a token: asks and reads JSON, or hands over a stream."""

    def __init__(
        self, url: str, token: str = "", *, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        if not (token.isascii() and token.isprintable()):
            raise NoAnswer("--token: a token is what `runwell token create` printed")
        self.url = without_password(url)
        try:
            self._connections = Connections(url, token, timeout_seconds)
        except BadAddress as error:
            raise NoAnswer(str(error)) from error

    def get(self, path: str, parameters: Parameters = ()) -> Any:
        """The JSON of a GET. Raises NoAnswer."""
        return self._json(Request("GET", _target(path, parameters)))

    def post(self, path: str, body: bytes, parameters: Parameters = ()) -> Any:
        """The JSON of a POST of JSON. Raises NoAnswer."""
        headers = {"Content-Type": "application/json"}
        return self._json(Request("POST", _target(path, parameters), body, headers))

    @contextmanager
    def stream(
        self,
        path: str,
        parameters: Parameters = (),
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> Iterator[Stream]:
        """An answer to be read piece by piece, each within the timeout. Raises NoAnswer."""
        request = Request("GET", _target(path, parameters), headers=headers or {})
        with ExitStack() as stack:
            with self._worded():
                answer = stack.enter_context(self._connections.exchange(request, timeout_seconds))
                _check(self.url, answer)
            yield Stream(answer, self._worded)

    def close(self) -> None:
        """Close what is open."""
        self._connections.close()

    def _json(self, request: Request) -> Any:
        with self._worded(), self._connections.exchange(request) as answer:
            _check(self.url, answer)
            return json.loads(answer.read())

    @contextmanager
    def _worded(self) -> Iterator[None]:
        """Whatever goes wrong inside, in words."""
        try:
            yield
        except NoAnswer:
            raise
        except IncompleteRead as error:
            raise NoAnswer(f"the answer of {self.url} breaks off") from error
        except OSError as error:
            raise NoAnswer(
                f"no answer from {self.url} ({error or type(error).__name__}); start a server "
                "with `runwell serve`, or name another with --url"
            ) from error
        except (HTTPException, ValueError) as error:
            raise no_runwell(self.url, str(error) or type(error).__name__) from error


class Stream:
    """The body of an answer that is still coming."""

    def __init__(
        self, answer: HTTPResponse, worded: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._answer = answer
        self._worded = worded

    def pieces(self) -> Iterator[bytes]:
        """All of it, in the order it comes. Raises NoAnswer: it breaks off."""
        while piece := self._read(self._answer.read, PIECE_BYTES):
            yield piece
        if self._answer.length:
            with self._worded():
                raise IncompleteRead(b"", self._answer.length)

    def lines(self) -> Iterator[bytes]:
        """Its lines with their ends. Raises NoAnswer: it breaks off."""
        while line := self._read(self._answer.readline, LINE_BYTES_MAX):
            yield line

    def _read(self, read: Callable[[int], bytes], most: int) -> bytes:
        with self._worded():
            return read(most)


def ask(url: str, path: str, parameters: Parameters, token: str = "") -> Any:
    """GET `path` once and read its JSON.

    Raises:
        NoAnswer: with the server's own words, or with how to start one.
    """
    link = Link(url, token)
    try:
        return link.get(path, parameters)
    finally:
        link.close()


def ask_summary(url: str, parameters: Parameters, token: str = "") -> list[dict[str, Any]]:
    """The rows of `/-/api/summary`. Raises NoAnswer."""
    rows: list[dict[str, Any]] = member(
        url, ask(url, "/-/api/summary", parameters, token), "summary"
    )
    return rows


def member(url: str, answer: Any, name: str) -> Any:
    """What the answer has under this name. Raises NoAnswer."""
    try:
        return answer[name]
    except (KeyError, TypeError) as error:
        raise no_runwell(url, f"it has no {name}") from error


def no_runwell(url: str, reason: str) -> NoAnswer:
    """Somebody else answers at this address."""
    return NoAnswer(
        f"{without_password(url)} does not answer like runwell ({reason}); name another with --url"
    )


def words(value: str | Iterable[str]) -> str:
    """A list as the addresses take it: comma-separated."""
    return value if isinstance(value, str) else ",".join(value)


def _target(path: str, parameters: Parameters) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _check(url: str, answer: HTTPResponse) -> None:
    if 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's "it went well"
        return
    if place := answer.getheader("location"):
        raise no_runwell(url, f"it points to {place}")
    try:
        problem = json.loads(answer.read(DETAIL_BYTES_MAX))
        detail, pointer = str(problem["detail"]), str(problem.get("pointer", ""))
    except (ValueError, LookupError, TypeError):
        detail, pointer = answer.reason, ""
    raise Refused(answer.status, detail, pointer)
