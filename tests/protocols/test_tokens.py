"""Trunk and ETS ask for a token in their own words, before they look at the body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.apps import play

from runwell.tokens import Tokens

TRUNK = ("POST", "/v1/metrics/trackEvents")
ETS = ("PUT", "/api/v1/event/")


def as_trunk(token: str) -> dict[str, str]:
    return {"x-api-token": token}


def as_bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", "content-type": "application/json"}


@pytest.mark.parametrize(
    ("request_", "headers", "refusal"),
    [
        (
            TRUNK,
            as_trunk,
            lambda code, _status: {"error": {"code": code}},
        ),
        (
            ETS,
            as_bearer,
            lambda _code, status: {"code": status, "headers": {}, "success": False},
        ),
    ],
    ids=["trunk", "ets"],
)
def test_no_token_an_unknown_one_and_one_without_the_scope_are_refused(
    request_: tuple[str, str], headers: Any, refusal: Any, tmp_path: Path
):
    tokens = Tokens(tmp_path)
    writer, reader = tokens.create("w", ["write"]), tokens.create("r", ["read"])
    revoked = tokens.create("gone", ["write"])
    tokens.revoke("gone")

    async def scenario(app, client):
        async def status(token: str | None, body: bytes) -> int:
            sent = headers(token) if token is not None else {}
            answer = await client.request(*request_, headers=sent, content=body)
            if answer.status_code in (401, 403):
                word = {401: "unauthorized", 403: "forbidden"}[answer.status_code]
                wanted = refusal(word, answer.status_code)
                found = answer.json().get("error", answer.json())
                assert (wanted.get("error") or wanted).items() <= found.items()
            return answer.status_code

        broken = b"{"
        assert [await status(token, broken) for token in (None, "", "x", revoked)] == [401] * 4
        assert await status(reader, broken) == 403
        assert await status(writer, broken) == 400
        assert app.store.ledger.count() == 0

    play(tmp_path, scenario)
