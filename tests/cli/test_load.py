"""`runwell load` as a process: what it prints, its exit codes, and kill -9 in its middle."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.cli.invoking import invoke
from tests.serving import DEADLINE_SECONDS, Server, run_cli

from runwell.demo.load import samples, send
from runwell.query import FIELDS

EVENTS = 60_000
# what each server tells for itself; the time of a context is that of its arrival
OWN = {"seq", "arrival", "received", "time"}


def events(count: int, **more: Any) -> str:
    return "".join(
        json.dumps({"source": "s", "scope": "", "id": str(number), **more}) + "\n"
        for number in range(count)
    )


def started(server: Server, file: Path, cache: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runwell", "load", str(file), "--url", server.url],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def count(server: Server) -> int:
    server.until_ready()
    question = {"sql": "SELECT count(*), count(DISTINCT id) FROM events"}
    ((rows, distinct),) = server.ask("POST", "/-/api/sql", question).json["rows"]
    assert rows == distinct
    return rows


def changes(server: Server) -> int:
    """How many changes are committed: the columns may be behind."""
    text = server.ask("GET", "/-/metrics").body.decode()
    return int(re.search(r"^runwell_ledger_seq (\d+)$", text, re.MULTILINE)[1])


def until(server: Server, least: int) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while changes(server) < least:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_standard_input_is_loaded_and_what_is_refused_ends_with_1(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        command = [sys.executable, "-m", "runwell", "load", "-", "--url", server.url]
        done = [
            subprocess.run(command, input=text, capture_output=True, text=True, check=False)
            for text in (events(3), events(1, naem="x"), "")
        ]
        assert [one.returncode for one in done] == [0, 1, 0]
        assert done[0].stdout.startswith("-: 3 created, 0 existed, 0 replaced, 0 refused in ")
        assert "-: line 1: naem: there is no such field; did you mean 'name'?" in done[1].stderr
        assert done[2].stdout.startswith("-: 0 created")
        assert count(server) == 3


def test_a_killed_load_goes_on_and_nothing_is_lost_or_doubled(tmp_path: Path):
    file = tmp_path / "events.ndjson"
    file.write_text(events(EVENTS, payload={"text": "x" * 200}))
    cache = tmp_path / "cache"
    with Server(tmp_path / "data") as server:
        for least in (EVENTS // 10, EVENTS // 3):
            load = started(server, file, cache)
            until(server, least)
            load.kill()
            load.communicate()
            assert least <= changes(server) < EVENTS
        load = started(server, file, cache)
        out, errors = load.communicate(timeout=DEADLINE_SECONDS)
        assert load.returncode == 0, errors
        assert "going on behind" in errors
        assert "0 replaced, 0 refused" in out
        assert (changes(server), count(server)) == (EVENTS, EVENTS)
        assert list((cache / "runwell" / "load").iterdir()) == []


def test_a_server_that_is_killed_and_comes_back_is_waited_for(tmp_path: Path):
    file = tmp_path / "events.ndjson"
    file.write_text(events(EVENTS, payload={"text": "x" * 200}))
    server = Server(tmp_path / "data").start()
    port = server.url.rpartition(":")[2]
    load = started(server, file, tmp_path / "cache")
    until(server, EVENTS // 10)
    server.kill()
    server.flags = ("--port", port)
    server.start()
    out, errors = load.communicate(timeout=DEADLINE_SECONDS)
    assert load.returncode == 0, errors
    assert "0 replaced, 0 refused" in out
    assert (changes(server), count(server)) == (EVENTS, EVENTS)
    assert server.stop() == 0


def test_a_token_is_needed_where_the_server_needs_one(tmp_path: Path):
    file = tmp_path / "events.ndjson"
    file.write_text(events(1))
    with Server(tmp_path / "data") as server:
        token = run_cli("token", "create", "ci", "--data", str(server.data)).stdout.strip()
        at = {"RUNWELL_URL": server.url, "XDG_CACHE_HOME": str(tmp_path)}
        refused = invoke("load", str(file), **at)
        assert refused.exit_code == 1
        assert "401" in refused.output
        assert "--token or RUNWELL_TOKEN" in refused.output
        assert invoke("load", str(file), **at, RUNWELL_TOKEN=token).exit_code == 0


@pytest.mark.parametrize("words", [(), ("events.ndjson", "--url", "http://127.0.0.1:1")])
def test_without_files_or_a_server_it_says_what_to_do(words: tuple[str, ...]):
    done = invoke("load", *words)
    assert done.exit_code in (1, 2)
    assert "Usage: main load" in done.output or "start a server with" in done.output


def test_an_export_of_all_protocols_is_loaded_as_it_was(tmp_path: Path):
    fields = ",".join(name for name in FIELDS if name not in OWN)
    shown = f"/-/api/events?order_by=arrival%20asc&limit=10000&fields={fields}"
    asked = "/-/api/summary?group_by=source,status&filter=kind!=%22context%22"
    cache = str(tmp_path / "cache")
    with Server(tmp_path / "old") as old:
        send(old.url, samples(date(2026, 11, 20), 1, 2_000))
        for name in ("ndjson", "parquet"):
            file = tmp_path / f"events.{name}"
            file.write_bytes(old.ask("GET", f"/-/api/export?format={name}").body)
            with Server(tmp_path / name) as new:
                for url, word in ((new.url, "created"), (new.url, "existed"), (old.url, "existed")):
                    done = run_cli("load", str(file), "--url", url, XDG_CACHE_HOME=cache)
                    assert done.returncode == 0, done.stderr
                    assert re.search(rf"[1-9][\d,]+ {word}", done.stdout)
                    assert "0 replaced, 0 refused" in done.stdout
                assert new.get(shown) == old.get(shown)
                assert new.get(asked) == old.get(asked)
