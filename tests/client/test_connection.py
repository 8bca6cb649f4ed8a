"""Connections: kept, made anew where the server had closed them, through proxies or around them."""

from __future__ import annotations

import pytest
from tests.client.strangers import Handler, a_stranger

from runwell.client.ask import Link, NoAnswer, Refused
from runwell.client.connection import AGENT, BadAddress, Connections


def test_a_connection_is_kept_between_questions():
    with a_stranger(lambda asked: asked.say(200)) as server:
        link = Link(f"{server.url}/below/")
        assert [link.get("/a", {"x": "1 2"}), link.post("/b", b"{}")] == [{}, {}]
        link.close()
    assert server.seen[0] is server.seen[1]
    assert server.seen[0].targets == ["/below/a?x=1+2", "/below/b"]
    assert server.seen[0].headers["User-Agent"] == AGENT


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew():
    def answer(asked: Handler) -> None:
        asked.say(200)
        asked.hang_up()

    with a_stranger(answer) as server:
        link = Link(server.url)
        for _ in range(3):
            assert link.get("/") == {}
        link.close()
    assert len({id(one) for one in server.seen}) == 3


def test_a_server_that_only_hangs_up_is_asked_once():
    with a_stranger(Handler.hang_up) as server:
        with pytest.raises(NoAnswer, match=r"no answer from .* start a server"):
            Link(server.url).get("/")
        assert len(server.seen) == 1


def test_an_answer_that_takes_too_long_is_no_answer():
    def never(asked: Handler) -> None:
        asked.connection.recv(1)

    with (
        a_stranger(never) as server,
        pytest.raises(NoAnswer, match="timed out"),
    ):
        Link(server.url, timeout_seconds=0.05).get("/")


def test_an_answer_that_breaks_off_is_no_answer():
    def part(asked: Handler) -> None:
        asked.say(200, b"[1, ", Content_Length="100")
        asked.hang_up()

    with a_stranger(part) as server, pytest.raises(NoAnswer, match="breaks off"):
        Link(server.url).get("/")


def test_an_answer_that_points_elsewhere_is_told():
    with (
        a_stranger(lambda asked: asked.say(302, Location="https://other/")) as server,
        pytest.raises(NoAnswer, match="it points to https://other/"),
    ):
        Link(server.url).get("/")


def test_a_refusal_has_its_parts():
    problem = b'{"detail": "ERROR: no\\n | a\\n | ^", "pointer": "filter"}'
    with a_stranger(lambda asked: asked.say(400, problem)) as server:
        with pytest.raises(Refused) as caught:
            Link(server.url).get("/")
        assert str(caught.value) == "400: ERROR: no\n | a\n | ^"
        assert (caught.value.status, caught.value.pointer) == (400, "filter")


def test_a_proxy_of_the_environment_is_told_the_whole_address(monkeypatch: pytest.MonkeyPatch):
    with a_stranger(lambda asked: asked.say(200)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//me:p%40ss@"))
        link = Link("http://runwell.test:8080/x", "rw_1")
        assert link.get("/-/healthz") == {}
        link.close()
        asked = proxy.seen[0]
        assert asked.targets == ["http://runwell.test:8080/x/-/healthz"]
        assert asked.headers["Proxy-Authorization"] == "Basic bWU6cEBzcw=="
        assert asked.headers["Authorization"] == "Bearer rw_1"
        monkeypatch.setenv("https_proxy", proxy.url.removeprefix("http://"))
        with pytest.raises(NoAnswer):  # it answers 200 to CONNECT, and speaks no TLS
            Link("https://runwell.test").get("/-/healthz")
        assert proxy.seen[1].targets == ["runwell.test:443"]
        monkeypatch.setenv("no_proxy", "runwell.test")
        assert Connections("http://runwell.test", "", 1)._proxy is None
        assert Connections("http://127.0.0.1", "", 1)._proxy is None


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://[::1", "http://a:x", "http:///"])
def test_what_is_no_address_is_told(url: str):
    with pytest.raises(BadAddress, match="takes http://HOST:PORT"):
        Connections(url, "", 1)


def test_the_password_of_an_address_is_the_token():
    with a_stranger(lambda asked: asked.say(200)) as server:
        link = Link(server.url.replace("//", "//ci:rw%5F1@"))
        link.get("/")
        link.close()
        assert server.seen[0].headers["Authorization"] == "Bearer rw_1"
