"""A ledger that another process holds, cannot be read, or has failed: told so, in every protocol."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.apps import play
from tests.builders import a_write
from tests.crash.messages import RESULT, RESULTS, Message, messages
from tests.serving import Server, run_cli

from runwell.errors import StorageFailed
from runwell.store.checker import Checker
from runwell.store.ledger import open_ledger, sqlite

PROTOCOLS = 6  # five and our own
HOLD = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
    "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); input(); c.execute('ROLLBACK')"
)


def one_of_each(label: str) -> list[Message]:
    """The first write of each protocol, and of our own API."""
    found: dict[str, Message] = {}
    for message in messages(label):
        if message.method == "POST" and message.makes:
            found.setdefault(message.path[:12], message)
        if len(found) == PROTOCOLS:
            return list(found.values())
    raise AssertionError(found)


async def send_each(client, label: str) -> list[tuple[int, bool, str]]:
    """The status of each, whether it says when to come again, and its words."""
    replies = []
    for message in one_of_each(label):
        headers = {"Content-Type": "application/json", **message.headers}
        reply = await client.post(message.path, content=message.body, headers=headers)
        replies.append((reply.status_code, "retry-after" in reply.headers, reply.text))
    return replies


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Another process has begun to write to a file."""
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        yield
        other.communicate("\n")


def test_while_another_process_holds_the_ledger_writes_are_refused_and_reads_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sqlite, "BUSY_MS", 50)

    async def scenario(app, client):
        assert (await client.post(RESULTS, json=RESULT)).status_code == 200
        with held(tmp_path / "ledger.sqlite"):
            for status, says_when, words in await send_each(client, "held-1"):
                assert (status, says_when, "another process" in words) == (503, True, True)
            for path in ("/-/healthz", "/-/readyz", "/-/api/events", f"{RESULTS}/all"):
                assert (await client.get(path)).status_code == 200
        assert not app.failed.is_set()
        assert {status for status, _, _ in await send_each(client, "free-2")} <= {200, 201}

    play(tmp_path, scenario)


def test_after_a_failed_commit_every_address_of_every_protocol_says_so(tmp_path: Path, capsys):
    async def scenario(app, client):
        def fail(*_: object) -> None:
            raise StorageFailed("the disk failed (disk I/O error)")

        app.ingest._ledger.commit = fail
        first, *others = await send_each(client, "failed-3")
        assert (first[0], first[1], "disk I/O error" in first[2]) == (503, True, True)
        assert {other[:2] for other in others} == {(503, True)}
        for path in ("/-/healthz", "/-/readyz", "/-/metrics", "/-/api/events", "/", "/nowhere"):
            reply = await client.get(path)
            assert (reply.status_code, "retry-after" in reply.headers) == (503, True)
            assert "disk failed" in reply.text
        assert app.failed.is_set()
        del app.ingest._ledger.commit

    play(tmp_path, scenario)
    assert capsys.readouterr().err.count('"ledger_failed"') == 1


def test_what_the_disk_does_not_give_back_is_503_and_never_another_answer(tmp_path: Path):
    server = Server(tmp_path / "data", module="tests.storage.failing")
    record = f"{RESULTS}/all"
    with server:
        assert server.ask("POST", RESULTS, RESULT).status == 200
        sound = server.ask("GET", record).body
    with server:  # with nothing in its memory yet
        swept = "\nrunwell_retention_seconds_total "
        while swept not in server.ask("GET", "/-/metrics").body.decode():
            time.sleep(0.01)  # the first look of retention, which writes too
        fault = Path(f"{server.data}.fault")
        fault.write_text("read")
        reply = server.ask("GET", record)
        assert (reply.status, "retry-after" in reply.headers) == (503, True)
        assert server.ask("GET", "/-/healthz").status == 200
        fault.unlink()
        assert server.ask("GET", record).body == sound
    assert '"ledger_unreadable"' in server.stderr()


def test_a_large_ledger_is_looked_at_while_it_is_served_and_its_damage_ends_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    monkeypatch.setattr("runwell.app.CHECKED_AT_ONCE_BYTES", 0)
    monkeypatch.setattr("runwell.datadir.CHECKED_AT_ONCE_BYTES", 0)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.commit([[a_write(str(n), payload="x" * 300)] for n in range(2_000)], 1)
    ledger.close()
    file = tmp_path / "ledger.sqlite"
    sound = file.read_bytes()

    async def well(app, _client):
        app._checker._thread.join()
        assert not app.failed.is_set()

    play(tmp_path, well)
    assert '"ledger_checked"' in capsys.readouterr().err

    damaged = bytearray(file.read_bytes())
    damaged[len(sound) // 2 // 4096 * 4096 + 1_000] ^= 1
    file.write_bytes(damaged)

    async def ill(app, client):
        await app.failed.wait()
        assert (await client.get("/-/healthz")).status_code == 503

    play(tmp_path, ill)
    assert "the ledger is damaged" in capsys.readouterr().err


def test_a_server_that_stops_does_not_wait_for_the_look_at_its_ledger():
    class SlowLedger:
        def __init__(self) -> None:
            self.stopped = threading.Event()

        def check_pages(self) -> list[str]:
            assert self.stopped.wait(30)
            return []

        def stop_checking(self) -> None:
            self.stopped.set()

    checker = Checker(SlowLedger(), lambda _: None)
    checker.stop()  # never started
    checker.start()
    checker.stop()


def test_a_look_that_had_not_begun_when_it_was_told_to_end_is_ended_all_the_same(capsys):
    class LateLedger:
        asked = 0

        def check_pages(self) -> list[str]:
            while self.asked < 3:
                time.sleep(0.001)
            return []

        def stop_checking(self) -> None:
            self.asked += 1

    checker = Checker(LateLedger(), lambda _: None)
    checker.start()
    checker.stop()
    assert "ledger_checked" not in capsys.readouterr().err


def test_a_check_can_be_ended(tmp_path: Path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.stop_checking()  # none is under way
    assert ledger.check_pages() == []
    ledger.close()


def test_while_the_tokens_cannot_be_read_nobody_is_let_in_and_the_log_says_what_to_do(
    tmp_path: Path, capsys
):
    async def scenario(_app, client):
        (tmp_path / "tokens.json").write_text("[{")
        for status, comes_again, words in await send_each(client, "shut"):
            assert (status, comes_again, "tokens" in words) == (503, True, False)
        assert (await client.get("/-/healthz")).status_code == 200
        (tmp_path / "tokens.json").unlink()

    play(tmp_path, scenario)
    assert capsys.readouterr().err.count("restore tokens.json") == PROTOCOLS


def test_a_server_does_not_start_with_tokens_that_cannot_be_read(tmp_path: Path):
    (tmp_path / "tokens.json").write_text("[{")
    done = run_cli("serve", "--port", "0", "--data", str(tmp_path))
    assert (done.returncode, "tokens.json cannot be read" in done.stderr) == (1, True)
    assert not (tmp_path / "ledger.sqlite").exists()
