"""The ASGI application: path -> protocol -> token -> body -> handler -> answer, and errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

from starlette.datastructures import Headers, QueryParams
from starlette.types import Message, Receive, Scope, Send

from runwell import access
from runwell.config import Config
from runwell.errors import (
    Error,
    HeadersTooLarge,
    InternalError,
    MethodNotAllowed,
    TooSlow,
    Unauthorized,
    Unreadable,
    UrlTooLong,
)
from runwell.http.body import ClientGone, check_json, read_body
from runwell.http.browser import HEADERS, Door
from runwell.http.call import Answer, Call, Endpoint
from runwell.http.credentials import Credentials
from runwell.http.load import Held, Load
from runwell.http.naming import name_of, named, new_name
from runwell.http.router import RouteClash, Router
from runwell.http.streaming import Stalled, begin, send_chunks
from runwell.observe import Counters, log, told
from runwell.tokens import BadTokens, Tokens

TOKENS_ADVICE = "restore tokens.json in the data directory; until then nobody is let in"


class Speaker(Protocol):
    """The part of a protocol that the gate needs (see `runwell.protocols.base.Protocol`)."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def claims(self) -> tuple[str, ...]:
        """The paths that are its own."""
        ...

    @property
    def credentials(self) -> Credentials:
        """Where its clients carry a token."""
        ...

    @property
    def render_error(self) -> Callable[[Error], Answer]:
        """An error in its own words."""
        ...

    @property
    def refused(self) -> Any:
        """The wire type of those words, where they are JSON."""
        ...


@dataclass(frozen=True, slots=True)
class Mounted:
    """A protocol with its endpoints in place."""

    protocol: Speaker
    endpoints: Sequence[Endpoint]
    router: Router


def mount(protocol: Speaker, endpoints: Sequence[Endpoint]) -> Mounted:
    """Put a protocol's endpoints in place.

    Raises:
        RouteClash: an endpoint lies outside the protocol's claims, or two are the same.
    """
    for path in _paths(endpoints):
        if not any(_lies_under(path, claim) for claim in protocol.claims):
            raise RouteClash(f"{protocol.name}: {path} is outside of its claims")
    return Mounted(protocol, endpoints, Router(endpoints))


def _paths(endpoints: Sequence[Endpoint]) -> list[str]:
    return [path for endpoint in endpoints for path in (endpoint.path, *endpoint.aliases)]


def _lies_under(path: str, claim: str) -> bool:
    return path == claim or path.startswith(claim.rstrip("/") + "/")


