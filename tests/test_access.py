"""The guard: nobody asks without a caller, a route that reads cannot write, each asks for itself."""

from __future__ import annotations

import ast
import asyncio
import inspect
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.apps import EVERYBODY, an_app
from tests.builders import a_write

import runwell
from runwell.access import (
    Acting,
    Caller,
    Guard,
    Lapsed,
    NobodyAsks,
    acts,
    admit,
    caller,
    check_still,
    check_whole,
    still_counts,
    while_it_counts,
)
from runwell.errors import Forbidden, OutOfReach, Unauthorized, UnknownToken
from runwell.filter import Field
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.protocols.base import Protocol, Services
from runwell.query import Select
from runwell.reach import reach_of
from runwell.tokens import Tokens
from runwell.web.problem import render_problem

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
IDS = Select((Field("id"),))


class Clock:
    """A time of day that is set by hand."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


def test_without_a_caller_nothing_is_answered(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            services = app.services
            for ask in (
                lambda: services.run(IDS),
                lambda: services.find(b""),
                lambda: services.find_each([b""]),
                lambda: services.accept([a_write()]),
            ):
                with pytest.raises(NobodyAsks):
                    await ask()
                with Acting(None), pytest.raises(NobodyAsks):
                    await ask()
            assert app.store.ledger.count() == 0

    asyncio.run(main())


def test_a_protocol_gets_guarded_ways_to_the_store_and_no_other(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            ways = {name: getattr(app.services, name) for name in Services.__slots__}
            guarded = {
                n for n, way in ways.items() if isinstance(getattr(way, "__self__", 0), Guard)
            }
            assert guarded == {"accept", "run", "find", "find_each"}
            assert ways.keys() - guarded == {"config", "streams"}  # a new way is guarded, too

    asyncio.run(main())


def a_toy(scope, ask) -> Protocol:
    def endpoints(services: Services) -> list[Endpoint]:
        async def handle(_: Call) -> Answer:
            return json_answer(await ask(services))

        return [
            Endpoint(method="GET", path="/toy", handle=handle, scope=scope, summary="x", answers={})
        ]

    return Protocol(
        name="toy",
        title="toy",
        claims=("/toy",),
        endpoints=endpoints,
        render_error=render_problem,
    )


def test_a_route_that_asks_for_no_token_gets_nothing_from_the_store(tmp_path: Path, capsys):
    async def ask(services: Services) -> int:
        return len((await services.run(IDS)).rows)

    async def main() -> None:
        async with an_app(tmp_path, [a_toy(None, ask)]) as (_, client):
            assert (await client.get("/toy")).status_code == 500
        async with an_app(tmp_path, [a_toy("read", ask)]) as (_, client):
            assert (await client.get("/toy")).json() == 0

    asyncio.run(main())
    assert "NobodyAsks" in capsys.readouterr().err


def test_a_route_that_reads_cannot_write(tmp_path: Path):
    async def ask(services: Services) -> int:
        return len(await services.accept([a_write()]))

    admin = Tokens(tmp_path).create("root", ["admin"])

    async def main() -> None:
        bearer = {"authorization": f"Bearer {admin}"}
        async with an_app(tmp_path, [a_toy("read", ask)]) as (app, client):
            assert (await client.get("/toy", headers=bearer)).status_code == 403
            assert app.store.ledger.count() == 0
        async with an_app(tmp_path, [a_toy("write", ask)]) as (app, client):
            assert (await client.get("/toy", headers=bearer)).json() == 1

    asyncio.run(main())


def test_requests_at_the_same_time_are_each_asked_by_their_own_caller(tmp_path: Path):
    tokens = Tokens(tmp_path)
    repos = [f"acme/{number}" for number in range(8)]
    bound = [tokens.create(repo, ["read", "write"], repos=[repo]) for repo in repos]

    async def main() -> None:
        async with an_app(tmp_path, streams_max=len(repos)) as (_, client):

            async def one(place: int) -> None:
                bearer = {"authorization": f"Bearer {bound[place]}"}
                event = {"source": "own", "scope": "s", "id": str(place), "repo": repos[place]}
                for _ in range(5):
                    sent = await client.post(
                        "/-/api/events", json={"events": [event]}, headers=bearer
                    )
                    assert sent.status_code == 200
                    for path in ("/-/api/events", "/-/api/export"):
                        listed = (await client.get(path, headers=bearer)).text
                        assert [repo in listed for repo in repos] == [
                            number == place for number in range(len(repos))
                        ]

            await asyncio.gather(*map(one, range(len(repos))))
            with pytest.raises(NobodyAsks):
                caller()

    asyncio.run(main())


def test_a_caller_is_known_to_what_it_begins_and_forgotten_afterwards():
    async def main() -> None:
        async def who() -> Caller:
            return caller()

        with Acting(None):
            with pytest.raises(NobodyAsks):
                caller()
            acts(EVERYBODY)
            assert caller() is EVERYBODY
            assert await asyncio.create_task(who()) is EVERYBODY
        with pytest.raises(NobodyAsks):
            caller()

    asyncio.run(main())


def test_a_text_is_a_caller_only_if_its_token_counts_and_has_the_scope(tmp_path: Path):
    clock = Clock()
    tokens = Tokens(tmp_path, clock=clock)
    assert admit(tokens, None, "admin") == Caller(None, "admin")
    assert admit(tokens, "anything", "admin") == Caller(None, "admin")
    text = tokens.create("ci", ["read"], expires=NOON + timedelta(hours=1), repos=["a/*"])
    found = admit(tokens, text, "read")
    assert (found.token.name, found.scope, found.reach) == ("ci", "read", reach_of(("a/*",)))
    with pytest.raises(Forbidden):
        admit(tokens, text, "write")
    for nothing in (None, ""):
        with pytest.raises(Unauthorized) as refused:
            admit(tokens, nothing, "read")
        assert refused.value.reason == "Unauthorized"

    def reason(of: str) -> tuple[str, str]:
        with pytest.raises(UnknownToken) as refused:
            admit(tokens, of, "read")
        return refused.value.reason, refused.value.message

    said = "This token is unknown, revoked or expired."
    assert reason(text + "0") == ("UnknownToken", said)
    clock.time += timedelta(hours=1)
    assert reason(text) == ("ExpiredToken", said)
    tokens.revoke("ci")
    assert reason(text) == ("RevokedToken", said)


def test_what_takes_long_ends_with_its_token(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("runwell.access.LOOK_SECONDS", 0.01)
    clock = Clock()
    tokens = Tokens(tmp_path, clock=clock)
    forever = asyncio.Event

    async def ends(asks: Caller | None) -> bool:
        with Acting(asks):
            try:
                async with asyncio.timeout(0.5), while_it_counts(tokens):
                    await forever().wait()
            except Lapsed:
                return True
            except TimeoutError:
                return False

    async def main() -> None:
        assert not await ends(None)
        for asks in (None, EVERYBODY):
            with Acting(asks):
                async with while_it_counts(tokens):
                    pass
        nobody = admit(tokens, None, "read")
        assert not await ends(nobody)
        texts = [
            tokens.create(str(hour), ["read"], expires=NOON + timedelta(hours=hour))
            for hour in (1, 2, 3)
        ]
        first, second, third = (admit(tokens, text, "read") for text in texts)
        assert await ends(nobody)  # the first token closes the door for those inside, too
        assert [await ends(one) for one in (first, second)] == [False, False]
        tokens.revoke("2")
        clock.time += timedelta(hours=1)
        assert [await ends(one) for one in (first, second, third)] == [True, True, False]
        (tmp_path / "tokens.json").write_text("{")
        assert await ends(third)

    asyncio.run(main())


def test_a_time_limit_of_somebody_else_stays_one(tmp_path: Path):
    async def main() -> None:
        with Acting(Caller(None, "read")), pytest.raises(TimeoutError):
            async with while_it_counts(Tokens(tmp_path)):
                raise TimeoutError

    asyncio.run(main())


def test_a_token_is_looked_at_again_after_a_slow_body(tmp_path: Path):
    tokens = Tokens(tmp_path)
    text = tokens.create("ci", ["write"])
    with Acting(admit(tokens, text, "write")):
        check_still(tokens)
        tokens.revoke("ci")
        assert not still_counts(tokens, caller())
        with pytest.raises(UnknownToken) as refused:
            check_still(tokens)
    assert refused.value.reason == "LapsedToken"
    with Acting(None):
        check_still(tokens)


def test_what_cannot_be_narrowed_is_refused_to_who_is_bound():
    check_whole(EVERYBODY, "SQL is")
    with pytest.raises(OutOfReach, match="bound to repositories, and SQL is not narrowed"):
        check_whole(Caller(None, "read", reach_of(("a/*",))), "SQL is")


def test_secrets_are_compared_in_constant_time_and_no_other_way():
    """Structural: no clock can tell. The hash of a secret stands in one comparison alone."""
    tree = ast.parse(Path(inspect.getfile(Tokens)).read_text())
    compared = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(word in ast.unparse(node) for word in ("sha256", "digest", "secret", "known"))
    ]
    calls = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "compare_digest"
    ]
    assert compared == []
    assert calls == ["compare_digest(known, digest)"]


def test_a_token_is_checked_in_one_place():
    """Everything that lets somebody in goes by `admit`."""
    root = Path(runwell.__file__).parent
    users = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if any(word in file.read_text() for word in ("tokens.known(", "tokens.find(", ".allows("))
    }
    assert users == {"access.py"}
