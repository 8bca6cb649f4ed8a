"""Other spellings of the addresses: without the slash, with one too many, with a doubled prefix."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from runwell.errors import BadRequest, Error, NotFound
from runwell.http import Answer, Call, Endpoint
from runwell.http.call import Handler
from runwell.http.router import Router
from runwell.protocols.pytest_monitor import wire

API = "/api/v1"
COLLECTIONS = ("metrics", "contexts", "sessions", "components", "pipelines")  # end in a slash
FAMILIES = (*COLLECTIONS, "items", "variants", "filters", "resources")
MOVED = {308: None}
MEANT = {
    200: (
        wire.MetricPage,
        wire.ContextPage,
        wire.SessionPage,
        wire.ComponentPage,
        wire.PipelinePage,
        wire.CountAnswer,
    ),
    204: None,
}
ASCII = "/%:@!$&'()*+,;=~"  # what a path may hold as it is


def redirects() -> list[Endpoint]:
    """Collections without their slash; and the doubled prefix that the stock reader asks for."""

    async def add_slash(call: Call) -> Answer:
        return _moved(f"{call.path}/", call)

    async def drop_prefix(call: Call) -> Answer:
        return _moved(call.path.removeprefix(API), call)

    # monitor_api appends `next_url` to a base that holds /api/v1 already
    routes = [_other("GET", f"{API}/api/v1/{{rest:path}}", drop_prefix, MOVED)]
    for name in COLLECTIONS:
        routes.append(_other("GET", f"{API}/{name}", add_slash, MOVED))
        if name in ("metrics", "contexts", "sessions"):
            routes.append(_other("POST", f"{API}/{name}", add_slash, MOVED))
    return routes


def slashed(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """`.../count/`, `.../metrics/` and so on, as the documentation writes them."""
    router = Router([endpoint for endpoint in endpoints if endpoint.method == "GET"])

    async def without_slash(call: Call) -> Answer:
        path = call.path.removesuffix("/")
        endpoint, params = router.find("GET", path)
        return await endpoint.handle(dataclasses.replace(call, path=path, params=params))

    return [
        _other(
            "GET", f"{API}/{name}/{{rest:path}}/", without_slash, MEANT, NotFound(), BadRequest()
        )
        for name in FAMILIES
    ]


def _other(
    method: str, path: str, handle: Handler, answers: Mapping[int, Any], *refuses: Error
) -> Endpoint:
    return Endpoint(
        method=method,
        path=path,
        handle=handle,
        scope="read" if method == "GET" else "write",
        summary="Another spelling of the address that is meant.",
        answers=answers,
        refuses=refuses,
    )


def _moved(path: str, call: Call) -> Answer:
    query = f"?{call.query}" if call.query else ""
    return Answer(308, headers=(("location", quote(path, safe=ASCII) + query),))
