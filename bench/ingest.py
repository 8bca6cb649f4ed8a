"""Durable single POSTs over HTTP, beside a Flask endpoint and beside the ledger's bare commits."""

from __future__ import annotations

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
MODES = {
    "single POSTs, 16 connections": {"connections": 16, "keep_alive": True},
    "single POSTs, 64 connections": {"connections": 64, "keep_alive": True},
    "single POSTs, a new connection each": {"connections": 16, "keep_alive": False},
}


def figures(*, quick: bool) -> list[Figure]:
    runs, seconds = (1, 2.0) if quick else (3, 5.0)
    results: dict[str, list[dict]] = {}
    usual: dict[str, list[float]] = {}
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    with postgres() as database, reference(database) as flask, runwell(folder) as ours:
        acknowledged = 0
        for number in range(runs):
            for name, mode in MODES.items():
                plan = {"path": PATH, "shape": "metric", "seconds": seconds, **mode}
                result = load(ours, **plan, prefix=f"{name}{number}".replace(" ", ""))
                acknowledged += result["requests"]
                results.setdefault(name, []).append(result)
                usual.setdefault(name, []).append(load(flask, **plan)["per_second"])
            plan = {"path": "/save_metrics", "shape": "pipeline", "seconds": seconds}
            result = load(ours, **plan, connections=64, prefix=f"p{number}")
            results.setdefault("save_metrics, 64 connections", []).append(result)
        stored = get(f"{ours}{PATH}count")["count"]
        assert stored == acknowledged, f"{stored} stored, {acknowledged} acknowledged"
    raw = statistics.median(_raw_commits(seconds) for _ in range(runs))
    return [_figure(name, found, usual.get(name), raw) for name, found in results.items()]


def _figure(name: str, found: list[dict], usual: list[float] | None, raw: float) -> Figure:
    value = statistics.median(result["per_second"] for result in found)
    p50 = statistics.median(result["p50_ms"] for result in found)
    p99 = statistics.median(result["p99_ms"] for result in found)
    flask = statistics.median(usual) if usual else None
    target, met = "", None
    if "64" in name and flask:
        target, met = (
            ">= 4,000/s, >= 10 x, p99 <= 50 ms",
            value >= max(4000, 10 * flask) and p99 <= 50,
        )
    elif flask:
        target, met = ">= 10 x", value >= 10 * flask
    note = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms; {value / raw:.0%} of bare commits ({raw:,.0f}/s)"
    ratio = value / flask if flask else None
    return Figure(
        name, value, "/s", "Flask + PostgreSQL" if flask else "", flask, ratio, target, met, note
    )


def _raw_commits(seconds: float) -> float:
    """The limit: the same bodies into SQLite, WAL, synchronous=FULL, 64 a commit, no HTTP."""
    folder = tempfile.mkdtemp(prefix="runwell-bench-")
    connection = apsw.Connection(f"{folder}/raw.sqlite")
    connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL").fetchall()
    connection.execute("CREATE TABLE raw (key TEXT PRIMARY KEY, body TEXT)").fetchall()
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        rows = [
            (str(count + n), bodies.SHAPES["metric"](str(count + n)).decode()) for n in range(64)
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO raw VALUES (?, ?)", rows)
        connection.execute("COMMIT")
        count += 64
    rate = count / (time.perf_counter() - began)
    connection.close()
    return rate
