"""Children, traces, impact and the page: bounded, ending, and nothing unescaped."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.apps import play
from tests.protocols.fake import FakeServer

from runwell.model import Write
from runwell.protocols.ets import PROTOCOL
from runwell.protocols.ets.page import address
from runwell.store.ledger.base import decode_event

JSON = {"content-type": "application/json"}


def filled(*events: dict[str, Any], **settings: Any) -> FakeServer:
    server = FakeServer(PROTOCOL, **settings)
    for event in events:
        assert server.ask("PUT", "/api/v1/event/", {"event": event}, JSON).status == 200
    return server


def ask(server: FakeServer, path: str) -> Any:
    answer = server.ask("GET", path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def ids(events: list[dict[str, Any]]) -> list[str]:
    return [event["id"] for event in events]


def flat(tree: dict[str, Any]) -> list[str]:
    return [tree["event"]["id"]] + [id_ for child in tree["children"] for id_ in flat(child)]


def test_a_trace_ends_at_the_root_or_where_a_parent_is_missing():
    server = filled(
        {"id": "a"}, {"id": "b", "parent_id": "a"}, {"id": "c", "parent_id": "b"},
        {"id": "orphan", "parent_id": "lost"},
    )  # fmt: skip

    assert ids(ask(server, "/api/v1/event/c/trace")) == ["c", "b", "a"]
    assert ids(ask(server, "/api/v1/event/orphan/trace")) == ["orphan"]
    assert ask(server, "/api/v1/event/lost/trace") == []


def test_what_is_whole_is_not_called_cut():
    server = filled({"id": "p"}, {"id": "c", "parent_id": "p"}, {"id": "g", "parent_id": "c"})

    for id_ in "pcg":
        answer = server.ask("GET", f"/api/v1/event/{id_}/impact")
        assert "x-ets-truncated" not in dict(answer.headers)
        assert b"larger than one page" not in server.ask("GET", f"/event/{id_}/").body


def test_a_trace_is_at_most_a_hundred_long():
    line = [{"id": "0"}, *({"id": str(n), "parent_id": str(n - 1)} for n in range(1, 120))]

    trace = ids(ask(filled(*line), "/api/v1/event/119/trace"))

    assert trace == [str(n) for n in range(119, 19, -1)]


def test_a_circle_of_parents_ends_everywhere():
    server = filled(
        {"id": "a", "parent_id": "c"}, {"id": "b", "parent_id": "a"}, {"id": "c", "parent_id": "b"}
    )
    assert ids(ask(server, "/api/v1/event/a/trace")) == ["a", "c", "b"]
    assert flat(ask(server, "/api/v1/event/a/impact")) == ["a", "b", "c"]
    assert server.ask("GET", "/event/a/").status == 200

    alone = filled({"id": "self", "parent_id": "self"})
    assert ids(ask(alone, "/api/v1/event/self/trace")) == ["self"]
    assert flat(ask(alone, "/api/v1/event/self/impact")) == ["self"]


def test_ten_thousand_children_come_in_pages(tmp_path: Path):
    async def scenario(app, client):
        assert (await client.put("/api/v1/event/", json={"event": {"id": "p"}})).status_code == 200
        from_ledger = (await client.get("/api/v1/event/p")).json()
        assert from_ledger["id"] == "p"
        (parent,) = everything(app)
        children = [child_of(parent, str(number)) for number in range(10_000)]
        for start in range(0, 10_000, 1_000):
            await app.ingest.accept(children[start : start + 1_000])
        path, found = "/api/v1/event/p/children?count=3000", []
        while path:
            answer = await client.get(path)
            found += ids(answer.json())
            path = answer.headers.get("link", "").removeprefix("<").partition(">")[0]
        assert found == [str(number) for number in range(10_000)]
        assert len((await client.get("/api/v1/event/p/children")).json()) == 10_000
        impact = await client.get("/api/v1/event/p/impact")
        assert impact.headers["x-ets-truncated"] == "true"
        assert len(impact.json()["children"]) == 9_999

    play(tmp_path, scenario)


def everything(app) -> list[Any]:
    return [decode_event(change.document) for change in app.store.ledger.changes(0, 10)]


def child_of(parent: Any, id_: str) -> Write:
    return Write(msgspec.structs.replace(parent, id=id_, parent="p"))


class Reader(html.parser.HTMLParser):
    """What a browser makes of a page: its elements, its links, its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


def test_the_page_shows_the_family_and_every_value_escaped():
    server = filled(
        {"id": "root", "tags": {"source": ["github"], "type": ["commit"], "author": ["a@x.org"]}},
        {
            "id": EVIL,
            "parent_id": "root",
            "source_id": EVIL,
            "description": EVIL,
            "detail_urls": {EVIL: "javascript:alert(1)", "log": "https://log.acme.test/1?a=1&b=2"},
            "tags": {EVIL: [EVIL], "source": [EVIL], "type": [EVIL], "status": ["success", "fail"]},
        },
    )
    path = "/event/%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%3E%3Cimg%20src%3Dx%20onerror%3Dalert%282%29%3E/"

    answer = server.ask("GET", path)

    assert answer.status == 200
    assert dict(answer.headers)["content-security-policy"].startswith("default-src 'none'")
    page = Reader(answer.body.decode())
    assert not {"script", "img", "iframe", "object"} & set(page.elements)
    assert sorted(page.links) == ["https://log.acme.test/1?a=1&b=2", "mailto:a@x.org"]
    assert page.text.count(EVIL) >= 7
    assert 'class="node bad asked"' in answer.body.decode()
    assert page.elements.count("details") == 1


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://a", "https://a"),
        ("http://a", "http://a"),
        ("a@b", "mailto:a@b"),
        ("a b@c", ""),
        ("javascript:alert(1)", ""),
        ("JAVASCRIPT:a@b", "mailto:JAVASCRIPT:a@b"),
        ("", ""),
    ],
)
def test_only_the_web_and_mailboxes_are_linked(text: str, target: str):
    assert address(text) == target


def test_a_page_of_a_family_that_is_too_large_says_so():
    events = [{"id": "p"}, *({"id": str(n), "parent_id": "p"} for n in range(9))]
    for page_max, is_cut in ((5, True), (50, False)):
        page = filled(*events, page_max=page_max).ask("GET", "/event/p/").body
        assert (b"larger than one page may show" in page) == is_cut


def test_an_event_that_is_not_there_has_no_page():
    answer = filled().ask("GET", "/event/nope/")

    assert (answer.status, answer.body) == (404, b"Event ID nope is not available in DB")
    assert answer.content_type.startswith("text/plain")
