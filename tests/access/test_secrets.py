"""No token, no password and no query of a request stands in a log or an answer."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import pytest
from tests.access.requests import TARGETS, seeds
from tests.access.walking import GARBAGE, Stand, make_tokens
from tests.apps import an_app
from tests.pgwire.serving import Serving
from tests.serving import Server, run_cli

from runwell.client import Client, NoAnswer
from runwell.http import Answer, Call, Endpoint
from runwell.http.gate import mount
from runwell.observe import log
from runwell.protocols.base import Protocol
from runwell.tokens import PATTERN, Tokens
from runwell.web.problem import render_problem

SECRET = "9c" * 32  # the last part of a token
TOKEN = f"rw_{'1a' * 6}_{SECRET}"
PASSWORD = "hunter2-hunter2"
BASIC = base64.b64encode(f"ci:{TOKEN}".encode()).decode()
SECRETS = (SECRET, PASSWORD, BASIC, GARBAGE.rpartition("_")[2])


def secrets_in(text: str, secrets: tuple[str, ...] = SECRETS) -> list[str]:
    lowered = text.lower()
    return [word for word in (*secrets, "authorization", "x-api-token") if word.lower() in lowered]


CARRIED = (
    {"authorization": f"Bearer {TOKEN}"},
    {"authorization": f"Basic {BASIC}"},
    {"authorization": "Basic " + base64.b64encode(f"ci:{PASSWORD}".encode()).decode()},
    {"authorization": f"Token {TOKEN}"},
    {"authorization": f"Basic {TOKEN}"},
    {"x-api-token": TOKEN},
    {"cookie": f"token={PASSWORD}"},
    {"proxy-authorization": f"Bearer {TOKEN}"},
)
PATHS = (
    "/-/api/events",
    "/-/metrics",
    "/nowhere",
    "/v1/metrics/trackEvents",
    "/api/v1/metrics/",
    "/api/v1/event/1",
    "/save_metrics",
    "/apis/results.tekton.dev/v1alpha2/parents/a/results",
)


@pytest.mark.parametrize("level", ["debug", "info"])
def test_what_a_request_carries_is_neither_answered_nor_logged(level: str, tmp_path: Path, capfd):
    Tokens(tmp_path).create("ci", ["read"])

    async def main() -> list[str]:
        answers = []
        async with an_app(tmp_path) as (_, client):
            for headers in CARRIED:
                for path in PATHS:
                    for method in ("GET", "POST", "DELETE", "BREW"):
                        asked = f"{path}?token={TOKEN}&access_token={PASSWORD}"
                        answer = await client.request(method, asked, headers=headers, content=b"{")
                        answers.append(answer.text + str(answer.headers))
        return answers

    log.least = {"debug": 10, "info": 20}[level]
    answers = asyncio.run(main())
    log.least = 20
    assert len(answers) == len(CARRIED) * len(PATHS) * 4
    assert [found for answer in answers if (found := secrets_in(answer))] == []
    assert secrets_in("".join(capfd.readouterr())) == []


def test_a_bug_tells_nothing_of_the_request(tmp_path: Path, capfd):
    async def bug(call: Call) -> Answer:
        raise ZeroDivisionError(f"while {call.headers['authorization']} was asked")

    toy = Endpoint(method="GET", path="/toy/{x}", handle=bug, scope="read", summary="x", answers={})
    protocol = Protocol(
        name="toy",
        title="toy",
        claims=("/toy",),
        endpoints=lambda _: [toy],
        render_error=render_problem,
    )
    assert mount(protocol, [toy])
    token = Tokens(tmp_path).create("ci", ["read"])

    async def main() -> str:
        async with an_app(tmp_path, [protocol]) as (_, client):
            bearer = {"authorization": f"Bearer {token}"}
            answer = await client.get(f"/toy/{TOKEN}?token={TOKEN}", headers=bearer)
            assert answer.status_code == 500
            return answer.text

    answered = asyncio.run(main())
    logged = capfd.readouterr().err
    assert "ZeroDivisionError" in logged
    for text in (answered, logged):
        assert not PATTERN.search(text)
        assert SECRET not in text
        assert token.rpartition("_")[2] not in text


def test_documents_metrics_and_lists_of_our_own_hold_no_token(tmp_path: Path):
    tokens = make_tokens(tmp_path)

    async def main() -> list[str]:
        texts = []
        async with an_app(tmp_path) as (app, client):
            stand = Stand(app, tokens)
            for target in TARGETS:
                await stand.put(seeds(target))
            bearer = {"authorization": f"Bearer {tokens['admin']}"}
            for path in ("/-/openapi.json", "/api/swagger.json", "/-/metrics", "/", "/-/readyz"):
                answer = await client.get(path, headers=bearer)
                assert answer.status_code == 200
                texts.append(answer.text)
        return texts

    for text in asyncio.run(main()):
        assert not PATTERN.search(text)
        assert not re.search("[0-9a-f]{64}", text)  # nor its hash


def test_the_commands_tell_a_token_once_and_only_on_stdout(tmp_path: Path):
    data = ("--data", str(tmp_path))
    made = run_cli("token", "create", "ci", "--repo", "acme/*", "--expires", "3d", *data)
    token = made.stdout.strip()
    assert PATTERN.fullmatch(token)
    assert made.stdout == f"{token}\n"
    assert made.stderr == ""
    for words in (["token", "list"], ["doctor"], ["token", "revoke", "ci"], ["token", "list"]):
        done = run_cli(*words, *data, COLUMNS="200")
        assert not PATTERN.search(done.stdout + done.stderr)
        assert token.rpartition("_")[2] not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "url",
    [
        f"http://ci:{TOKEN}@127.0.0.1:1",
        f"http://{TOKEN}@127.0.0.1:1/x@y",
        f"http://ci:{TOKEN}@127.0.0.1:port",
        f"ftp://ci:{TOKEN}@127.0.0.1",
        f"ci:{TOKEN}@127.0.0.1",
        f"//ci:{TOKEN}@h",
    ],
)
def test_a_client_shows_no_address_with_its_password(url: str, tmp_path: Path):
    (tmp_path / "a.ndjson").write_text("{}\n")
    for words in (["query"], ["tail"], ["export"], ["load", str(tmp_path / "a.ndjson")]):
        done = run_cli(*words, "--url", url, XDG_CACHE_HOME=str(tmp_path))
        assert done.returncode != 0
        assert secrets_in(done.stdout + done.stderr) == []
    with pytest.raises(NoAnswer) as refused, Client(url) as client:
        assert secrets_in(f"{client!r} {client.url}") == []
        client.summary()
    assert secrets_in(repr(refused.value)) == []


def test_a_server_that_turns_everybody_away_logs_none_of_their_passwords(tmp_path: Path):
    token = Tokens(tmp_path / "data").create("ci", ["read"])
    with Server(tmp_path / "data", ("--log-level", "debug")) as server:
        for headers in CARRIED:
            server.ask("GET", f"/-/api/events?token={TOKEN}", **headers)
        assert server.ask("GET", "/-/metrics", Authorization=f"Bearer {token}").status == 200
        assert server.ask("GET", "http://ci:x@h/-/api/events").status in (400, 401, 404)
    assert secrets_in(server.stderr(), (*SECRETS, token)) == []
    assert not PATTERN.search(server.stderr())


def test_postgresqls_port_logs_no_password(tmp_path: Path, capfd):
    Tokens(tmp_path).create("ci", ["read"])
    with Serving(tmp_path) as serving:
        for password in (TOKEN, PASSWORD):
            with serving.raw() as raw:
                raw.begin()
                raw.send(b"p", password.encode() + b"\0")
                answers = b"".join(body for _, body in raw.until_ready())
                assert secrets_in(answers.decode()) == []
    assert secrets_in("".join(capfd.readouterr())) == []
