"""The front page: safe whatever a protocol is called, right about what came in."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.apps import an_app
from tests.builders import a_write

from runwell.protocols.base import Protocol
from runwell.tokens import Tokens
from runwell.web.problem import render_problem

ODD = Protocol(
    name="test",
    title="<b>{odd} & 'sons'</b>",
    claims=("/odd", "/a<b"),
    endpoints=lambda _: [],
    render_error=render_problem,
)


def test_the_page_counts_by_protocol_and_escapes_what_it_shows(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path, [ODD]) as (app, client):
            await app.ingest.accept([a_write(str(n)) for n in range(1200)])
            await app.ingest.accept([a_write("x", source="elsewhere")])
            page = await client.get("/")
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["x-content-type-options"] == "nosniff"
            assert "1,201 events so far" in page.text
            assert '<td class="n">1,200</td>' in page.text
            assert "&lt;b&gt;{odd} &amp; &#x27;sons&#x27;&lt;/b&gt;" in page.text
            assert "/odd<br>/a&lt;b" in page.text
            assert '<td>elsewhere</td><td>/-/api/events</td><td class="n">1</td>' in page.text
            assert "<script" not in page.text

    asyncio.run(main())


def test_the_page_of_an_empty_store_says_so(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (_, client):
            assert "0 events so far" in (await client.get("/")).text

    asyncio.run(main())


def test_the_page_is_for_those_who_may_read(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (_, client):
            secret = Tokens(tmp_path).create("writer", ["write"])
            assert (await client.get("/")).status_code == 401
            assert (await client.get("/", auth=("me", secret))).status_code == 403
            reader = Tokens(tmp_path).create("reader", ["read"])
            assert (await client.get("/", auth=("me", reader))).status_code == 200

    asyncio.run(main())
