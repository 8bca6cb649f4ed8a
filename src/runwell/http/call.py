"""What a route handler gets and gives, and how a route describes itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.datastructures import Headers, QueryParams

from runwell.errors import Error
from runwell.tokens import Scope

JSON = "application/json"
encode_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted request with its whole body."""

    path: str  # as sent, still percent-encoded
    params: Mapping[str, str]  # the path's parameters, decoded
    query: QueryParams
    headers: Headers
    body: bytes = b""

    @property
    def client(self) -> str:
        """What the sender calls itself."""
        return self.headers.get("user-agent", "")[:200]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a body, or a stream of chunks if there is one.

    An error before the first chunk is answered as any other; a later one breaks the connection.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    stream: AsyncGenerator[bytes, None] | None = None


def json_answer(value: Any, status: int = 200) -> Answer:
    """Answer a value as JSON."""
    return Answer(status, encode_json(value))


Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, for the OpenAPI document."""

    name: str
    description: str
    type: Any = str  # as of a wire struct's field; a list may be given more than once
    most: str = ""  # the setting that bounds it


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One route. `{name}` in the path takes one segment, `{name:path}` the rest."""

    method: str
    path: str
    handle: Handler
    scope: Scope | None  # None: no token is asked for
    is_vital: bool = False  # answered however busy the server is
    summary: str
    # the wire type of a JSON body, or a tuple of those that it takes; None: the route takes none
    body: Any = None
    is_json_only: bool = True  # else the handler checks the body, which may be of another type
    # status -> wire type, or a tuple of those that may come; None: no JSON
    answers: Mapping[int, Any] = field(default_factory=dict)
    # what else the handler may refuse with: see refusals.py for what any route may
    refuses: tuple[Error, ...] = ()
    media: tuple[str, ...] = ()  # other content types of a 200; YAML is of the same shape
    body_media: tuple[str, ...] = (JSON,)  # content types of a body
    params: Mapping[str, Any] = field(default_factory=dict)  # of the path: more than "a text"
    query: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()  # other spellings of the path; not in the OpenAPI document
