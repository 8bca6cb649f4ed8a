"""The whole app in this process, without sockets, and a client for it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from runwell.access import Acting, Caller
from runwell.app import App, build
from runwell.config import Config
from runwell.protocols.base import Protocol, Services

EVERYBODY = Caller(None, "write")
Scenario = Callable[[App, httpx.AsyncClient], Awaitable[None]]


@asynccontextmanager
async def an_app(
    data: Path, protocols: Sequence[Protocol] | None = None, **settings: Any
) -> AsyncIterator[tuple[App, httpx.AsyncClient]]:
    """Built, started, and closed at the end."""
    app = build(Config(data=str(data), columns_threads=1, **settings), protocols)
    app.start()
    transport = httpx.ASGITransport(app.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        try:
            yield app, client
        finally:
            await app.close()


def play(data: Path, scenario: Scenario, **settings: Any) -> None:
    """Run a scenario against an app."""

    async def main() -> None:
        async with an_app(data, **settings) as (app, client):
            await scenario(app, client)

    asyncio.run(main())


def asked_by_all(services: Services) -> Services:
    """The services as a handler has them while everybody may do everything."""

    def asked(ask: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        async def answer(wanted: Any) -> Any:
            with Acting(EVERYBODY):
                return await ask(wanted)

        return answer

    names = ("accept", "run", "find", "find_each")
    return dataclasses.replace(services, **{name: asked(getattr(services, name)) for name in names})
