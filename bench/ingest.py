"""Durable single POSTs over HTTP, beside a Flask endpoint and beside the ledger's bare commits."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

import apsw

from bench import bodies
from bench.figure import Figure
from bench.postgres import postgres
from bench.serving import get, load, reference, runwell

PATH = "/api/v1/metrics/"
TRUNK = "/v1/metrics/trackEvents"
MODES = {
    "single POSTs, 16 connections": {"connections": 16, "keep_alive": True},
    "single POSTs, 64 connections": {"connections": 64, "keep_alive": True},
    "single POSTs, a new connection each": {"connections": 16, "keep_alive": False},
}


REFERENCES = {
    "gunicorn": "Flask + SQLAlchemy + PostgreSQL, gunicorn 4 x 4",
    "shipped": "the same, Flask's own server as the collector ships",
}


def figures(*, quick: bool) -> list[Figure]:
    runs, seconds = (1, 2.0) if quick else (3, 5.0)
    ours: dict[str, list[dict]] = {}
    theirs: dict[tuple[str, str], list[float]] = {}
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    with (
        postgres() as database,
        reference(database, "gunicorn") as gunicorn,
        reference(database, "shipped") as shipped,
        runwell(folder) as server,
    ):
        urls = {"gunicorn": gunicorn, "shipped": shipped}
        acknowledged = 0
        for number in range(runs):
            for name, mode in MODES.items():
                plan = {"path": PATH, "shape": "metric", "seconds": seconds, **mode}
                result = load(server, **plan, prefix=f"{name}{number}".replace(" ", ""))
                acknowledged += result["requests"]
                ours.setdefault(name, []).append(result)
                for kind, url in urls.items():
                    # Flask's own server closes every connection
                    alive = mode["keep_alive"] and kind == "gunicorn"
                    rate = load(url, **{**plan, "keep_alive": alive})["per_second"]
                    theirs.setdefault((name, kind), []).append(rate)
            for connections in (16, 64):
                mode = f"{connections} connections"
                plan = {"path": TRUNK, "shape": "trunk", "seconds": seconds, "keep_alive": True}
                result = load(
                    server, **plan, connections=connections, prefix=f"t{number}c{connections}"
                )
                name = f"trackEvents, one event a request, {mode}"
                ours.setdefault(name, []).append(result)
                for kind in REFERENCES:  # one event of the usual kind, whatever the protocol
                    theirs[name, kind] = theirs[f"single POSTs, {mode}", kind]
            plan = {"path": "/save_metrics", "shape": "pipeline", "seconds": seconds}
            result = load(server, **plan, connections=64, prefix=f"p{number}")
            ours.setdefault("save_metrics, 64 connections", []).append(result)
        stored = get(f"{server}{PATH}count")["count"]
        assert stored == acknowledged, f"{stored} stored, {acknowledged} acknowledged"
    shutil.rmtree(folder)
    raw = statistics.median(raw_commits(seconds, "metric", 64) for _ in range(runs))
    return [
        _figure(name, found, theirs, raw, kind)
        for name, found in ours.items()
        for kind in REFERENCES
        if (name, kind) in theirs or kind == "gunicorn"
    ]


def _figure(name: str, found: list[dict], theirs: dict, raw: float, kind: str) -> Figure:
    value = statistics.median(result["per_second"] for result in found)
    p50 = statistics.median(result["p50_ms"] for result in found)
    p99 = statistics.median(result["p99_ms"] for result in found)
    note = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
    if (name, kind) not in theirs:
        reference_name, rate, target, met = "bare SQLite commits of 64", raw, "", None
    else:
        reference_name, rate = REFERENCES[kind], statistics.median(theirs[name, kind])
        target, met = ">= 10 x", value >= 10 * rate
        if "64" in name:
            target, met = ">= 10 x, >= 4,000/s, p99 <= 50 ms", met and value >= 4000 and p99 <= 50
    return Figure(name, value, "/s", reference_name, rate, value / rate, target, met, note)


def raw_commits(seconds: float, shape: str, size: int) -> float:
    """The limit: the same bodies into SQLite, WAL, synchronous=FULL, `size` a commit, no HTTP."""
    folder = tempfile.mkdtemp(prefix="runwell-bench-")
    connection = apsw.Connection(f"{folder}/raw.sqlite")
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").fetchall()
    connection.execute("CREATE TABLE raw (key TEXT PRIMARY KEY, body TEXT)").fetchall()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        rows = [
            (str(count + n), bodies.SHAPES[shape](str(count + n)).decode()) for n in range(size)
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO raw VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        count += size
    rate = count / (time.perf_counter() - began)
    connection.close()
    return rate