class Gate:
    """Answers every HTTP request. `fallback` owns the paths that nobody claims."""

    def __init__(
        self,
        mounted: Sequence[Mounted],
        fallback: Mounted,
        config: Config,
        tokens: Tokens,
        counters: Counters,
    ) -> None:
        self._config = config
        self.load = Load(config)
        self._early: dict[tuple[str, str], bytes] = {}
        self._tokens = tokens
        self._door = Door(config)
        self._counters = counters
        self._failure: Error | None = None
        self._fallback = fallback
        self._claims = claims_of([*mounted, fallback])
        self._depth = max(claim.count("/") for claim in self._claims) + 1
        self._vital = {endpoint.path for endpoint in fallback.endpoints if endpoint.is_vital}
        for item in [*mounted, fallback]:
            self._check_reach(item)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] != "http":
            return
        with access.Acting(None):  # nobody, until it is known who
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        path = scope["raw_path"].decode("ascii", "replace")
        mounted = self._find(path)
        try:
            with Held(self.load, scope.get("state", {})) as held:
                answer = await self._answer(mounted, path, scope, receive, held)
                answer = named(answer, name_of(scope))
        except ClientGone:
            return
        name = mounted.protocol.name
        self._counters.add("runwell_requests_total", protocol=name, status=str(answer.status))
        self._counters.took("runwell_request_seconds", time.perf_counter() - began, protocol=name)
        if answer.stream is not None and scope["method"] != "HEAD":
            await self._send_stream(answer, scope, send)
        else:
            await _send(answer, send, with_body=scope["method"] != "HEAD")

    def refuse_early(self, address: bytes, error: Error) -> bytes | None:
        """A whole answer before there is a request; None for what is answered in any case."""
        path = address.partition(b"?")[0].decode("ascii", "replace")
        if path in self._vital:
            return None
        protocol = self._find(path).protocol
        self._counters.add("runwell_requests_total", protocol=protocol.name, status="503")
        self._counters.add("runwell_refused_total", protocol=protocol.name, reason=error.reason)
        key = (protocol.name, error.reason)
        if key not in self._early:
            self._early[key] = _as_bytes(worded(protocol, error))
        return self._early[key]

    async def _send_stream(self, answer: Answer, scope: Scope, send: Send) -> None:
        """What ends early has no end on the wire: returning without one breaks the connection."""
        assert answer.stream is not None
        outcome, path = "cancelled", unquote(scope["raw_path"].decode("ascii", "replace"))[:200]
        try:
            async with access.while_it_counts(self._tokens):
                stall_seconds = self._config.stall_seconds_max
                await send_chunks(answer.stream, _start(answer), send, stall_seconds)
        except ClientGone:
            outcome = "gone"
        except (Error, Stalled, access.Lapsed) as error:
            outcome = type(error).__name__
            log.warning("stream_broken", request=name_of(scope), path=path, error=repr(error))
            if not isinstance(error, Error):
                _abort(scope)
        except Exception as error:  # noqa: BLE001 - a bug must not end as if all had been sent
            outcome = "InternalError"
            log.error("stream_broken", request=name_of(scope), path=path, **told(error))
        else:
            outcome = "whole"
        finally:
            self._counters.add("runwell_streams_total", outcome=outcome)

    def _check_reach(self, mounted: Mounted) -> None:
        for path in _paths(mounted.endpoints):
            if (other := self._find(path)) is not mounted:
                mine, theirs = mounted.protocol.name, other.protocol.name
                raise RouteClash(f"{mine}: {path} lies in what {theirs} claims")

    def _find(self, path: str) -> Mounted:
        """The protocol with the longest claim that the path lies under."""
        segments = path.split("/", self._depth)
        for count in range(len(segments), 1, -1):
            if found := self._claims.get("/".join(segments[:count])):
                return found
        return self._fallback

    async def _answer(
        self, mounted: Mounted, path: str, scope: Scope, receive: Receive, held: Held
    ) -> Answer:
        headers = Headers(raw=scope["headers"])
        try:
            self._check_failure()
            self._check_sizes(scope)
            endpoint, params = mounted.router.find(scope["method"], path)
            _check_room(endpoint, scope)
            self._let_in(mounted.protocol.credentials, endpoint, scope, headers)
            body = await self._body(endpoint, headers, receive, held)
            query = QueryParams(scope["query_string"])
            answer = await endpoint.handle(Call(path, params, query, headers, body))
            if endpoint.scope == "write":
                held.wrote()
            return await _begun(answer, scope, receive)
        except Error as error:
            return self._refuse(mounted.protocol, error)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - a bug must be answered in the protocol's words, and logged
            name = name_of(scope) or new_name()
            asked = f"{scope['method']} {unquote(path)[:200]}"
            log.error("request_failed", request=name, asked=asked, **told(error))
            return named(self._refuse(mounted.protocol, InternalError()), name)

    def refuse_all(self, failure: Error) -> None:
        """Nothing is answered any more but this, whatever is asked."""
        self._failure = failure

    def _check_failure(self) -> None:
        if self._failure:
            raise type(self._failure)(self._failure.message)

    def _check_sizes(self, scope: Scope) -> None:
        if len(scope["raw_path"]) + len(scope["query_string"]) > self._config.url_bytes_max:
            raise UrlTooLong
        if (
            sum(len(name) + len(value) for name, value in scope["headers"])
            > self._config.header_bytes_max
        ):
            raise HeadersTooLarge

    def _let_in(
        self, credentials: Credentials, endpoint: Endpoint, scope: Scope, headers: Headers
    ) -> None:
        """From here on it is known who asks. Raises Error."""
        self._door.check(scope["method"], scope["headers"])
        if endpoint.scope is None:
            return
        try:
            caller = access.admit(self._tokens, credentials.find(headers), endpoint.scope)
        except BadTokens as error:
            log.error("tokens_unreadable", error=str(error), advice=TOKENS_ADVICE)
            raise Unreadable from error
        self._door.check_host(scope["headers"], is_open=caller.token is None)
        access.acts(caller)

    async def _body(
        self, endpoint: Endpoint, headers: Headers, receive: Receive, held: Held
    ) -> bytes:
        if endpoint.method == "GET":  # a body is allowed and means nothing
            if not endpoint.is_vital:
                held.check_turn()
            return b""
        clock = asyncio.get_running_loop().time
        began = clock()
        body = await read_body(headers, receive, held)
        if clock() - began > access.LOOK_SECONDS:
            access.check_still(self._tokens)
        if endpoint.body is not None and endpoint.is_json_only:
            check_json(body, self._config.depth_max)
        return body

    def _refuse(self, protocol: Speaker, error: Error) -> Answer:
        self._counters.add("runwell_refused_total", protocol=protocol.name, reason=error.reason)
        return worded(protocol, error)


