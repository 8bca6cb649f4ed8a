"""What requests are called: taken, echoed, made up for one that failed, and found in the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.apps import play


@pytest.mark.parametrize("path", ["/-/healthz", "/nowhere", "/-/api/events"])
def test_the_name_of_a_request_comes_back_with_whatever_is_answered(path: str, tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get(path, headers={"x-request-id": "abc-1.2_3"})
        assert answer.headers.get_list("x-request-id") == ["abc-1.2_3"]
        assert "x-request-id" not in (await client.get(path)).headers

    play(tmp_path, scenario)


@pytest.mark.parametrize("name", ["", "a b", "x" * 129, "<script>", "é".encode(), b"\xff", 'a"b'])
def test_a_name_that_may_not_stand_in_a_log_is_dropped(name: str | bytes, tmp_path: Path):
    async def scenario(_app, client):
        answer = await client.get("/-/healthz", headers={"x-request-id": name})
        assert (answer.status_code, "x-request-id" in answer.headers) == (200, False)

    play(tmp_path, scenario)


def test_a_request_that_fails_is_found_in_the_log_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    async def scenario(app, client):
        async def fail(_: object) -> None:
            raise RuntimeError("broken")

        (route,) = [e for e in app.mounted[-1].endpoints if e.path == "/-/healthz"]
        object.__setattr__(route, "handle", fail)
        made = await client.get("/-/healthz")
        given = await client.get("/-/healthz", headers={"x-request-id": "mine"})
        assert (made.status_code, given.headers["x-request-id"]) == (500, "mine")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        failed = [line for line in lines if line["event"] == "request_failed"]
        assert [line["request"] for line in failed] == [made.headers["x-request-id"], "mine"]
        assert {line["asked"] for line in failed} == {"GET /-/healthz"}
        assert all("in fail" in line["at"] for line in failed)

    play(tmp_path, scenario)
