"""Following: nothing is missed where a connection is lost, and it ends where it must."""

from __future__ import annotations

from itertools import islice

import pytest
from tests.client.strangers import Handler, a_stranger

from runwell.client import tail
from runwell.client.ask import Link, NoAnswer, Refused
from runwell.client.tail import Message, messages, read_messages

STREAM = {"Content_Type": "text/event-stream", "Connection": "close"}


def stream(asked: Handler, body: bytes) -> None:
    """Messages, then the end of the connection."""
    asked.send_response(200)
    asked.send_header("Connection", "close")
    asked.end_headers()
    asked.wfile.write(body)
    asked.hang_up()


def test_messages_are_read_as_the_standard_says():
    text = b"retry: 2\n\nid: 1\r\ndata: a\r\ndata:b\r\n\r\n: beat\n\nid: 2\n\nevent: x\ndata: c\n\ndata: d"
    assert list(read_messages(text.splitlines(keepends=True))) == [
        Message("", ""),
        Message("1", "a\nb"),
        Message("", ""),
        Message("2", ""),
        Message("", "c"),
    ]


def test_it_goes_on_behind_the_last_message_where_the_connection_is_lost():
    def answer(asked: Handler) -> None:
        match len(server.seen):
            case 1:
                stream(asked, b"id: 7\ndata: a\n\nid: 8\n\n")
            case 2:
                asked.hang_up()
            case 3:
                asked.say(503, b'{"detail": "stopping"}')
            case _:
                stream(asked, b": beat\n\nid: 9\ndata: b\n\n")

    slept, said, beats = [], [], []
    with a_stranger(answer) as server:
        link = Link(server.url)
        found = messages(
            link,
            {"fields": "id"},
            sleep=slept.append,
            say=said.append,
            beat=lambda: beats.append(1),
        )
        assert [message.data for message in islice(found, 3)] == ["a", "b", "b"]
        found.close()
    lasts = [asked.headers["Last-Event-ID"] for asked in server.seen]
    assert lasts == [None, "8", "8", "8", "9"]
    assert server.seen[0].targets == ["/-/api/tail?fields=id"]
    assert slept == [0.5, 1.0, 2.0, 0.5]
    assert ["503: stopping" in text for text in said] == [False, True]
    assert beats


def test_it_ends_at_once_if_there_is_no_server_or_the_question_is_wrong():
    with pytest.raises(NoAnswer, match="start a server"):
        next(messages(Link("http://127.0.0.1:1")))
    with (
        a_stranger(lambda asked: asked.say(400, b'{"detail": "no"}')) as server,
        pytest.raises(Refused, match="400: no"),
    ):
        next(messages(Link(server.url)))


def test_it_does_not_try_for_ever(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tail, "RETRIES_MAX", 3)

    def answer(asked: Handler) -> None:
        if len(server.seen) == 1:
            stream(asked, b"id: 1\ndata: a\n\n")
        else:
            asked.hang_up()

    slept: list[float] = []
    with a_stranger(answer) as server:
        found = messages(Link(server.url), sleep=slept.append)
        assert next(found).data == "a"
        with pytest.raises(NoAnswer):
            next(found)
    assert slept == [0.5, 1.0, 2.0]


def test_a_token_that_was_revoked_meanwhile_ends_it():
    def answer(asked: Handler) -> None:
        if len(server.seen) == 1:
            stream(asked, b"id: 1\ndata: a\n\n")
        else:
            asked.say(401, b'{"detail": "revoked"}')

    with a_stranger(answer) as server:
        found = messages(Link(server.url), sleep=lambda _: None)
        next(found)
        with pytest.raises(Refused, match="401: revoked"):
            next(found)
