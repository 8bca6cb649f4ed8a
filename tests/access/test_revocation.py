"""A token that is revoked or expires ends at once what is under way with it, and nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from tests.apps import an_app
from tests.http.asgi import Heard, stay
from tests.pgwire.serving import Serving
from tests.serving import Server

from runwell.app import App
from runwell.tokens import Tokens

END_SECONDS = 10  # it takes one; the machine may be busy
EVENT = {"source": "own", "scope": "s", "id": "1", "name": "x" * 1000}


def begin(app: App, path: str, token: str, heard: Heard) -> asyncio.Task[None]:
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode())] if token else [],
    }
    return asyncio.create_task(app.asgi(scope, stay, heard.send))


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(END_SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("expires", [False, True])
def test_a_tail_ends_with_its_token_and_the_others_go_on(expires: bool, tmp_path: Path):
    tokens = Tokens(tmp_path)
    end = datetime.now(UTC) + timedelta(hours=1)
    lapsing = tokens.create("lapsing", ["read"], expires=end if expires else None)
    lasting = tokens.create("lasting", ["read"])

    async def main() -> None:
        async with an_app(tmp_path) as (app, client):
            ended, going = Heard(), Heard()
            first = begin(app, "/-/api/tail?after=0", lapsing, ended)
            other = begin(app, "/-/api/tail?after=0", lasting, going)
            await until(lambda: ended.body and going.body)
            if expires:
                app.asgi._tokens._clock = lambda: end
            else:
                tokens.revoke("lapsing")
            async with asyncio.timeout(END_SECONDS):
                await first
            assert ended.status == 200
            assert not ended.is_whole  # the connection breaks: no end may look like all of it
            assert not other.done()
            again = Heard()
            await begin(app, "/-/api/tail", lapsing, again)
            assert again.status == 401
            bearer = {"authorization": f"Bearer {lasting}"}
            metrics = (await client.get("/-/metrics", headers=bearer)).text
            reason = "ExpiredToken" if expires else "RevokedToken"
            assert f'runwell_refused_total{{protocol="runwell",reason="{reason}"}} 1' in metrics
            assert 'runwell_streams_total{outcome="Lapsed"} 1' in metrics
            other.cancel()

    asyncio.run(main())


def test_the_first_token_ends_what_was_begun_without_one(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, _):
            heard = Heard()
            tail = begin(app, "/-/api/tail", "", heard)
            await until(lambda: heard.body)
            Tokens(tmp_path).create("ci", ["read"])
            async with asyncio.timeout(END_SECONDS):
                await tail
            assert not heard.is_whole

    asyncio.run(main())


def test_an_export_that_nobody_takes_ends_with_its_token(tmp_path: Path):
    tokens = Tokens(tmp_path)
    text = tokens.create("ci", ["read", "write"])

    async def main() -> None:
        async with an_app(tmp_path) as (app, client):
            bearer = {"authorization": f"Bearer {text}"}
            sent = await client.post("/-/api/events", json={"events": [EVENT]}, headers=bearer)
            assert sent.status_code == 200
            heard, held = Heard(), asyncio.Event()

            async def hold(message) -> None:
                await heard.send(message)
                if message["type"] == "http.response.body":
                    await held.wait()

            scope = {
                "type": "http",
                "method": "GET",
                "path": "/-/api/export",
                "raw_path": b"/-/api/export",
                "query_string": b"",
                "headers": [(b"authorization", f"Bearer {text}".encode())],
            }
            export = asyncio.create_task(app.asgi(scope, stay, hold))
            await until(lambda: heard.body)
            tokens.revoke("ci")
            async with asyncio.timeout(END_SECONDS):
                await export
            assert not heard.is_whole

    asyncio.run(main())


def test_a_body_that_is_long_on_its_way_is_stored_only_if_the_token_still_counts(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr("runwell.access.LOOK_SECONDS", 0.0)
    tokens = Tokens(tmp_path)
    text = tokens.create("ci", ["write"])
    body = json.dumps({"events": [EVENT]}).encode()

    async def main() -> None:
        async with an_app(tmp_path) as (app, _):

            async def send(before_the_end: Callable[[], object]) -> int:
                parts = [body[:20], body[20:]]

                async def receive():
                    if len(parts) == 1:
                        await asyncio.sleep(0.01)
                        before_the_end()
                    part = parts.pop(0)
                    return {"type": "http.request", "body": part, "more_body": bool(parts)}

                heard = Heard()
                scope = {
                    "type": "http",
                    "method": "POST",
                    "path": "/-/api/events",
                    "raw_path": b"/-/api/events",
                    "query_string": b"",
                    "headers": [(b"authorization", f"Bearer {text}".encode())],
                }
                await app.asgi(scope, receive, heard.send)
                return heard.status

            assert await send(lambda: None) == 200
            assert await send(lambda: tokens.revoke("ci")) == 401
            assert app.store.ledger.last_seq() == 1

    asyncio.run(main())


def test_a_connection_of_postgresql_ends_with_its_token_idle_or_not(tmp_path: Path):
    tokens = Tokens(tmp_path)
    texts = {name: tokens.create(name, ["read"]) for name in ("idle", "asking", "other")}
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range < b.range"
    with Serving(tmp_path, query_seconds_max=60.0) as serving, ExitStack() as opened:
        connections = {name: opened.enter_context(serving.raw()) for name in texts}
        for name, connection in connections.items():
            connection.begin()
            connection.send(b"p", texts[name].encode() + b"\0")
            assert connection.until_ready()[-1][0] == b"Z"
        connections["asking"].send(b"Q", endless.encode() + b"\0")
        for name in ("idle", "asking"):
            tokens.revoke(name)
            began = time.monotonic()
            answers = connections[name].until_ready()
            assert time.monotonic() - began < END_SECONDS
            assert [kind for kind, _ in answers] == [b"E"]
            assert b"28P01" in answers[0][1]
        assert connections["other"].query("SELECT 1")[-1][0] == b"Z"
        assert serving.run(_count(serving)) == 1


async def _count(serving: Serving) -> int:
    return serving.pg.connections


def test_a_connection_of_postgresql_ends_when_the_tokens_cannot_be_read(tmp_path: Path):
    text = Tokens(tmp_path).create("ci", ["read"])
    with Serving(tmp_path) as serving, serving.raw() as raw:
        raw.begin()
        raw.send(b"p", text.encode() + b"\0")
        assert raw.until_ready()[-1][0] == b"Z"
        (tmp_path / "tokens.json").write_text("{")
        answers = raw.until_ready()
        assert b"58030" in answers[0][1]


def test_a_bound_token_reads_no_sql_over_postgresqls_wire(tmp_path: Path):
    text = Tokens(tmp_path).create("ci", ["read"], repos=["acme/*"])
    with Serving(tmp_path) as serving:
        with pytest.raises(psycopg.OperationalError, match="SQL is not narrowed to any"):
            serving.connect(password=text)
        with serving.raw() as raw:
            raw.begin()
            raw.send(b"p", text.encode() + b"\0")
            assert b"42501" in raw.until_ready()[0][1]
        metrics = serving.app.counters.samples()
    refused = [labels for name, labels, _ in metrics if name == "runwell_refused_total"]
    assert (("protocol", "postgresql"), ("reason", "42501")) in refused


def test_the_last_token_that_is_revoked_and_a_file_that_is_gone_open_nothing(tmp_path: Path):
    tokens = Tokens(tmp_path / "data")
    text = tokens.create("ci", ["read"])
    bearer = {"Authorization": f"Bearer {text}"}
    with Server(tmp_path / "data") as server:
        assert server.ask("GET", "/-/api/events", **bearer).status == 200
        (tmp_path / "data" / "tokens.json").rename(tmp_path / "gone.json")
        for headers in ({}, bearer):
            assert server.ask("GET", "/-/api/events", **headers).status == 401
        (tmp_path / "gone.json").rename(tmp_path / "data" / "tokens.json")
        assert server.ask("GET", "/-/api/events", **bearer).status == 200
        tokens.revoke("ci")
        for headers in ({}, bearer):
            assert server.ask("GET", "/-/api/events", **headers).status == 401
