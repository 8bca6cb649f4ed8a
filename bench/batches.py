"""trackEvents in batches of 200, sustained: durable when answered, and visible soon after."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from bench.bodies import BATCH
from bench.figure import Figure
from bench.ingest import raw_commits
from bench.serving import get, load, runwell

PATH = "/v1/metrics/trackEvents"
CONNECTIONS = 4
TARGET = 10_000


def figures(*, quick: bool) -> list[Figure]:
    seconds = 6.0 if quick else 60.0
    raw = statistics.median(raw_commits(seconds / 12, "trunk", 2 * BATCH) for _ in range(3))
    return [_sustained(seconds, raw)]


def _sustained(seconds: float, raw: float) -> Figure:
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    with runwell(folder) as server, _Watch(server) as watch:
        began = time.perf_counter()
        plan = {"path": PATH, "shape": "trunk_batch", "seconds": seconds}
        result = load(server, **plan, connections=CONNECTIONS, keep_alive=True, prefix="b")
        stored = _visible(server)
        taken = time.perf_counter() - began  # until the last one can be asked for
    shutil.rmtree(folder)
    events = result["requests"] * BATCH
    assert stored == events, f"{stored} visible, {events} acknowledged"
    rate = events / taken
    note = (
        f"{seconds:.0f} s, p50 {result['p50_ms']:.0f} ms, p99 {result['p99_ms']:.0f} ms a request; "
        f"columns behind by at most {max(watch.lags, default=0):,} changes; "
        f"{max(watch.resident, default=0):.0f} MiB"
    )
    return Figure(
        f"trackEvents in batches of {BATCH}, durable and visible, {CONNECTIONS} connections",
        rate,
        "events/s",
        f"bare SQLite commits of {2 * BATCH} such events",
        raw,
        rate / raw,
        f">= {TARGET:,}/s",
        rate >= TARGET,
        note,
    )


def _visible(server: str) -> int:
    """How many stages can be asked for; the question waits for all that was acknowledged."""
    rows = get(f"{server}/-/api/summary?summary=total&group_by=kind")["summary"]
    return next(row["total"] for row in rows if row["kind"] == "stage")


class _Watch:
    """Reads the server's own metrics once a second."""

    def __init__(self, server: str) -> None:
        self._url = f"{server}/-/metrics"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.lags: list[int] = []
        self.resident: list[float] = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._over.wait(1):
            with urllib.request.urlopen(self._url, timeout=30) as answer:
                lines = answer.read().decode().splitlines()
            values = dict(line.split(" ") for line in lines if not line.startswith("#"))
            behind = float(values["runwell_ledger_seq"]) - float(values["runwell_columns_seq"])
            self.lags.append(int(behind))
            self.resident.append(float(values["runwell_resident_memory_bytes"]) / 2**20)
