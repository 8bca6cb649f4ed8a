"""Every route over a dictionary of events: what it lists, in what envelope, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.apps import play
from tests.protocols.fake import FakeServer
from tests.protocols.pytest_monitor.bodies import a_metric
from tests.protocols.pytest_monitor.stored import API, a_server, get, names, posts

from runwell.errors import Error, Forbidden, InternalError, Overloaded, TooLarge, Unauthorized
from runwell.http import Answer
from runwell.protocols.pytest_monitor import PROTOCOL

METRIC_LISTS = {
    "/metrics/": ["t[1]", "t[2]", "u", "", "x/y%"],
    "/contexts/c1/metrics": ["t[1]", "t[2]", "u", "x/y%"],
    "/contexts/c/metrics": [],  # no prefix here
    "/sessions/s1/metrics": ["t[1]", "u"],
    "/sessions/unknown/metrics": ["x/y%"],
    "/sessions/t%2F3%25/metrics": [""],
    "/components/metrics": ["u"],
    "/components/web/metrics": ["t[1]", "t[2]", ""],
    "/components/items/u/metrics": ["u"],
    "/components/variants/u/metrics": ["u"],
    "/components/web/items/t/metrics": ["t[1]", "t[2]"],
    "/components/web/variants/t%5B2%5D/metrics": ["t[2]"],
    "/items/t/metrics": ["t[1]", "t[2]"],
    "/items/x%2Fy%25/metrics": ["x/y%"],
    "/items/like/o/metrics": [""],
    "/items/like/%25/metrics": ["x/y%"],  # not a wildcard
    "/variants/t%5B1%5D/metrics": ["t[1]"],
    "/variants/like/%5B/metrics": ["t[1]", "t[2]"],
    "/variants/like/_/metrics": [],
    "/filters/scope/module/metrics": [""],
    "/filters/scm/caf/metrics": ["t[1]", "t[2]", "u"],
    "/filters/scm/cafe/metrics": ["t[1]", "u"],
    "/filters/scm/beef/metrics": [""],
}
COUNTED = ("/contexts/c1/", "/sessions/s1/", "/items/t/", "/variants/", "/filters/")
COUNTS = {
    "/contexts/count": 2,
    "/sessions/count": 4,
    "/components/count": 3,
    "/metrics/count": 5,
    **{
        f"{path}/count": len(found)
        for path, found in METRIC_LISTS.items()
        if path.startswith(COUNTED) and "like" not in path
    },
}
NAMED_LISTS: dict[str, tuple[str, list[str]]] = {
    "/contexts/": ("contexts", ["c1", "c2"]),
    "/contexts/c": ("contexts", ["c1", "c2"]),
    "/contexts/c2": ("contexts", ["c2"]),
    "/sessions/": ("sessions", ["s1", "s2", "t/3%", "t4"]),
    "/sessions/s": ("sessions", ["s1", "s2"]),
    "/filters/scm/caf/sessions": ("sessions", ["s1", "s2"]),
    "/components/": ("components", ["web", "", "webshop"]),
    "/components/web": ("components", ["web", "webshop"]),
}
EMPTY = ["/contexts/_1", "/sessions/%25", "/components/W", "/filters/scm/x/sessions"]
PIPELINES: dict[str, dict[str, Any]] = {
    "/pipelines/": {"pipelines": ["main", "a/b"]},
    "/pipelines/main/builds": {"pipeline": "main", "builds": ["7", "8"]},
    "/pipelines/main/builds/8/sessions": {"pipeline": "main", "build": "8", "sessions": ["s2"]},
    "/components/web/pipelines": {"component": "web", "pipelines": ["main", "a/b"]},
    "/components/web/pipelines/main/builds": {
        "component": "web",
        "pipeline": "main",
        "builds": ["7", "8"],
    },
    "/components/web/pipelines/main/builds/7/sessions": {
        "component": "web",
        "pipeline": "main",
        "build": "7",
        "sessions": ["s1"],
    },
}
EMPTY_PIPELINES: dict[str, dict[str, Any]] = {
    "/pipelines/a%2Fb/builds": {"pipeline": "a/b", "builds": []},
    "/pipelines/main/builds/9/sessions": {"pipeline": "main", "build": "9", "sessions": []},
    "/components/webshop/pipelines": {"component": "webshop", "pipelines": []},
}
EXTREMES = {
    "/resources/memory/head/metrics": ["x/y%", "", "u", "t[2]", "t[1]"],
    "/resources/memory/head/2/metrics": ["x/y%", ""],
    "/resources/memory/tail/metrics": ["t[1]", "t[2]", "u", "", "x/y%"],
    "/resources/cpu/tail/1/metrics": ["u"],
    "/resources/memory/components/web/head/metrics": ["", "t[2]", "t[1]"],
    "/resources/memory/components/web/head/1/metrics": [""],
    "/resources/memory/components/web/tail/metrics": ["t[1]", "t[2]", ""],
    "/resources/memory/components/web/tail/1/metrics": ["t[1]"],
    "/resources/memory/pipelines/main/head/metrics": ["u", "t[2]", "t[1]"],
    "/resources/memory/pipelines/main/head/1/metrics": ["u"],
    "/resources/memory/pipelines/main/tail/metrics": ["t[1]", "t[2]", "u"],
    "/resources/memory/pipelines/main/tail/1/metrics": ["t[1]"],
    "/resources/memory/pipelines/main/builds/7/head/metrics": ["u", "t[1]"],
    "/resources/memory/pipelines/main/builds/7/head/1/metrics": ["u"],
    "/resources/memory/pipelines/main/builds/7/tail/metrics": ["t[1]", "u"],
    "/resources/memory/pipelines/main/builds/7/tail/1/metrics": ["t[1]"],
    "/resources/total_time/head/1/metrics": ["t[1]"],
    "/resources/user_time/head/1/metrics": ["t[1]"],
    "/resources/kernel_time/tail/500/metrics": ["t[1]", "t[2]", "u", "", "x/y%"],
}
PAGED = [*METRIC_LISTS, *NAMED_LISTS, *EMPTY, *PIPELINES, *EMPTY_PIPELINES]
READ = [*PAGED, *COUNTS, *EXTREMES]


@pytest.fixture(scope="module")
def server() -> FakeServer:
    return a_server()


@pytest.mark.parametrize("path", METRIC_LISTS)
def test_a_list_of_metrics_holds_those_that_its_path_means(server: FakeServer, path: str):
    if METRIC_LISTS[path]:
        answer = get(server, path)
        assert names(answer, "metrics") == METRIC_LISTS[path]
        assert answer.keys() == {"metrics", "total_page"}
    else:
        assert server.ask("GET", API + path) == Answer(204)


@pytest.mark.parametrize("path", NAMED_LISTS)
def test_a_list_of_others_holds_those_that_its_path_means(server: FakeServer, path: str):
    envelope, expected = NAMED_LISTS[path]
    answer = get(server, path)
    assert names(answer, envelope) == expected
    assert (answer.keys(), answer["total_page"]) == ({envelope, "total_page"}, 1)


@pytest.mark.parametrize("path", EMPTY)
def test_an_empty_list_has_no_body_and_no_wildcards(server: FakeServer, path: str):
    assert server.ask("GET", API + path) == Answer(204)


@pytest.mark.parametrize("path", COUNTS)
def test_a_count_is_the_length_of_its_list(server: FakeServer, path: str):
    assert get(server, path) == {"count": COUNTS[path]}


@pytest.mark.parametrize("path", PIPELINES)
def test_the_pipeline_family_names_what_its_path_names(server: FakeServer, path: str):
    expected = {"prev_url": None, "next_url": None, "total_page": 1, **PIPELINES[path]}
    assert get(server, path) == expected


@pytest.mark.parametrize("path", EMPTY_PIPELINES)
def test_an_empty_list_of_the_pipeline_family_has_a_body(server: FakeServer, path: str):
    expected = {"prev_url": None, "next_url": None, "total_page": 0, **EMPTY_PIPELINES[path]}
    assert get(server, path) == expected


def test_without_any_pipeline_there_is_nothing_to_list():
    assert FakeServer(PROTOCOL).ask("GET", f"{API}/pipelines/") == Answer(204)


@pytest.mark.parametrize("path", EXTREMES)
def test_resources_list_what_takes_most_or_least(server: FakeServer, path: str):
    answer = get(server, path)
    assert names(answer, "metrics") == EXTREMES[path]
    assert (answer["prev_url"], answer["next_url"], answer["total_page"]) == (None, None, 1)


def test_resources_of_nothing_are_empty(server: FakeServer):
    path = "/resources/cpu/pipelines/none/head/metrics"
    assert server.ask("GET", API + path) == Answer(204)


def test_at_most_500_metrics_are_extreme():
    server = FakeServer(PROTOCOL)
    for index in range(501):
        variant = f"t[{index}]"
        server.ask("POST", f"{API}/metrics/", a_metric(item_variant=variant, mem_usage=index))
    assert len(get(server, "/resources/memory/head/100000000000/metrics")["metrics"]) == 500
    assert len(get(server, "/resources/memory/head/metrics")["metrics"]) == 10


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5", "%D9%A3"])
def test_a_number_of_metrics_that_is_none_is_not_found(server: FakeServer, count: str):
    answer = server.ask("GET", f"{API}/resources/cpu/head/{count}/metrics")
    assert (answer.status, b"a number of metrics" in answer.body) == (404, True)


def test_an_unknown_resource_is_answered_with_the_known_ones(server: FakeServer):
    answer = server.ask("GET", f"{API}/resources/disk/tail/metrics")
    assert answer.status == 404
    message = (
        "there is no resource 'disk'; there are memory, cpu, kernel_time, user_time, total_time"
    )
    assert json.loads(answer.body) == {"message": message}


def test_every_reading_route_stands_in_a_table_above(server: FakeServer):
    reached = {server.router.find("GET", API + path)[0].path for path in READ}
    declared = {
        endpoint.path
        for endpoint in server.endpoints
        if endpoint.method == "GET" and 308 not in endpoint.answers
    }
    assert {path for path in declared if not path.endswith("{rest:path}/")} == reached


def test_the_store_answers_every_route_as_the_dictionary_does(server: FakeServer, tmp_path: Path):
    flags = "with_flags=env,n&restrict_flags=dev&method=match_all"
    paths = [*READ, "/metrics/?per_page=2&page=-1", f"/sessions/?{flags}"]
    expected = {path: server.ask("GET", API + path) for path in paths}

    async def scenario(_app, client):
        for name, body in posts():
            answer = await client.post(f"{API}/{name}/", json=body)
            assert answer.status_code == 201, answer.text
        for path, wanted in expected.items():
            answer = await client.get(API + path)
            assert (answer.status_code, answer.content) == (wanted.status, wanted.body), path

    play(tmp_path, scenario)


@pytest.mark.parametrize("path", [path for path in READ if not path.endswith("/")])
def test_a_slash_at_the_end_changes_nothing(server: FakeServer, path: str):
    assert server.ask("GET", f"{API}{path}/") == server.ask("GET", API + path)


@pytest.mark.parametrize("path", ["/metrics/none/", "/items/x/", "/filters/scm/x/", "/metrics///"])
def test_an_unknown_address_is_not_found_with_a_slash_either(server: FakeServer, path: str):
    answer = server.ask("GET", API + path)
    assert answer.status == 404
    assert json.loads(answer.body)["message"].startswith("The requested URL was not found on the")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("with_flags=env", ["s2", "t4"]),
        ("with_flags=n", ["s2"]),  # there, though empty
        ("with_flags=env&restrict_flags=dev", ["s2"]),
        ("with_flags=env,numpy&restrict_flags=dev", ["s2", "t4"]),
        ("with_flags=env,numpy&restrict_flags=dev&method=match_any", ["s2", "t4"]),
        ("with_flags=env,numpy&restrict_flags=prod&method=match_all", ["t4"]),
        ("with_flags=env,numpy&restrict_flags=,1.17&method=match_all", ["t4"]),
        ("with_flags=env,numpy&restrict_flags=,1.18&method=match_all", []),
        ("with_flags=,env&restrict_flags=dev,prod", ["t4"]),  # by position
        ("with_flags=env&restrict_flags=dev,prod", ["s2"]),
        ("with_flags=,", ["s1", "s2", "t/3%", "t4"]),
        ("restrict_flags=dev", ["s1", "s2", "t/3%", "t4"]),
        ("with_tags=numpy", ["t4"]),  # the stock reader's word
        ("with_flags=env&with_tags=numpy", ["s2", "t4"]),
        ("method=none", ["s1", "s2", "t/3%", "t4"]),
    ],
)
def test_sessions_are_narrowed_by_their_tags(server: FakeServer, query: str, expected: list[str]):
    answer = server.ask("GET", f"{API}/sessions/?{query}")
    assert names(json.loads(answer.body or '{"sessions": []}'), "sessions") == expected
    among = [name for name in expected if name.startswith("t")]
    answer = server.ask("GET", f"{API}/sessions/t?{query}")
    assert names(json.loads(answer.body or '{"sessions": []}'), "sessions") == among


def test_an_unknown_method_of_matching_is_refused(server: FakeServer):
    answer = server.ask("GET", f"{API}/sessions/?with_flags=env&method=none")
    assert answer.status == 400
    message = "method: match_any or match_all, not 'none'"
    assert json.loads(answer.body) == {"message": message}


def test_pages_follow_each_other_and_keep_the_other_arguments(server: FakeServer):
    found, address = [], "/metrics/?per_page=2"
    while address:
        page = get(server, address)
        found += names(page, "metrics")
        address = page.get("next_url", "").removeprefix(API)
    assert (found, page["total_page"]) == (METRIC_LISTS["/metrics/"], 3)
    assert page["prev_url"] == "/api/v1/metrics/?per_page=2&page=2"
    assert get(server, "/metrics/?per_page=2&page=-1") == page


def test_the_stock_reader_reads_every_page():
    server = a_server(pytest_monitor_page=2)
    found, address = [], f"{API}/metrics/"
    while address:
        answer = server.ask("GET", address)
        if answer.status == 308:
            address = dict(answer.headers)["location"]
            continue
        page = json.loads(answer.body)
        found += names(page, "metrics")
        # it appends the relative address to a base that holds the prefix already
        address = API + page["next_url"] if "next_url" in page else ""
    assert found == METRIC_LISTS["/metrics/"]


@pytest.mark.parametrize("path", PAGED)
def test_every_list_is_paged(server: FakeServer, path: str):
    for query in ("per_page=0", "per_page=10001", "per_page=x"):
        assert server.ask("GET", f"{API}{path}?{query}").status == 400
    beyond = server.ask("GET", f"{API}{path}?page=99").status
    is_empty = path in (*EMPTY, *EMPTY_PIPELINES) or METRIC_LISTS.get(path) == []
    assert beyond in (200, 204) if is_empty else beyond == 404


def test_the_pipeline_family_says_null_where_there_is_no_page(server: FakeServer):
    first = get(server, "/pipelines/main/builds?per_page=1")
    assert first == {
        "prev_url": None,
        "next_url": "/api/v1/pipelines/main/builds?per_page=1&page=2",
        "total_page": 2,
        "pipeline": "main",
        "builds": ["7"],
    }


@pytest.mark.parametrize("name", ["metrics", "contexts", "sessions", "components", "pipelines"])
def test_a_collection_without_its_slash_moves_there(server: FakeServer, name: str):
    methods = ["GET", "POST"] if name in ("metrics", "contexts", "sessions") else ["GET"]
    for method in methods:
        moved = Answer(308, headers=(("location", f"/api/v1/{name}/?a=b+c&page=2"),))
        assert server.ask(method, f"{API}/{name}?a=b%20c&page=2") == moved


def test_a_location_is_ascii_whatever_was_sent(server: FakeServer):
    answer = server.ask("GET", f"{API}/api/v1/items/a%2Fb\ufffd/metrics")
    assert answer.headers == (("location", "/api/v1/items/a%2Fb%EF%BF%BD/metrics"),)


@pytest.mark.parametrize("error", [Unauthorized(), Forbidden("read"), TooLarge(), Overloaded()])
def test_every_other_error_is_a_message(error: Error):
    answer = PROTOCOL.render_error(error)
    assert (answer.status, json.loads(answer.body)) == (error.status, {"message": error.message})


def test_a_bug_is_answered_without_its_details():
    answer = PROTOCOL.render_error(InternalError())
    message = "Something went wrong inside the server; its log says what."
    assert (answer.status, json.loads(answer.body)) == (500, {"message": message})


def test_what_cannot_be_done_is_not_allowed(server: FakeServer):
    for method, path in [("DELETE", "/sessions/s1"), ("PUT", "/metrics/"), ("POST", "/pipelines/")]:
        answer = server.ask(method, API + path)
        message = "The method is not allowed for the requested URL."
        assert (answer.status, json.loads(answer.body)) == (405, {"message": message})
