"""The gate: whose path it is, who may come in, what becomes of a mistake."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from pathlib import Path

import pytest
from tests.apps import an_app, play

from runwell.errors import InternalError, NotFound, Overloaded
from runwell.http import Answer, Call, Endpoint, json_answer
from runwell.http.gate import mount
from runwell.http.router import RouteClash
from runwell.protocols.base import Protocol, discover
from runwell.tokens import Tokens

METRIC = {
    "session_h": "s",
    "context_h": "c",
    "item_start_time": "2020-12-04T23:18:16",
    "item_path": "p",
    "item": "i",
    "item_variant": "v",
    "item_fs_loc": "f",
    "kind": "function",
    "component": "",
    "total_time": 1,
    "user_time": 0,
    "kernel_time": 0,
    "cpu_usage": 0,
    "mem_usage": 0,
}
METRICS = "/api/v1/metrics/"


def words(error) -> Answer:
    return json_answer({"toy": type(error).__name__, "says": error.message}, error.status)


def a_protocol(
    *endpoints: Endpoint, name: str = "toy", claims: tuple[str, ...] = ("/toy",)
) -> Protocol:
    return Protocol(
        name=name, title=name, claims=claims, endpoints=lambda _: endpoints, render_error=words
    )


def a_route(handle, method: str = "GET", path: str = "/toy/x", **rest) -> Endpoint:
    return Endpoint(method=method, path=path, handle=handle, scope="read", summary="x", **rest)


async def stored(client) -> int:
    return (await client.get("/-/api/summary?summary=total")).json()["summary"][0]["total"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * 20_000, {}, 413),
        (
            gzip.compress(json.dumps(METRIC).encode() + b" " * 50_000),
            {"content-encoding": "gzip"},
            413,
        ),
        (b"broken", {"content-encoding": "gzip"}, 400),
        (json.dumps(METRIC).encode(), {"content-encoding": "br"}, 415),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", {}, 400),
        (json.dumps({**METRIC, "item": "a\x00b"}).encode(), {}, 400),
        (json.dumps(METRIC).replace("0}", "NaN}").encode(), {}, 400),
        (json.dumps(METRIC).replace("0}", "1e999}").encode(), {}, 400),
        (json.dumps({**METRIC, "item": "\ud800"}).encode(), {}, 400),
        (json.dumps(METRIC).encode(), {"x-long": "x" * 40_000}, 431),
    ],
)
def test_a_body_beyond_the_limits_is_refused_in_the_protocols_words_and_stores_nothing(
    body: bytes, headers: dict, status: int, tmp_path: Path
):
    async def scenario(_app, client):
        answer = await client.post(METRICS, content=body, headers=headers)
        assert answer.status_code == status, answer.text
        assert answer.json()["message"]
        assert await stored(client) == 0

    play(tmp_path, scenario, body_bytes_max=10_000, inflated_bytes_max=40_000)


def test_a_gzip_body_is_taken(tmp_path: Path):
    async def scenario(_app, client):
        body = gzip.compress(json.dumps(METRIC).encode())
        answer = await client.post(METRICS, content=body, headers={"content-encoding": "gzip"})
        assert (answer.status_code, await stored(client)) == (201, 1)

    play(tmp_path, scenario)


def test_a_url_beyond_the_limit_is_refused(tmp_path: Path):
    async def scenario(_app, client):
        assert (await client.get(f"{METRICS}?x={'y' * 9000}")).status_code == 414

    play(tmp_path, scenario)


def test_unknown_paths_are_answered_by_whose_they_are(tmp_path: Path):
    async def scenario(_app, client):
        assert "message" in (await client.get("/api/v1/metrics/nowhere")).json()
        answer = await client.get("/nowhere")
        assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")
        assert answer.headers["content-type"] == "application/problem+json"

    play(tmp_path, scenario)


def test_head_is_get_without_its_body(tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.head("/-/healthz")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-length"] == "15"

    play(tmp_path, scenario)


def test_a_token_is_demanded_before_the_body_is_read(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, client):
            assert (await client.post(METRICS, json=METRIC)).status_code == 201
            secret = Tokens(tmp_path).create("ci", ["read"])

            async def receive():
                raise AssertionError("the body was read")

            sent: list[dict] = []

            async def send(message):
                sent.append(message)

            scope = {
                "type": "http",
                "method": "POST",
                "path": METRICS,
                "raw_path": METRICS.encode(),
                "query_string": b"",
                "headers": [],
            }
            await app.asgi(scope, receive, send)
            assert sent[0]["status"] == 401
            assert (b"www-authenticate", b'Basic realm="runwell"') in sent[0]["headers"]
            assert json.loads(sent[1]["body"])["message"]

            scope["headers"] = [(b"authorization", f"Bearer {secret}".encode())]
            await app.asgi(scope, receive, send)
            assert sent[2]["status"] == 403
            allowed = {"authorization": f"Bearer {secret}"}
            assert (await client.get("/api/v1/metrics/count", headers=allowed)).status_code == 200
            assert (await client.get("/-/metrics")).status_code == 401
            assert (await client.get("/-/healthz")).status_code == 200
            Tokens(tmp_path).revoke("ci")
            assert (await client.get("/api/v1/metrics/count", headers=allowed)).status_code == 401

    asyncio.run(main())


def test_a_client_that_leaves_gets_no_answer_and_stores_nothing(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, client):

            async def receive():
                return {"type": "http.disconnect"}

            async def send(_message):
                raise AssertionError("nobody is there")

            scope = {
                "type": "http",
                "method": "POST",
                "path": METRICS,
                "query_string": b"",
                "raw_path": METRICS.encode(),
                "headers": [],
            }
            await app.asgi(scope, receive, send)
            await app.asgi({"type": "websocket"}, receive, send)
            assert await stored(client) == 0

    asyncio.run(main())


def test_a_full_queue_is_503_with_retry_after(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path, queue_events_max=1) as (app, client):
            gate, entered = threading.Event(), threading.Event()
            commit = app.store.ledger.commit

            def held(requests, received):
                entered.set()
                assert gate.wait(30)
                return commit(requests, received)

            app.store.ledger.commit = held
            first = asyncio.create_task(client.post(METRICS, json=METRIC))
            while not entered.is_set():
                await asyncio.sleep(0.001)
            refused = await client.post(METRICS, json={**METRIC, "item": "j"})
            gate.set()
            assert (await first).status_code == 201
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert "queue is full" in refused.json()["message"]
            assert await stored(client) == 1
            metrics = (await client.get("/-/metrics")).text
            assert (
                'runwell_refused_total{protocol="pytest_monitor",reason="Overloaded"} 1' in metrics
            )

    asyncio.run(main())


def test_a_bug_is_answered_in_the_protocols_words_and_logged(tmp_path: Path, capsys):
    async def bug(_: Call) -> Answer:
        raise ZeroDivisionError("secret detail")

    async def main() -> None:
        async with an_app(tmp_path, [a_protocol(a_route(bug))]) as (_, client):
            answer = await client.get("/toy/x")
            assert answer.status_code == 500
            assert answer.json() == {"toy": "InternalError", "says": InternalError().message}

    asyncio.run(main())
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_handlers_refusal_keeps_its_status_and_its_headers(tmp_path: Path):
    async def refuse(_: Call) -> Answer:
        raise Overloaded

    async def lose(_: Call) -> Answer:
        raise NotFound("no such toy")

    async def main() -> None:
        routes = [a_route(refuse), a_route(lose, path="/toy/y")]
        async with an_app(tmp_path, [a_protocol(*routes)]) as (_, client):
            busy, missing = await client.get("/toy/x"), await client.get("/toy/y")
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
            assert missing.json() == {"toy": "NotFound", "says": "no such toy"}
            assert (await client.post("/toy/x")).headers["allow"] == "GET"

    asyncio.run(main())


def test_an_endpoint_outside_of_its_claims_is_an_error_at_the_start():
    async def handle(_: Call) -> Answer:
        return Answer()

    outside = a_route(handle, path="/toys")
    with pytest.raises(RouteClash, match="toy: /toys is outside of its claims"):
        mount(a_protocol(outside), [outside])


def test_two_protocols_with_one_claim_are_an_error_at_the_start(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path, [*discover(), a_protocol(claims=("/save_metrics",))]):
            pass

    with pytest.raises(RouteClash, match="/save_metrics is claimed by pipeline_metrics and by toy"):
        asyncio.run(main())
