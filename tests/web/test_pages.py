"""Keyset pages and the point read at their edges."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.apps import play
from tests.builders import a_write

from runwell.query import FIELDS

EVENTS = "/-/api/events"


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_each_event_comes_exactly_once_while_new_ones_arrive(direction: str, tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(str(n)) for n in range(250)])
        seen, token, extra = [], "", 250
        while token or not seen:
            query = f"limit=17&order_by=arrival%20{direction}&fields=id&page_token={token}"
            page = (await client.get(f"{EVENTS}?{query}")).json()
            seen += [int(event["id"]) for event in page["events"]]
            token = page["next_page_token"]
            if extra < 260:
                await app.ingest.accept([a_write(str(extra))])
                extra += 1
        assert seen == (list(range(260)) if direction == "asc" else list(range(249, -1, -1)))

    play(tmp_path, scenario)


def test_the_last_page_has_no_token_even_when_it_is_full(tmp_path: Path):
    async def scenario(app, client):
        assert (await client.get(EVENTS)).json() == {"events": [], "next_page_token": ""}
        await app.ingest.accept([a_write(str(n)) for n in range(4)])
        first = (await client.get(f"{EVENTS}?limit=2")).json()
        token = first["next_page_token"]
        last = (await client.get(f"{EVENTS}?limit=2&page_token={token}")).json()
        assert [len(page["events"]) for page in (first, last)] == [2, 2]
        assert last["next_page_token"] == ""

    play(tmp_path, scenario)


def forged(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        forged("[]"),
        forged("[true,1," + "[" * 2_000 + "]" * 2_000 + "]"),
        forged("[true]"),
        forged('[true, "1"]'),
        forged("[true, 1.5]"),
        forged("[true, -1]"),
        forged("[true, 9223372036854775808]"),
        forged(f"[true, {10**50}]"),
        forged("[1, 1]"),
        forged("[true, 1"),
        "%C3%A9",
        "x" * 2000,
        "AAAA",
    ],
)
def test_a_token_that_was_not_given_out_is_refused(token: str, tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get(f"{EVENTS}?page_token={token}")
        assert (answer.status_code, answer.json()["pointer"]) == (400, "page_token")

    play(tmp_path, scenario)


def test_lists_have_every_field_but_the_payload_unless_it_is_asked_for(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept(
            [a_write("1", payload='{"a" : 1}', metrics={"m": 1.5}, tags={"t": ["x"]})]
        )
        (event,) = (await client.get(EVENTS)).json()["events"]
        assert list(event) == [name for name in FIELDS if name != "payload"]
        assert (event["metrics"], event["tags"], event["links"]) == ({"m": 1.5}, {"t": ["x"]}, {})
        (event,) = (await client.get(f"{EVENTS}?fields=payload,tags,payload")).json()["events"]
        assert event == {"payload": {"a": 1}, "tags": {"t": ["x"]}}
        (event,) = (await client.get(f"{EVENTS}?fields=arrival")).json()["events"]
        assert event == {"arrival": 1}

    play(tmp_path, scenario)


AWKWARD = ["a/b", "/", "%", "%2F", "é ☃", "?#&=+", " ", ".", "..", "\x00", "'; --", "{x}"]


def test_an_event_is_found_whatever_its_scope_and_id_hold(tmp_path: Path):
    async def scenario(app, client):
        await app.ingest.accept([a_write(text, scope=text[::-1]) for text in AWKWARD])
        for text in AWKWARD:
            # a client would resolve a segment of dots, hence they go encoded as well
            parts = [quote(part, safe="").replace(".", "%2E") for part in (text[::-1], text)]
            answer = await client.get(f"{EVENTS}/test/{'/'.join(parts)}")
            assert (answer.status_code, answer.json().get("id")) == (200, text), text
        assert (await client.get(f"{EVENTS}/test/a/b")).status_code == 404
        assert (await client.get(f"{EVENTS}/test/b/a/a/b")).status_code == 404

    play(tmp_path, scenario)


@pytest.mark.parametrize("attempt", ["0", "x", "-1", "9999999999", "1.0"])
def test_an_attempt_is_a_small_whole_number(attempt: str, tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get(f"{EVENTS}/test/tests/1?attempt={attempt}")
        assert (answer.status_code, answer.json()["pointer"]) == (400, "attempt")

    play(tmp_path, scenario)
