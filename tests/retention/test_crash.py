"""kill -9 in the middle of sweeps: nothing is lost, nothing counts twice, at any moment."""

from __future__ import annotations

import random
import time
from pathlib import Path

from tests.builders import HOUR_US, NOON_US, a_write
from tests.serving import Server, unmeasured

from runwell.store.ledger import open_ledger

EVENTS = 3_000
KILLS = 6
SUMMARY = "/-/api/summary?summary=total,sum(metrics.n),sum(duration)&group_by=name"


def test_a_killed_sweep_loses_and_doubles_nothing(tmp_path: Path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    writes = [
        a_write(
            str(n), name=f"n{n % 3}", started=NOON_US - n * HOUR_US // 60, duration=n * 1_000_000,
            metrics={"n": float(n)}, payload='{"filling": "' + "x" * 500 + '"}',
        )
        for n in range(EVENTS)
    ]  # fmt: skip
    ledger.commit([writes], time.time_ns() // 1_000)
    ledger.close()
    expected = [
        {
            "name": f"n{name}",
            "total": EVENTS // 3,
            "sum(metrics.n)": float(sum(range(name, EVENTS, 3))),
            "sum(duration)": float(sum(range(name, EVENTS, 3))),
        }
        for name in range(3)
    ]
    chance = random.Random(1)
    server = Server(tmp_path, ("--retention", "test/*=1d"), environment=unmeasured())
    kept = EVENTS
    for _ in range(KILLS):
        server.start()
        server.until_ready()
        assert server.get(SUMMARY)["summary"] == expected
        time.sleep(chance.uniform(0, 0.3))
        assert server.get(SUMMARY)["summary"] == expected
        server.kill()
    with server:
        deadline = time.monotonic() + 60
        while kept and time.monotonic() < deadline:
            assert server.get(SUMMARY)["summary"] == expected
            kept = len(server.get("/-/api/events?limit=10000")["events"])
        assert kept == 0
        sql = "SELECT count(*), count(DISTINCT arrival) FROM events WHERE rolled_up"
        assert server.ask("POST", "/-/api/sql", {"sql": sql}).json["rows"] == [[EVENTS, EVENTS]]
