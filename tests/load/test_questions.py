"""Questions that take all they can get: what comes in goes on, and nothing of them stays."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.load.raw import eventually, resident_bytes
from tests.serving import Server

MIB = 1024 * 1024
SECONDS_MAX = 3
EVENTS = 20_000
PAYLOAD = {"log": "collected 4821 items / 12 skipped / 3 deselected aaaaaaaaaaaaaaaaaaaa!"}
FLAGS = ("--query-seconds-max", str(SECONDS_MAX), "--columns-memory-mib", "128")

SQL = "/-/api/sql"
CROSS = "SELECT count(*) FROM events a, events b, events c WHERE a.id < b.id AND b.id <> c.id"
SORT = "SELECT a.id || b.id AS x FROM events a, events b ORDER BY x DESC LIMIT 10 OFFSET 5000000"
GROUPS = "SELECT a.id || b.id AS x, count(*) FROM events a, events b GROUP BY x ORDER BY 2 LIMIT 5"
REGEX = quote('payload.log.matches("(a|aa|aaa|aaaa)*b") || payload.log.matches("(.*a){50}c")')
HEAVY: list[tuple[str, str, Any]] = [
    ("POST", SQL, {"sql": CROSS}),
    ("POST", SQL, {"sql": SORT}),
    ("POST", SQL, {"sql": GROUPS}),
    ("GET", f"/-/api/events?filter={REGEX}&order_by=duration", None),
    ("GET", "/-/api/summary?summary=total,p95(duration)&group_by=id,scope,kind&limit=10000", None),
    ("GET", "/-/api/series?bucket=hour&summary=total", None),
]


def fill(server: Server) -> None:
    for start in range(0, EVENTS, 5_000):
        events = [
            {"source": "load", "scope": "load", "id": f"{place:06}", "payload": PAYLOAD}
            for place in range(start, start + 5_000)
        ]
        assert server.ask("POST", "/-/api/events", {"events": events}).status == 200


class Sender(threading.Thread):
    """Single events, one after the other, and how long each took."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.server = server
        self.taken: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.is_over = threading.Event()

    def run(self) -> None:
        while not self.is_over.wait(0.01):
            event = {"source": "load", "scope": "new", "id": str(len(self.taken))}
            began = time.monotonic()
            reply = self.server.ask("POST", "/-/api/events", {"events": [event]})
            self.taken.append(time.monotonic() - began)
            self.statuses[reply.status] += 1


def cpu_seconds(server: Server) -> float:
    stat = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / 100


def spilled_bytes(server: Server) -> int:
    return sum(file.stat().st_size for file in server.data.glob("*.tmp/*"))


def test_heavy_questions_hold_up_no_writes_and_end_in_time(tmp_path: Path):
    heard: list[tuple[int, float, dict[str, str]]] = []
    spilled = 0

    def ask(place: int) -> None:
        method, path, body = HEAVY[place % len(HEAVY)]
        began = time.monotonic()
        reply = server.ask(method, path, body)
        heard.append((reply.status, time.monotonic() - began, reply.headers))

    with Server(tmp_path / "data", FLAGS) as server:
        fill(server)
        server.until_ready()
        before = resident_bytes(server)
        sender = Sender(server)
        askers = [threading.Thread(target=ask, args=(place,)) for place in range(70)]
        for thread in (sender, *askers):
            thread.start()
        while any(asker.is_alive() for asker in askers):
            spilled = max(spilled, spilled_bytes(server))
            time.sleep(0.02)
        sender.is_over.set()
        sender.join()

        # what they are told: only refusals that say what to do, and none later than it must
        assert {status for status, _, _ in heard} <= {200, 413, 503, 504}
        assert all("retry-after" in headers for status, _, headers in heard if status == 503)
        assert (
            max(taken for _, taken, _ in heard) <= SECONDS_MAX + 5
        )  # a second, and a slow machine
        assert any(status == 504 for status, _, _ in heard)

        # what came in meanwhile
        taken = sorted(sender.taken)
        assert set(sender.statuses) == {200}, json.dumps(sender.statuses)
        assert len(taken) >= 10
        assert taken[len(taken) // 2] <= 0.5, taken

        # what is left of them
        assert max(spilled, spilled_bytes(server)) <= 128 * MIB

        def rests() -> bool:
            began = cpu_seconds(server)
            time.sleep(0.5)
            return cpu_seconds(server) - began < 0.2

        eventually(rests)
        assert resident_bytes(server) - before <= 400 * MIB
        assert server.ask("POST", SQL, {"sql": "SELECT count(*) FROM events"}).json["rows"] == [
            [EVENTS + len(taken)]
        ]


def test_what_needs_more_than_memory_and_room_on_the_disk_is_413_and_harms_nothing(tmp_path: Path):
    flags = ("--columns-memory-mib", "32", "--query-seconds-max", "60")
    distinct = "a.id || b.id || a.payload::VARCHAR || b.payload::VARCHAR"
    sql = f"SELECT count(DISTINCT {distinct}) FROM events a, events b"
    with Server(tmp_path / "data", flags) as server:
        events = [
            {"source": "l", "scope": "l", "id": str(i), "payload": PAYLOAD} for i in range(1000)
        ]
        assert server.ask("POST", "/-/api/events", {"events": events}).status == 200
        reply = server.ask("POST", SQL, {"sql": sql})
        assert (reply.status, "columns_memory_mib" in reply.json["detail"]) == (413, True)
        assert spilled_bytes(server) <= 32 * MIB
        assert server.get("/-/api/events?limit=1")["events"]
