"""What a page of another origin cannot make a visitor's browser do here, and what every answer says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.apps import an_app, play
from tests.http import asgi

from runwell.config import Config
from runwell.errors import CrossOrigin, ForeignHost
from runwell.http.browser import HEADERS, Door, host_of, is_loopback_name
from runwell.tokens import Tokens

HERE = "127.0.0.1:8080"
EVENT = {"events": [{"source": "own", "scope": "s", "id": "1"}]}


def raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def is_refused(headers: dict[str, str], method: str = "POST", **settings: Any) -> bool:
    try:
        Door(Config(**settings)).check(method, raw({"host": HERE, **headers}))
    except CrossOrigin:
        return True
    return False


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),  # no browser
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "what-may-come"}, True),
        # where both are said the browser's own word counts: the proxy may have changed the host
        ({"sec-fetch-site": "same-origin", "origin": "https://ci.example"}, False),
        ({"sec-fetch-site": "cross-site", "origin": f"http://{HERE}"}, True),
        ({"origin": f"http://{HERE}"}, False),
        ({"origin": f"HTTPS://{HERE}"}, False),
        ({"origin": "http://127.0.0.1"}, True),  # another port: another server
        ({"origin": "http://127.0.0.1:9"}, True),
        ({"origin": "https://evil.example"}, True),
        ({"origin": f"https://evil.example/?{HERE}"}, True),
        ({"origin": f"https://{HERE}.evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, False),
        ({"origin": "http://[bad"}, True),
        ({"origin": "https://evil.example", "authorization": "Bearer x"}, False),
        ({"origin": "https://evil.example", "authorization": "bearer x"}, False),
        ({"origin": "https://evil.example", "x-api-token": "x"}, False),
        # what a browser sends by itself
        ({"origin": "https://evil.example", "authorization": "Basic eDp5"}, True),
        ({"origin": "https://evil.example", "cookie": "a=b"}, True),
    ],
)
def test_a_change_that_a_page_elsewhere_wants_is_refused(headers: dict[str, str], refused: bool):
    assert is_refused(headers) is refused
    for method in ("PUT", "PATCH", "DELETE", "ANYTHING"):
        assert is_refused(headers, method) is refused
    for method in ("GET", "HEAD", "OPTIONS"):
        assert not is_refused(headers, method)


def test_a_proxy_that_changes_the_host_has_its_name_allowed():
    origin = {"origin": "https://ci.example"}
    assert is_refused(origin)
    assert not is_refused(origin, allowed_hosts="other.example, CI.example")
    assert not is_refused({"origin": "https://ci.example:8443"}, allowed_hosts="ci.example")
    assert is_refused({"origin": "https://ci.example.evil"}, allowed_hosts="ci.example")
    assert is_refused({"origin": "https://ci.example:1.evil"}, allowed_hosts="ci.example")


@pytest.mark.parametrize(
    ("host", "settings", "open_", "refused"),
    [
        ("127.0.0.1:8080", {}, True, False),
        ("127.9.9.9", {}, True, False),
        ("[::1]:8080", {}, True, False),
        ("LOCALHOST:1", {}, True, False),
        ("my.localhost", {}, True, False),
        ("evil.example", {}, True, True),
        ("localhost.evil.example", {}, True, True),
        ("127.0.0.1.evil.example:8080", {}, True, True),
        ("10.0.0.7", {}, True, True),
        ("", {}, True, True),
        ("evil.example", {}, False, False),  # a token tells
        ("evil.example", {"host": "0.0.0.0", "open": True}, True, False),
        ("", {"allowed_hosts": "ci.example", "host": ""}, True, True),
        ("ci.example:443", {"allowed_hosts": "ci.example"}, True, False),
        ("localhost", {"allowed_hosts": "ci.example"}, False, False),
        ("evil.example", {"allowed_hosts": "ci.example"}, False, True),
        ("evil.example", {"allowed_hosts": "ci.example", "host": "0.0.0.0"}, True, True),
        ("10.0.0.7:80", {"allowed_hosts": "ci.example", "host": "10.0.0.7"}, False, False),
    ],
)
def test_a_request_under_a_strange_name_is_refused(
    host: str, settings: dict[str, Any], open_: bool, refused: bool
):
    door = Door(Config(**settings))
    headers = raw({"accept": "*/*", "host": host})
    if refused:
        with pytest.raises(ForeignHost, match="allowed_hosts"):
            door.check_host(headers, is_open=open_)
    else:
        door.check_host(headers, is_open=open_)
    door.check_host([], is_open=open_)  # HTTP/1.0: no browser


def test_hosts_are_read_as_browsers_write_them():
    assert [host_of(text) for text in ("a:1", "A", "[::1]:1", "[::1]", "", "[", "[]", "a:b")] == [
        *("a", "a", "::1", "::1", "", "", "", ""),
    ]
    assert [is_loopback_name(name) for name in ("localhost", "a.localhost", "::1", "a")] == [
        *(True, True, True, False),
    ]


def test_while_it_is_open_no_page_elsewhere_can_write_or_read(tmp_path: Path):
    evil = {"origin": "https://evil.example"}
    rebound = {"host": "evil.example", "sec-fetch-site": "same-origin"}

    async def scenario(app, client):
        async def status(method: str, path: str, headers: dict[str, str]) -> int:
            body = EVENT if method == "POST" else None
            return (await client.request(method, path, json=body, headers=headers)).status_code

        for headers in (evil, {"sec-fetch-site": "cross-site"}, rebound):
            assert await status("POST", "/-/api/events", headers) == 403
            for path in ("/save_metrics", "/api/v1/metrics/", "/v1/metrics/trackEvents"):
                assert await status("POST", path, headers) == 403
            assert await status("POST", "/api/v1/event/", headers) == 403
            assert await status("DELETE", "/api/v1/event/1", headers) == 403
            tekton = "/apis/results.tekton.dev/v1alpha2/parents/a/results"
            answer = await client.post(tekton, json={}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, 7)
        assert app.store.ledger.count() == 0
        for path in ("/-/api/events", "/-/metrics", "/-/openapi.json", "/"):
            assert await status("GET", path, rebound) == 403
        assert await status("GET", "/-/healthz", rebound) == 200  # asked by an address
        preflight = await client.options("/-/api/events", headers=evil)
        assert preflight.status_code == 405
        assert not [name for name in preflight.headers if name.startswith("access-control-")]
        assert await status("POST", "/-/api/events", {}) == 200
        metrics = (await client.get("/-/metrics")).text
        assert 'runwell_refused_total{protocol="tekton",reason="CrossOrigin"} 2' in metrics
        assert 'runwell_refused_total{protocol="tekton",reason="ForeignHost"} 1' in metrics

    play(tmp_path, scenario)


def test_with_a_token_the_name_does_not_matter_and_the_page_does(tmp_path: Path):
    secret = Tokens(tmp_path).create("ci", ["read", "write"])
    behind_proxy = {"host": "ci.example", "authorization": f"Bearer {secret}"}
    in_browser = {"host": "ci.example", "origin": "https://evil.example"}

    async def scenario(_app, client):
        answer = await client.post("/-/api/events", json=EVENT, headers=behind_proxy)
        assert answer.status_code == 200
        basic = await client.post(
            "/-/api/events", json=EVENT, headers=in_browser, auth=("ci", secret)
        )
        assert basic.status_code == 403

    play(tmp_path, scenario)


def test_every_answer_tells_a_browser_what_not_to_do(tmp_path: Path):
    async def main() -> None:
        async with an_app(tmp_path) as (app, client):
            event = {"start_time": "2026-01-01T12:00:00Z", "id": "1"}
            await client.put("/api/v1/event/", json={"event": event})
            for path in (
                *("/", "/-/healthz", "/-/api/events", "/-/api/export", "/nowhere", "/-/metrics"),
                *("/event/1/", "/api/v1/metrics/", "/api/v1/metrics", "/monitor/ping"),
            ):
                headers = (await client.get(path)).headers
                for name, value in HEADERS:
                    assert name.decode() in headers, (path, name)
                    if name not in (b"content-security-policy", b"referrer-policy"):
                        assert headers.get_list(name.decode()) == [value.decode()]
                assert "default-src 'none'" in headers["content-security-policy"]
                assert "frame-ancestors 'none'" in headers["content-security-policy"]
                assert headers["referrer-policy"] in ("same-origin", "no-referrer")
                assert "access-control-allow-origin" not in headers
            heard = await asgi.ask(app.asgi, "DELETE", "/-/healthz")
            assert heard.status == 405
            assert set(dict(HEADERS)) <= {name for name, _ in heard.messages[0]["headers"]}

    asyncio.run(main())
