"""One request by hand, where a client library would get in the way: receive and send as functions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

Receive = Callable[[], Awaitable[dict[str, Any]]]


@dataclass
class Heard:
    """What the app sent; status 0: nothing."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return self.messages[0]["status"] if self.messages else 0

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def is_whole(self) -> bool:
        """Whether the answer came to its end."""
        return bool(self.messages) and not self.messages[-1].get("more_body", False)

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])


async def nothing_may_be_read() -> dict[str, Any]:
    raise AssertionError("the body was read")


def pieces(*chunks: bytes) -> Receive:
    """A body in chunks; the client is gone afterwards."""
    messages = [
        {"type": "http.request", "body": chunk, "more_body": place < len(chunks) - 1}
        for place, chunk in enumerate(chunks)
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


async def stay() -> dict[str, Any]:
    """No body, and a client that does not go away."""
    await asyncio.Event().wait()
    raise AssertionError("nothing sets this event")


async def ask(
    app: ASGIApp,
    method: str,
    path: str,
    receive: Receive = nothing_may_be_read,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> Heard:
    """One request."""
    heard = Heard()
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": list(headers),
    }
    await app(scope, receive, heard.send)
    return heard
