"""The ASGI application: path -> protocol -> token -> body -> handler -> answer, and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import unquote

from starlette.datastructures import Headers, QueryParams
from starlette.types import Message, Receive, Scope, Send

from runwell.config import Config
from runwell.errors import (
    Error,
    Forbidden,
    HeadersTooLarge,
    InternalError,
    MethodNotAllowed,
    Unauthorized,
    UnknownToken,
    UrlTooLong,
)
from runwell.http.body import ClientGone, check_json, read_body
from runwell.http.call import Answer, Call, Endpoint
from runwell.http.credentials import Credentials
from runwell.http.router import RouteClash, Router
from runwell.http.streaming import Stalled, begin, send_chunks
from runwell.observe import Counters, log
from runwell.tokens import Tokens


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
        self._tokens = tokens
        self._counters = counters
        self._fallback = fallback
        self._claims = claims_of([*mounted, fallback])
        self._depth = max(claim.count("/") for claim in self._claims) + 1
        for item in [*mounted, fallback]:
            self._check_reach(item)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection scope."""
        if scope["type"] != "http":
            return
        path = scope["raw_path"].decode("ascii", "replace")
        mounted = self._find(path)
        try:
            answer = await self._answer(mounted, path, scope, receive)
        except ClientGone:
            return
        self._counters.add(
            "runwell_requests_total", protocol=mounted.protocol.name, status=str(answer.status)
        )
        if answer.stream is not None and scope["method"] != "HEAD":
            await self._send_stream(answer, scope, send)
        else:
            await _send(answer, send, with_body=scope["method"] != "HEAD")

    async def _send_stream(self, answer: Answer, scope: Scope, send: Send) -> None:
        """What ends early has no end on the wire: returning without one breaks the connection."""
        assert answer.stream is not None
        outcome, path = "cancelled", unquote(scope["raw_path"].decode("ascii", "replace"))[:200]
        try:
            await send_chunks(answer.stream, _start(answer), send, self._config.stall_seconds_max)
        except ClientGone:
            outcome = "gone"
        except (Error, Stalled) as error:
            outcome = type(error).__name__
            log.warning("stream_broken", path=path, error=repr(error))
            if isinstance(error, Stalled):
                _abort(scope)
        except Exception as error:  # noqa: BLE001 - a bug must not end as if all had been sent
            outcome = "InternalError"
            log.error("stream_broken", path=path, error=repr(error))
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

    async def _answer(self, mounted: Mounted, path: str, scope: Scope, receive: Receive) -> Answer:
        headers = Headers(raw=scope["headers"])
        try:
            self._check_sizes(scope)
            endpoint, params = mounted.router.find(scope["method"], path)
            self._check_token(mounted.protocol.credentials, endpoint, headers)
            body = await self._body(endpoint, headers, receive)
            query = QueryParams(scope["query_string"])
            answer = await endpoint.handle(Call(path, params, query, headers, body))
            return await _begun(answer, scope, receive)
        except Error as error:
            return self._refuse(mounted.protocol, error)
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - a bug must be answered in the protocol's words, and logged
            log.error("request_failed", path=unquote(path)[:200], error=repr(error))
            return self._refuse(mounted.protocol, InternalError())

    def _check_sizes(self, scope: Scope) -> None:
        if len(scope["raw_path"]) + len(scope["query_string"]) > self._config.url_bytes_max:
            raise UrlTooLong
        if (
            sum(len(name) + len(value) for name, value in scope["headers"])
            > self._config.header_bytes_max
        ):
            raise HeadersTooLarge

    def _check_token(self, credentials: Credentials, endpoint: Endpoint, headers: Headers) -> None:
        if endpoint.scope is None or self._tokens.is_open():
            return
        text = credentials.find(headers)
        if not text:
            raise Unauthorized
        token = self._tokens.find(text)
        if token is None:
            raise UnknownToken
        if not token.allows(endpoint.scope):
            raise Forbidden(endpoint.scope)

    async def _body(self, endpoint: Endpoint, headers: Headers, receive: Receive) -> bytes:
        if endpoint.method == "GET":  # a body is allowed and means nothing
            return b""
        body = await read_body(headers, receive, self._config)
        if endpoint.body is not None and endpoint.is_json_only:
            check_json(body, self._config.depth_max)
        return body

    def _refuse(self, protocol: Speaker, error: Error) -> Answer:
        self._counters.add(
            "runwell_refused_total", protocol=protocol.name, reason=type(error).__name__
        )
        answer = protocol.render_error(error)
        extra = tuple(_error_headers(error, protocol.credentials))
        return Answer(answer.status, answer.body, answer.content_type, answer.headers + extra)


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


def _start(answer: Answer) -> Message:
    headers: list[tuple[bytes, bytes]] = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
    ]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    if answer.status not in (204, 304) and answer.stream is None:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}
