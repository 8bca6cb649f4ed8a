"""A disk without room: refused with 503 and nothing stored, reads go on, and it ends by itself."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.crash.messages import RESULT, RESULTS, Message, messages
from tests.crash.senders import Rows, connect, rows_of, send, stored
from tests.serving import Server

ROUNDS = 5
DISK_BYTES = 48 * 1024 * 1024
SPARE_BYTES = 512 * 1024
RECOVERY_SECONDS_MAX = 2.0
MANY = 20_000
PROTOCOLS = 6  # five and our own
POINT_READ = f"{RESULTS}/all"  # from the ledger, whatever the columns do
EVERYTHING_ON = ("--free-bytes-min", "0")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={DISK_BYTES}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> None:
    """Leave room for a little more, so that it runs out under load."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        for size in (1024 * 1024, 4096):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    os.truncate(filler, filler.stat().st_size - SPARE_BYTES)


def one_of_each(label: str) -> dict[str, Message]:
    """The first write of each protocol, and of our own API, by the beginning of its path."""
    found: dict[str, Message] = {}
    for message in messages(label):
        if message.method == "POST" and message.makes:
            found.setdefault(message.path[:12], message)
        if len(found) == PROTOCOLS:
            return found
    raise AssertionError(found)


def until_refused(server: Server, prefix: str) -> Rows:
    """Send by every protocol until nothing is taken any more; what was acknowledged.

    What is small may still find room where what is large did not.
    """
    connection = connect(server)
    told: list[Message] = []
    for number in range(MANY):
        label = f"{prefix}{number:05d}"
        replies = {}
        for path, message in one_of_each(label).items():
            reply = send(connection, message, prefix)
            if reply.status in message.done:
                told.append(message)
                continue
            replies[path] = reply.status
            assert reply.status == 503, (message, reply)
            assert "disk is full" in reply.body.decode()
            assert int(reply.headers["retry-after"]) > 0
        if len(replies) == PROTOCOLS:
            break
    connection.close()
    return rows_of(told)


def until_accepted(server: Server) -> float:
    """How long it takes until a write is accepted."""
    began = time.monotonic()
    for number in range(MANY):
        tags = {"n": [str(number)]}
        event = {
            "id": "again",
            "start_time": 1_717_400_000,
            "end_time": 1_717_400_000,
            "tags": tags,
        }
        reply = server.ask("POST", "/api/v1/event/", {"event": event, "insert": True})
        if reply.status == 200:
            return time.monotonic() - began
        assert reply.status == 503, reply
        time.sleep(0.02)
    raise AssertionError(reply)


def play(server: Server, take_room: Callable[[], None], give_room: Callable[[], None]) -> Counter:
    with server:
        return _rounds(server, take_room, give_room)


def _rounds(
    server: Server, take_room: Callable[[], None], give_room: Callable[[], None]
) -> Counter:
    figures: Counter[str] = Counter()
    assert server.ask("POST", RESULTS, RESULT).status == 200
    for round_ in range(ROUNDS):
        prefix = f"full-1{round_}-"
        take_room()
        told = until_refused(server, prefix)
        for _ in range(20):
            assert server.ask("GET", POINT_READ).status == 200
            assert server.ask("GET", "/-/healthz").status == 200
        give_room()
        seconds = until_accepted(server)
        assert seconds <= RECOVERY_SECONDS_MAX
        server.until_ready()
        assert stored(server, prefix).get(prefix, Rows()) == told
        figures["acknowledged"] += told.total()
        figures["slowest_ms"] = max(figures["slowest_ms"], int(seconds * 1000))
    return figures


def test_a_full_disk_refuses_what_comes_and_takes_it_again_when_there_is_room(disk: Path, capsys):
    server = Server(disk / "data", EVERYTHING_ON)
    figures = play(server, lambda: fill(disk), (disk / "filler").unlink)
    with capsys.disabled():
        print(f"\nfull disk: {ROUNDS} rounds, {dict(figures)}, 0 lost")


def test_a_process_that_may_write_no_more_refuses_what_comes_until_it_may(tmp_path: Path):
    server = Server(tmp_path / "data", EVERYTHING_ON)

    def limit(size: int) -> None:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    play(
        server,
        lambda: limit(_log_bytes(server) + SPARE_BYTES),
        lambda: limit(resource.RLIM_INFINITY),
    )


def _log_bytes(server: Server) -> int:
    return (server.data / "ledger.sqlite-wal").stat().st_size


def test_before_the_disk_is_full_writes_are_refused_and_every_read_goes_on(disk: Path):
    least = DISK_BYTES // 4
    with Server(disk / "data", ("--free-bytes-min", str(least))) as server:
        assert server.ask("POST", RESULTS, RESULT).status == 200
        filler = disk / "filler"
        for _ in range(2):
            room = os.statvfs(disk).f_bavail * 4096 - least + 4096
            filler.write_bytes(bytes(room))
            time.sleep(1.1)  # it is looked at once a second
            assert until_refused(server, "short-3-") == Rows()
            for path in ("/-/healthz", "/-/readyz", "/-/api/events", "/-/api/summary", POINT_READ):
                assert server.ask("GET", path).status == 200
            filler.unlink()
            assert until_accepted(server) <= RECOVERY_SECONDS_MAX
    assert '"disk_short"' in Path(f"{server.data}.stderr").read_text()
