"""Connections to one server, kept open between questions. No JSON, no words for errors."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from runwell import __version__

LOOPBACK = ("127.0.0.1", "::1", "localhost")
AGENT = f"runwell/{__version__}"
USER = re.compile(r"^([^/?#]*//|)[^/?#]*@")


class BadAddress(ValueError):
    """The address of the server cannot be one."""


class Request(NamedTuple):
    """What is sent: `target` is a path with its query."""

    method: str
    target: str
    body: bytes | None = None
    headers: Mapping[str, str] = {}


class Connections:
    """Opens connections to `url` and keeps those that are free; threads may share it.

    Raises:
        BadAddress: not http://HOST:PORT.
    """

    def __init__(self, url: str, token: str, timeout_seconds: float) -> None:
        parts = _address(url)
        token = token or unquote(parts.password or "")
        self._parts = parts
        self._proxy = _proxy(parts)
        self._timeout_seconds = timeout_seconds
        self._headers = {"User-Agent": AGENT}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._free: list[HTTPConnection] = []

    @contextmanager
    def exchange(self, request: Request, timeout_seconds: float = 0.0) -> Iterator[HTTPResponse]:
        """Send it and hand over the answer, of which the head is read.

        Who gives a timeout waits so long for each part of the answer, on a connection of its own.

        Raises:
            OSError, HTTPException: there is no answer, or it breaks off.
        """
        is_own = timeout_seconds > 0
        connection, answer = self._send(request, timeout_seconds)
        is_free = False
        try:
            yield answer
            is_free = answer.isclosed() and not (is_own or answer.will_close)
        finally:
            if is_free:
                self._free.append(connection)
            else:
                answer.close()
                connection.close()

    def close(self) -> None:
        """Let go of what is open; it can still be used afterwards."""
        while self._free:
            self._free.pop().close()

    def _send(
        self, request: Request, timeout_seconds: float
    ) -> tuple[HTTPConnection, HTTPResponse]:
        if not timeout_seconds and self._free:
            connection = self._free.pop()
            try:
                return connection, self._say(connection, request)
            except ConnectionError:  # the server had closed it meanwhile: it has read nothing
                connection.close()
                self.close()
        connection = self._open(timeout_seconds or self._timeout_seconds)
        try:
            return connection, self._say(connection, request)
        except (OSError, HTTPException):
            connection.close()
            raise

    def _say(self, connection: HTTPConnection, request: Request) -> HTTPResponse:
        target = f"{self._parts.path.rstrip('/')}{request.target}"
        headers = {**self._headers, **request.headers}
        if self._proxy and self._parts.scheme == "http":  # a proxy is told the whole address
            target = f"http://{_host_and_port(self._parts)}{target}"
            headers |= _proxy_headers(self._proxy)
        connection.request(request.method, target, request.body, headers)
        return connection.getresponse()

    def _open(self, timeout_seconds: float) -> HTTPConnection:
        kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        through = self._proxy or self._parts
        connection = kind(through.hostname or "", through.port, timeout=timeout_seconds)
        if self._proxy and self._parts.scheme == "https":
            connection.set_tunnel(
                self._parts.hostname or "", self._parts.port, _proxy_headers(self._proxy)
            )
        return connection


def without_password(url: str) -> str:
    """An address as it may be shown: a token may stand in front of its host.

    >>> without_password("http://ci:rw_x@ci.example:8080/a@b")
    'http://ci.example:8080/a@b'
    """
    return USER.sub(r"\1", url)


def _address(url: str) -> SplitResult:
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port  # read, so that a wrong one is told now
    except ValueError as error:
        raise BadAddress(f"--url takes http://HOST:PORT, not {shown!r} ({error})") from error
    if not is_good:
        raise BadAddress(f"--url takes http://HOST:PORT, not {shown!r}")
    return parts


def _host_and_port(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _proxy(parts: SplitResult) -> SplitResult | None:
    """The proxy that the environment names; it knows nothing of this machine's own addresses."""
    if parts.hostname in LOOPBACK or proxy_bypass(_host_and_port(parts)):
        return None
    found = getproxies().get(parts.scheme)
    return urlsplit(found if "://" in found else f"http://{found}") if found else None


def _proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
