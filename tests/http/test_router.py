"""Routes by the path as it was sent."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runwell.errors import MethodNotAllowed, NotFound
from runwell.http import Answer, Call, Endpoint
from runwell.http.router import RouteClash, Router


async def handle(_: Call) -> Answer:
    return Answer()


def an_endpoint(method: str, path: str) -> Endpoint:
    return Endpoint(method=method, path=path, handle=handle, scope=None, summary="x")


def a_router(*routes: str) -> Router:
    return Router([an_endpoint(*route.split(" ")) for route in routes])


def found(router: Router, method: str, path: str) -> tuple[str, dict[str, str]]:
    endpoint, params = router.find(method, path)
    return endpoint.path, params


def test_a_literal_path_wins_over_a_pattern_and_an_earlier_pattern_over_a_later_one():
    router = a_router("GET /a/{x}", "GET /a/b", "GET /{y}/c", "GET /a/{x}/{z:path}")

    assert found(router, "GET", "/a/b") == ("/a/b", {})
    assert found(router, "GET", "/a/c") == ("/a/{x}", {"x": "c"})
    assert found(router, "GET", "/z/c") == ("/{y}/c", {"y": "z"})
    assert found(router, "GET", "/a/1/2/3") == ("/a/{x}/{z:path}", {"x": "1", "z": "2/3"})


@given(st.text(min_size=1), st.text(min_size=1))
def test_an_encoded_part_comes_back_as_it_was(first: str, second: str):
    router = a_router("GET /x/{a}/{b}")
    path = f"/x/{quote(first, safe='')}/{quote(second, safe='')}"
    assert found(router, "GET", path)[1] == {"a": first, "b": second}


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a/b/", "/A/b", "/a//b", "/a/b?x"])
def test_a_path_that_nobody_has_is_not_found(path: str):
    with pytest.raises(NotFound):
        a_router("GET /a/b", "GET /a/{x}/c").find("GET", path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/-/api/sumary", "There is nothing here; did you mean /-/api/summary?"),
        ("/-/api/summary/", "There is nothing here; did you mean /-/api/summary?"),
        ("/-/zzzzzzzzzzz", "There is nothing here."),
        ("/api/sumary", "There is nothing here."),
    ],
)
def test_a_path_that_is_nearly_one_of_our_own_is_told_which(path: str, said: str):
    router = a_router("GET /-/api/summary", "GET /-/api/{x}/tree", "GET /api/summary")
    with pytest.raises(NotFound) as refusal:
        router.find("GET", path)
    assert refusal.value.message == said


def test_another_method_is_told_which_are_allowed():
    router = a_router("GET /a", "POST /a", "GET /b/{x}", "PUT /b/{y}", "DELETE /b/c")

    assert router.find("HEAD", "/a")[0].method == "GET"
    assert found(router, "PUT", "/b/c") == ("/b/{y}", {"y": "c"})
    for method, path, allowed in [
        ("DELETE", "/a", ("GET", "POST")),
        ("POST", "/b/1", ("GET", "PUT")),
        ("POST", "/b/c", ("DELETE", "GET", "PUT")),
    ]:
        with pytest.raises(MethodNotAllowed) as refusal:
            router.find(method, path)
        assert refusal.value.allowed == allowed


def test_a_route_that_is_there_twice_is_an_error():
    with pytest.raises(RouteClash, match="GET /a is claimed twice"):
        a_router("GET /a", "GET /a")


PIECES = st.sampled_from(["a", "b", "{x}", "{y:path}"])
ROUTES = st.lists(
    st.lists(PIECES, min_size=1, max_size=3, unique=True).map(lambda parts: "/" + "/".join(parts)),
    min_size=1,
    max_size=5,
    unique=True,
)
SENT = st.lists(st.sampled_from(["a", "b", "c", "a%2Fb", ""]), min_size=1, max_size=4)


def fits(pattern: list[str], sent: list[str]) -> bool:
    """By hand: `{y:path}` takes one or more segments, not all of them empty; the rest take one."""
    if not pattern or not sent:
        return pattern == sent
    if pattern[0] == "{y:path}":
        counts = range(1, len(sent) + 1)
        return any("/".join(sent[:n]) and fits(pattern[1:], sent[n:]) for n in counts)
    one = bool(sent[0]) if pattern[0] == "{x}" else sent[0] == pattern[0]
    return one and fits(pattern[1:], sent[1:])


@given(ROUTES, SENT)
def test_the_router_finds_what_a_plain_search_finds(routes: list[str], sent: list[str]):
    router = a_router(*(f"GET {route}" for route in routes))
    path = "/" + "/".join(sent)
    literal = [route for route in routes if route == path]
    patterns = [route for route in routes if fits(route.split("/")[1:], sent)]
    expected = (literal + patterns)[:1]
    try:
        answer = [found(router, "GET", path)[0]]
    except NotFound:
        answer = []
    assert answer == expected


def test_an_encoded_slash_stays_in_its_segment():
    router = a_router("GET /x/{a}", "GET /x/{a}/{b}")
    assert found(router, "GET", "/x/1%2F2") == ("/x/{a}", {"a": "1/2"})
    assert found(router, "GET", "/x/1%2f2/%25") == ("/x/{a}/{b}", {"a": "1/2", "b": "%"})
