"""The whole app in this process with sample data of every protocol, asked without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.http.asgi import Heard

from runwell.app import App, build
from runwell.config import Config
from runwell.demo.load import samples
from runwell.demo.request import Request

JSON = "application/json"
DAY = date(2026, 3, 2)
EVENTS = 150
TOKEN_SCHEMES = ("authorization", "x-api-token")


@dataclass
class Client(Heard):
    """One that goes away when it has seen the first bytes of a stream without an end."""

    body_sent: bytes = b""
    is_patient: bool = True
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _is_sent: bool = False

    async def receive(self) -> dict[str, Any]:
        if self._is_sent:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        self._is_sent = True
        return {"type": "http.request", "body": self.body_sent, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        await super().send(message)
        if not self.is_patient and message.get("body"):
            self._gone.set()


@dataclass(frozen=True)
class Inside:
    """An app under way on a loop of its own, which runs while it is asked."""

    app: App
    loop: asyncio.AbstractEventLoop

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str | bytes] | None = None,
        body: bytes = b"",
    ) -> Client:
        """One request, until its answer is whole; of a tail the first message."""
        return self.loop.run_until_complete(self._ask(method, url, headers or {}, body))

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str | bytes], body: bytes
    ) -> Client:
        parts = urlsplit(url)
        client = Client(body_sent=body, is_patient=not parts.path.endswith("/tail"))
        scope = {
            "type": "http",
            "method": method,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), _latin(text)) for name, text in headers.items()],
        }
        await self.app.asgi(scope, client.receive, client.send)
        return client

    def get(self, path: str, headers: Mapping[str, str | bytes] | None = None) -> Any:
        """The JSON of a GET that must succeed; None if there is no content."""
        heard = self.ask("GET", path, headers)
        assert heard.status in (200, 204), (path, heard.status, heard.body)
        return json.loads(heard.body) if heard.body else None

    def fill(self, requests: Iterable[Request]) -> None:
        """Send what clients would, those of one order one after the other."""
        shares: dict[str, list[Request]] = {}
        for request in requests:
            shares.setdefault(request.order or request.path, []).append(request)
        self.loop.run_until_complete(self._send_all(list(shares.values())))

    async def _send_all(self, shares: list[list[Request]]) -> None:
        await asyncio.gather(*map(self._send, shares))

    async def _send(self, share: list[Request]) -> None:
        for request in share:
            heard = await self._ask("POST", request.path, {"content-type": JSON}, request.body)
            assert heard.status in request.good, (request, heard.body)


def _latin(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def sent(seed: int, events: int = EVENTS) -> list[Request]:
    """What the clients of every protocol send; of each more than nothing."""
    return samples(DAY, seed, events) if events else []


@contextmanager
def inside(data: Path, events: int = EVENTS) -> Iterator[Inside]:
    """The app with its sample data."""
    loop = asyncio.new_event_loop()
    app = build(Config(data=str(data), columns_threads=1))
    app_inside = Inside(app, loop)

    async def start() -> None:
        app.start()

    try:
        loop.run_until_complete(start())
        app_inside.fill(sent(1, events))
        yield app_inside
    finally:
        loop.run_until_complete(app.close())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