def _check_room(endpoint: Endpoint, scope: Scope) -> None:
    """What its connection says against a request; who asks how the server is, is always told."""
    refusal = scope.get("state", {}).get("refusal")
    if refusal and not endpoint.is_vital:
        raise refusal


def worded(protocol: Speaker, error: Error) -> Answer:
    """An error in a protocol's words, with the headers that HTTP wants beside them."""
    answer = protocol.render_error(error)
    extra = tuple(_error_headers(error, protocol.credentials))
    return replace(answer, headers=answer.headers + extra)


def claims_of(mounted: Sequence[Mounted]) -> dict[str, Mounted]:
    """Every claimed path and whose it is. Raises RouteClash if two protocols claim the same."""
    claims: dict[str, Mounted] = {}
    for item in mounted:
        for claim in item.protocol.claims:
            path = claim.rstrip("/") or "/"
            if path in claims:
                other = claims[path].protocol.name
                raise RouteClash(f"{path} is claimed by {other} and by {item.protocol.name}")
            claims[path] = item
    return claims


def _error_headers(error: Error, credentials: Credentials) -> list[tuple[str, str]]:
    headers = []
    if error.retry_after_seconds is not None:
        headers.append(("retry-after", str(error.retry_after_seconds)))
    if isinstance(error, TooSlow):  # what still comes belongs to no request
        headers.append(("connection", "close"))
    if isinstance(error, Unauthorized) and credentials.challenge:
        headers.append(("www-authenticate", credentials.challenge))
    if isinstance(error, MethodNotAllowed):
        headers.append(("allow", ", ".join(error.allowed)))
    return headers


async def _begun(answer: Answer, scope: Scope, receive: Receive) -> Answer:
    """With the first chunk of a stream made, as long as an error can still be answered."""
    if answer.stream is None or scope["method"] == "HEAD":
        return answer
    return replace(answer, stream=await begin(answer.stream, receive))


async def _send(answer: Answer, send: Send, *, with_body: bool) -> None:
    await send(_start(answer))
    await send({"type": "http.response.body", "body": answer.body if with_body else b""})


def _abort(scope: Scope) -> None:
    """Give up what was not taken: a connection that is closed would wait for it, maybe for ever."""
    if abort := scope.get("state", {}).get("abort"):
        abort()


def _as_bytes(answer: Answer) -> bytes:
    status = HTTPStatus(answer.status)
    head = b"HTTP/1.1 %d %s\r\n" % (status, status.phrase.encode())
    lines = [b"%s: %s\r\n" % header for header in _start(answer)["headers"]]
    return b"".join([head, *lines, b"\r\n", answer.body])


def _start(answer: Answer) -> Message:
    headers: list[tuple[bytes, bytes]] = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
    ]
    if headers:
        told = {name for name, _ in headers}
        headers += [(name, value) for name, value in HEADERS if name not in told]
    else:
        headers += HEADERS
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    if answer.status not in (204, 304) and answer.stream is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
