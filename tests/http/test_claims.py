"""Whose a path is: the longest claim has it, and every endpoint must be reachable under its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.http.asgi import ask

from runwell.config import Config
from runwell.http import Answer, Call, Endpoint
from runwell.http.browser import HEADERS
from runwell.http.gate import Gate, Mounted, mount
from runwell.http.router import RouteClash
from runwell.observe import Counters
from runwell.protocols.base import Protocol
from runwell.tokens import Tokens

NOWHERE = Path("/nowhere")
EMPTY = Answer(204, content_type="")


async def give_nothing(_: Call) -> Answer:
    return EMPTY


def an_endpoint(path: str) -> Endpoint:
    return Endpoint(method="GET", path=path, handle=give_nothing, scope=None, summary="x")


def claiming(name: str, *claims: str, paths: tuple[str, ...] = ()) -> Mounted:
    """A protocol that answers every mistake with its own name."""

    def render_error(error) -> Answer:
        return Answer(error.status, name.encode(), "text/plain")

    protocol = Protocol(
        name=name, title=name, claims=claims, endpoints=lambda _: [], render_error=render_error
    )
    return mount(protocol, [an_endpoint(path) for path in paths])


def a_gate(*mounted: Mounted) -> Gate:
    own = claiming("own", "/", "/-", paths=("/", "/-/api"))
    return Gate(mounted, own, Config(), Tokens(NOWHERE), Counters())


def owner(gate: Gate, path: str) -> str:
    """Who says that there is nothing at this path."""
    return asyncio.run(ask(gate, "GET", path)).body.decode()


def test_the_longest_claim_has_the_path_and_nobodys_are_our_own():
    gate = a_gate(claiming("a", "/api"), claiming("b", "/api/v1/b", "/b"), claiming("c", "/api/v1"))
    assert [owner(gate, path) for path in ("/api", "/api/", "/api/v2/b", "/api/v1b")] == ["a"] * 4
    assert [owner(gate, path) for path in ("/api/v1", "/api/v1/bb", "/api/v1/c/b")] == ["c"] * 3
    assert [owner(gate, path) for path in ("/b", "/b/", "/api/v1/b/c/d/e/f")] == ["b"] * 3
    assert [owner(gate, path) for path in ("/x", "/apis", "/-x", "/-/x", "//")] == ["own"] * 5


def test_a_slash_at_the_end_of_a_claim_changes_nothing():
    gate = a_gate(claiming("a", "/api/", paths=("/api/x",)))
    assert [owner(gate, path) for path in ("/api", "/api/", "/api/y/z")] == ["a"] * 3
    with pytest.raises(RouteClash, match="/api is claimed by a and by b"):
        a_gate(claiming("a", "/api/"), claiming("b", "/api"))


def test_an_encoded_slash_ends_no_segment():
    gate = a_gate(claiming("a", "/api"), claiming("b", "/api/v1"))
    assert owner(gate, "/api/v1%2Fx") == "a"
    assert owner(gate, "/api%2Fv1") == "own"


def test_an_endpoint_inside_of_what_another_claims_is_an_error_at_the_start():
    outer = claiming("outer", "/api", paths=("/api/v1/x",))
    a_gate(outer)
    with pytest.raises(RouteClash, match="outer: /api/v1/x lies in what inner claims"):
        a_gate(outer, claiming("inner", "/api/v1"))
    with pytest.raises(RouteClash, match="own: /-/api lies in what thief claims"):
        a_gate(claiming("thief", "/-/api"))


SEGMENTS = st.lists(st.sampled_from(["", "a", "b", "%2F", "-"]), min_size=1, max_size=4)
PATHS = SEGMENTS.map(lambda segments: "/" + "/".join(segments))


def lies_under(path: str, claim: str) -> bool:
    return path == claim or path.startswith(claim + "/")


@given(
    st.sets(PATHS.filter(lambda path: not path.endswith("/") and path != "/-"), max_size=5), PATHS
)
def test_the_gate_finds_whom_a_plain_search_finds(claims: set[str], path: str):
    gate = a_gate(*(claiming(f"at {claim}", claim) for claim in sorted(claims)))
    above = [claim for claim in claims if lies_under(path, claim)]
    longest = max(above, key=len, default="")
    if path in ("/", "/-/api"):
        assert asyncio.run(ask(gate, "GET", path)).status == 204
    elif lies_under(path, "/-") and len(longest) <= len("/-"):
        assert owner(gate, path) == "own"
    else:
        assert owner(gate, path) == (f"at {longest}" if above else "own")


def test_an_answer_without_a_body_announces_none():
    heard = asyncio.run(ask(a_gate(), "GET", "/"))
    assert heard.messages == [
        {"type": "http.response.start", "status": 204, "headers": [*HEADERS]},
        {"type": "http.response.body", "body": b""},
    ]
