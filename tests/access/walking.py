"""Ask every route as every role about every repository: what is not as policies.py says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.access.policies import POLICIES, Policy, Target
from tests.access.requests import ECHOED, TARGETS, Request, a_read, a_write, seeds, spellings
from tests.apps import an_app
from tests.http.asgi import Heard

from runwell.app import App
from runwell.http.call import Endpoint
from runwell.tokens import PATTERN, Tokens

# The scope of each role's token, if it counts, and whether it is bound to the repository of `a`.
ROLES: dict[str, tuple[str | None, bool]] = {
    "none": (None, False),
    "garbage": (None, False),
    "revoked": (None, False),
    "expired": (None, False),
    "read": ("read", False),
    "write": ("write", False),
    "admin": ("admin", False),
    "reader of a": ("read", True),
    "writer of a": ("write", True),
}
END_SECONDS = 60
MORE_SECONDS = 0.3  # in which a tail may tell what it should not
DONE = {200, 201, 204, 208, 308}
ABSENT = {200, 204, 400, 404}
GARBAGE = f"rw_{'0' * 12}_{'f' * 64}"


@dataclass
class Walked:
    """What was wrong, which answers held a token, and what was logged."""

    wrong: list[str]
    leaked: list[str]
    logged: str = ""


@dataclass
class Stand:
    """A server with events of three repositories, and a token for each role."""

    app: App
    tokens: dict[str, str]
    leaked: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 100_000)))

    async def send(self, request: Request, role: str) -> Heard:
        heard = Heard()
        body: list[dict[str, Any]] = [{"type": "http.request", "body": request.body}]

        async def receive() -> dict[str, Any]:
            if body:
                return body.pop()
            return await asyncio.Event().wait() or {}

        headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
        if token := self.tokens[role]:
            name = b"x-api-token" if request.path.startswith("/v1/") else b"authorization"
            text = token if name == b"x-api-token" else f"Bearer {token}"
            headers.append((name, text.encode()))
        path, _, query = request.path.partition("?")
        scope = {
            "type": "http",
            "method": request.method,
            "path": path,
            "headers": headers,
            "raw_path": path.encode(),
            "query_string": query.encode(),
        }
        answering = asyncio.create_task(self.app.asgi(scope, receive, heard.send))
        if "/tail?" in request.path:
            await _until_told(answering, heard)
            answering.cancel()
        async with asyncio.timeout(END_SECONDS):
            with suppress(asyncio.CancelledError):
                await answering
        self.note_secrets(request, heard)
        return heard

    def note_secrets(self, request: Request, heard: Heard) -> None:
        if heard.messages and PATTERN.search(f"{heard.headers} {heard.body!r}"):
            self.leaked.append(f"{request.method} {request.path}")

    async def put(self, events: list[dict[str, Any]]) -> None:
        if events:
            body = json.dumps({"events": events}).encode()
            heard = await self.send(Request("POST", "/-/api/events", body), "admin")
            assert heard.status == 200, heard.body


async def _until_told(tail: asyncio.Task[None], heard: Heard) -> None:
    """Until it has ended, or has told of an event and had time for more of them."""
    async with asyncio.timeout(END_SECONDS):
        while not tail.done() and b"data:" not in heard.body:
            await asyncio.sleep(0.01)
    if not tail.done():
        await asyncio.sleep(MORE_SECONDS)


def make_tokens(data: Path) -> dict[str, str]:
    tokens = Tokens(data)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    made = {
        "none": "",
        "garbage": GARBAGE,
        "revoked": tokens.create("revoked", ["admin"]),
        "expired": tokens.create("expired", ["admin"], expires=yesterday),
        "read": tokens.create("read", ["read"]),
        "write": tokens.create("write", ["write"]),
        "admin": tokens.create("admin", ["admin"]),
        "reader of a": tokens.create("reader", ["read"], repos=["none/such", "acme/*"]),
        "writer of a": tokens.create("writer", ["write"], repos=["ACME/???"]),
    }
    tokens.revoke("revoked")
    return made


def expected(policy: Policy, role: str, target: Target) -> str:
    """What the policy says: done, narrowed, unauthorized, forbidden or absent."""
    if policy.scope is None:
        return "done"
    scope, is_bound = ROLES[role]
    if scope is None:
        return "unauthorized"
    if scope not in ("admin", policy.scope):
        return "forbidden"
    if not is_bound or policy.bound == "same":
        return "done"
    if policy.upon is not None:
        return policy.upon[target]
    if policy.bound == "refused":
        return "forbidden"
    return "narrowed" if target == "a" else "absent"


def problem(policy: Policy, role: str, target: Target, heard: Heard) -> str:
    """What is wrong with an answer; empty if nothing is."""
    wanted, status, body = expected(policy, role, target), heard.status, heard.body
    for echo in ECHOED[target]:
        body = body.replace(echo, b"")
    statuses = {
        "done": DONE,
        "narrowed": DONE,
        "absent": ABSENT,
        "unauthorized": {401},
        "forbidden": {403, 401} if b'"code":16' in body else {403},
    }[wanted]
    if status not in statuses:
        return f"{status} where {wanted} is expected: {body[:200]!r}"
    may_see = policy.shows and policy.upon is None and wanted in ("done", "narrowed")
    if may_see and not any(text in body for text in spellings(target)):
        return f"{status} without what is there: {body[:200]!r}"
    if wanted == "done" and not ROLES[role][1]:
        return ""
    others = [other for other in TARGETS if wanted == "unauthorized" or other != "a"]
    for other in others:
        if any(text in body for text in spellings(other)):
            return f"{status} with what is of {other}: {body[:200]!r}"
    return ""


def name_of(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path.replace(':path', '')}"


async def look(stand: Stand, endpoint: Endpoint, role: str, target: Target) -> str:
    policy = POLICIES[name_of(endpoint)]
    if endpoint.scope == "write":
        request = a_write(endpoint.method, endpoint.path, target, next(stand.numbers))
        await stand.put(request.before)
    else:
        request = a_read(endpoint.method, endpoint.path, target)
    before = stand.app.store.ledger.last_seq()
    heard = await stand.send(request, role)
    changed = stand.app.store.ledger.last_seq() != before
    found = problem(policy, role, target, heard)
    moved = endpoint.scope == "write" and heard.status != 308
    if not found and changed != (expected(policy, role, target) == "done" and moved):
        found = f"{heard.status} and {'something' if changed else 'nothing'} was changed"
    return f"{role}, {target}: {request.method} {request.path}: {found}" if found else ""


async def walk(data: Path) -> Walked:
    """Ask for everything as everybody."""
    tokens = make_tokens(data)
    async with an_app(data, lookups_waiting_max=10_000) as (app, _client):
        stand = Stand(app, tokens)
        for target in TARGETS:
            await stand.put(seeds(target))
        found = [
            await look(stand, endpoint, role, target)
            for mounted in app.mounted
            for endpoint in mounted.endpoints
            for role in ROLES
            for target in targets_of(endpoint)
        ]
        return Walked([text for text in found if text], stand.leaked)


def targets_of(endpoint: Endpoint) -> tuple[Target, ...]:
    return TARGETS if endpoint.scope == "write" or "{" in endpoint.path else ("a",)
