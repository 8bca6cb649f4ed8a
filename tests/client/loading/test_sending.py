"""Patience with a server that is busy or away, halves of what is too large, refusals by place."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from runwell.client.loading.items import Item, LoadFailed, Position, Tally
from runwell.client.loading.sending import GZIP_FROM_BYTES, Poster, Refused, Sender

GOOD = {"created": 1, "existed": 0, "replaced": 0}
GONE = "gone"  # the connection breaks instead of an answer


class Script:
    """A server that answers what it is told to, and remembers what it was sent."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer  # a list to go through, or a function of the ids that came
        self.sent: list[Any] = []
        self.url = ""

    def reply(self, body: bytes, encoding: str) -> tuple[int, Any, dict[str, str]] | str:
        text = json.loads(gzip.decompress(body) if encoding == "gzip" else body)
        ids = [event["id"] for event in text["events"]] if "events" in text else text
        self.sent.append(ids)
        return self.answer.pop(0) if isinstance(self.answer, list) else self.answer(ids)


@contextmanager
def scripted(answer: Any) -> Iterator[Script]:
    script = Script(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = script.reply(body, self.headers.get("Content-Encoding", ""))
            if reply == GONE:
                self.close_connection = True
                return
            status, text, headers = reply
            shown = json.dumps(text).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(shown))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(shown)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def an_item(number: int, target: str = "", **more: Any) -> Item:
    return Item(Position(number, number), json.dumps({"id": number, **more}).encode(), target)


class Load:
    """A sender, and what it told."""

    def __init__(self, url: str, *, skips: bool = False, patience: float = 60) -> None:
        self.slept: list[float] = []
        self.acknowledged: list[tuple[int, Tally]] = []
        self.refused: list[tuple[int, str]] = []
        self._skips = skips
        self._poster = Poster(url, "", patience_seconds=patience, sleep=self.slept.append)
        self._sender = Sender(
            self._poster,
            lambda at, tally: self.acknowledged.append((at.place, tally)),
            self._refuse,
        )

    def _refuse(self, at: Position, problem: str) -> None:
        self.refused.append((at.place, problem))
        if not self._skips:
            raise Refused(at, problem)

    def send(self, *items: Item) -> None:
        try:
            self._sender.send(items)
        finally:
            self._poster.close()


def refuse(number: int) -> Any:
    def answer(ids: list[int]) -> tuple[int, Any, dict[str, str]]:
        if number not in ids:
            return 200, {**GOOD, "created": len(ids)}, {}
        place = ids.index(number)
        detail = f"events[{place}].naem: there is no such field"
        return 400, {"detail": detail, "pointer": f"events[{place}].naem"}, {}

    return answer


def test_a_busy_server_is_waited_for_as_long_as_it_asks():
    busy = (503, {}, {"Retry-After": "2"})
    with scripted([busy, (429, {}, {"Retry-After": "soon"}), GONE, (200, GOOD, {})]) as server:
        load = Load(server.url)
        load.send(an_item(1))
    assert server.sent == [[1]] * 4
    assert load.slept[0] == 2
    assert 0.25 <= load.slept[1] <= 0.5
    assert load.acknowledged == [(1, Tally(created=1))]


def test_patience_ends_and_says_what_to_do():
    with scripted(lambda _: (503, {}, {})) as server:
        load = Load(server.url, patience=3)
        with pytest.raises(LoadFailed, match=r"503.*run the same command again"):
            load.send(an_item(1))
    assert sum(load.slept) <= 3
    assert load.acknowledged == []


def test_without_skipping_what_stands_before_a_refused_event_is_sent_and_nothing_behind_it():
    with scripted(refuse(3)) as server:
        load = Load(server.url)
        with pytest.raises(Refused):
            load.send(*map(an_item, (1, 2, 3, 4)))
    assert server.sent == [[1, 2, 3, 4], [1, 2]]
    assert load.acknowledged == [(2, Tally(created=2))]
    assert load.refused == [(3, "naem: there is no such field")]


def test_with_skipping_everything_else_is_sent():
    with scripted(refuse(1)) as server:
        load = Load(server.url, skips=True)
        load.send(*map(an_item, (1, 2, 3)))
    assert server.sent == [[1, 2, 3], [2, 3]]
    assert load.acknowledged == [(3, Tally(created=2))]
    assert [place for place, _ in load.refused] == [1]


def test_what_is_too_large_is_sent_in_halves_and_one_that_is_too_large_alone_is_refused():
    def answer(ids: list[int]) -> tuple[int, Any, dict[str, str]]:
        if len(ids) > 2 or 5 in ids:
            return 413, {"detail": "too large"}, {}
        return 200, {**GOOD, "created": len(ids)}, {}

    with scripted(answer) as server:
        load = Load(server.url, skips=True)
        load.send(*map(an_item, (1, 2, 3, 4, 5)))
    assert load.acknowledged == [
        (2, Tally(created=2)),
        (3, Tally(created=1)),
        (4, Tally(created=1)),
    ]
    assert load.refused == [(5, "413: too large")]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, {"detail": "a token is needed"}, "401: a token is needed; give a token"),
        (404, {"message": "not here"}, "404: not here"),
        (500, [], "500: "),
        (200, {"hello": "x"}, "does not answer like runwell"),
        (400, {"detail": "x", "pointer": "events[7].x"}, "x"),
    ],
)
def test_a_server_that_refuses_everything_ends_the_load(status: int, body: Any, said: str):
    with scripted([(status, body, {})]) as server:
        load = Load(server.url, skips=True)
        with pytest.raises(LoadFailed, match=said):
            load.send(an_item(1))
    assert load.acknowledged == []


def test_a_large_event_travels_zipped():
    with scripted([(200, GOOD, {})]) as server:
        Load(server.url).send(an_item(1, name="x" * GZIP_FROM_BYTES))
    assert server.sent == [[1]]


def test_posts_are_acknowledged_together_up_to_the_first_that_is_refused():
    def answer(sent: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        return (400, {"errors": {"kind": "x"}}, {}) if sent["id"] == 2 else (201, {}, {})

    with scripted(answer) as server:
        load = Load(server.url)
        with pytest.raises(Refused):
            load.send(*(an_item(number, "/api") for number in (1, 2, 3)))
    assert load.acknowledged == [(1, Tally(accepted=1))]
    assert load.refused == [(2, "400: {'kind': 'x'}")]

    with scripted(answer) as server:
        load = Load(server.url, skips=True)
        load.send(*(an_item(number, "/api") for number in (1, 2, 3)))
    assert load.acknowledged == [(1, Tally(accepted=1)), (3, Tally(accepted=1))]


def test_posts_end_where_the_server_takes_none():
    with scripted(lambda _: (403, {"message": "no"}, {})) as server:
        load = Load(server.url, skips=True)
        with pytest.raises(LoadFailed, match="403: no; give a token"):
            load.send(an_item(1, "/api"))


def test_an_address_that_is_none_or_where_nobody_is_is_told_at_once():
    with pytest.raises(LoadFailed, match="--url takes"):
        Poster("localhost:8080", "")
    poster = Poster("http://ci:secret@127.0.0.1:1", "")
    with pytest.raises(LoadFailed, match="start a server") as caught:
        poster.check()
    assert "secret" not in str(caught.value)
