"""What the README's table of differences says of methods, bodies, tokens and empty lists."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest
from tests.apps import play

from runwell.tokens import Tokens

BASE = "/apis/results.tekton.dev/v1alpha2/parents"
RESULTS = f"{BASE}/shop/results"
RECORDS = f"{RESULTS}/r/records"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_lists_without_anything_are_lists(tmp_path: Path):
    async def scenario(_app, client):
        for path, answer in (
            (RESULTS, {"results": []}),
            (RECORDS, {"records": []}),
            (f"{RECORDS}/summary?group_by=day", {"summary": []}),
            (f"{RECORDS}/summary?summary=total,avg_duration", None),
        ):
            wanted = answer or {"summary": [{"total": 0, "avg_duration": None}]}
            assert (await client.get(path)).json() == wanted

    play(tmp_path, scenario)


def test_head_answers_as_get_and_other_methods_do_not_turn_into_it(tmp_path: Path):
    async def scenario(_app, client):
        await client.post(RESULTS, json={"name": "shop/results/r"})
        found = await client.get(f"{RESULTS}/r")
        head = await client.head(f"{RESULTS}/r")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(found.content))

        refusal = {"code": 12, "message": "Method Not Allowed"}
        for method, path, headers in (
            ("OPTIONS", f"{RESULTS}/r", {}),
            ("PUT", f"{RESULTS}/r", {}),
            ("POST", f"{RECORDS}/summary", FORM),
            ("POST", f"{RESULTS}/r", {"X-HTTP-Method-Override": "GET"}),
        ):
            answer = await client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()) == (501, refusal)

    play(tmp_path, scenario)


def test_a_form_is_no_body_where_something_is_made_and_json_where_it_is_changed(tmp_path: Path):
    body = json.dumps({"name": "shop/results/r", "annotations": {"a": "b"}})

    async def scenario(_app, client):
        refused = await client.post(RESULTS, content=body, headers=FORM)
        assert (refused.status_code, refused.json()["code"]) == (400, 3)
        assert "name must match" in refused.json()["message"]
        await client.post(RESULTS, json={"name": "shop/results/r"})
        changed = await client.patch(f"{RESULTS}/r", content=body, headers=FORM)
        assert changed.json()["annotations"] == {"a": "b"}

    play(tmp_path, scenario)


@pytest.mark.parametrize(
    ("value", "status", "message"),
    [
        (b'{"a": "\\u0000"}', 400, "data.value: a NUL character in a text (byte 7)"),
        (b'"%s"' % (b"x" * 4_000), 413, "the body is 5408 bytes; 4000 is the most"),
    ],
    ids=["NUL", "size"],
)
def test_what_cannot_be_stored_is_refused(value: bytes, status: int, message: str, tmp_path: Path):
    async def scenario(_app, client):
        await client.post(RESULTS, json={"name": "shop/results/r"})
        data = {"type": "t", "value": b64encode(value).decode()}
        body = json.dumps({"name": "shop/results/r/records/x", "data": data}).encode()
        answer = await client.post(RECORDS, content=body)
        assert (answer.status_code, answer.json()["message"]) == (status, message)
        assert (await client.get(f"{RECORDS}/x")).status_code == 404

    play(tmp_path, scenario, body_bytes_max=4_000)


def test_tokens_count_for_all_namespaces_and_impersonation_for_none(tmp_path: Path):
    tokens = Tokens(tmp_path)
    reader, writer = tokens.create("r", ["read"]), tokens.create("w", ["write"])

    async def scenario(_app, client):
        async def ask(method: str, path: str, token: str, **more: str) -> tuple[int, str, str]:
            headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more}
            body = b'{"name": "shop/results/r"}' if method == "POST" else None
            answer = await client.request(method, path, headers=headers, content=body)
            message = answer.json().get("message", "")
            return answer.status_code, message, answer.headers.get("www-authenticate", "")

        for path in (RESULTS, f"{BASE}/-/results/-/records", f"{RECORDS}/summary"):
            assert await ask("GET", path, "") == (401, *["unable to find token"] * 2)
            assert await ask("GET", path, writer) == (401, *["permission denied"] * 2)
            assert (await ask("GET", path, reader, **{"Impersonate-User": "x"}))[0] == 200
        assert (await ask("POST", RESULTS, reader))[:2] == (401, "permission denied")
        assert (await ask("POST", RESULTS, writer))[0] == 200
        assert (await client.get("/healthz")).json() == {"status": "SERVING"}

    play(tmp_path, scenario)
