"""Our own API over 1M events: two-key summaries, pages at any depth, and ingest meanwhile."""

from __future__ import annotations

import http.client
import json
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from bench.events import fill
from bench.figure import Figure
from bench.serving import load, runwell
from runwell.web.page import Token, write_token

SUMMARIES = {
    "pipeline x day": {"group_by": "pipeline,day"},
    "status x week in Berlin": {"group_by": "status,week", "zone": "Europe/Berlin"},
    "tags.team x tags.runner": {"group_by": "tags.team,tags.runner"},
    "scope x hour of the day": {"group_by": "scope,time.getHours()"},
    "pipeline x tags.team, percentiles of metrics": {
        "group_by": "pipeline,tags.team",
        "summary": "total,p50(metrics.cpu),p95(metrics.memory),p99(duration)",
    },
    "pipeline x status, filtered": {
        "group_by": "pipeline,status",
        "filter": 'tags.team == "team-3" && metrics.cpu > 0.5 && duration > duration("1m")',
    },
    "name x month, of payload": {"group_by": "name,month", "summary": "total,p95(payload.number)"},
}
PERCENTILES = "total,failure_rate,p50(duration),p95(duration),p99(duration)"
DEPTHS = (0.0, 0.25, 0.5, 0.99)
ORDERS = (
    "arrival desc",
    "arrival asc",
    "time desc",
    "duration desc",
    "name asc",
    "metrics.cpu desc",
)
RUNS = 5
SUMMARY, EVENTS = "/-/api/summary", "/-/api/events"


def figures(*, quick: bool) -> list[Figure]:
    count = 100_000 if quick else 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    fill(folder, count)
    with runwell(folder) as url:
        found = [*_summaries(url, count), *_pages(url, count), *_together(url, quick=quick)]
    shutil.rmtree(folder)
    return found


def _summaries(url: str, count: int) -> list[Figure]:
    found = []
    for name, asked in SUMMARIES.items():
        took = _took(url, SUMMARY, {"summary": PERCENTILES, **asked})
        target = None if "payload" in name else "<= 300 ms"
        met = None if target is None else took <= 300
        title = f"summary {name}, {count:,} events"
        found.append(Figure(title, took, "ms", target=target or "", met=met))
    return found


def _pages(url: str, count: int) -> list[Figure]:
    found = []
    for order in ORDERS:
        times = {depth: _page(url, order, int(depth * count)) for depth in DEPTHS}
        slowest = max(times, key=times.__getitem__)
        found.append(
            Figure(
                f"page of 100 by {order}, {count:,} events",
                times[slowest],
                "ms",
                target="<= 50 ms",
                met=times[slowest] <= 50,
                note=", ".join(f"at {depth:.0%} {took:.1f} ms" for depth, took in times.items()),
            )
        )
    return found


def _page(url: str, order: str, depth: int) -> float:
    asked = {"order_by": order, "limit": "100"}
    if depth:
        asked["page_token"] = _token(url, order, depth)
    return _took(url, EVENTS, asked)


def _token(url: str, order: str, depth: int) -> str:
    """The token that a client has after `depth` events of this order."""
    name, _, direction = order.partition(" ")
    column = {"time": "epoch_us(time)", "duration": "CAST(duration * 1e6 AS BIGINT)"}.get(
        name, name
    )
    text = (
        f"SELECT {column}, arrival FROM events ORDER BY 1 {direction}, 2 {direction} "
        f"LIMIT 1 OFFSET {depth}"
    )
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    body = json.dumps({"sql": text})
    connection.request("POST", "/-/api/sql", body, {"content-type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    assert answer.status == 200, content
    value, arrival = json.loads(content)["rows"][0]
    return write_token(Token(name, direction == "desc", arrival, value))


def _took(url: str, path: str, asked: dict[str, str]) -> float:
    """Milliseconds, the median of some runs."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        connection.request("GET", f"{path}?{urlencode(asked)}")
        answer = connection.getresponse()
        content = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, content
    return statistics.median(times)


def _together(url: str, *, quick: bool) -> list[Figure]:
    """The p99 of POSTs alone and while two clients ask one summary after the other, in turns."""
    found = []
    for name, plan in {
        "320/s": {"connections": 16, "pause_ms": 50},
        "as fast as 16 connections can": {"connections": 16},
    }.items():
        plan |= {"path": "/save_metrics", "shape": "pipeline", "seconds": 3 if quick else 6}
        alone, busy, questions = [], [], 0
        for turn in range(1 if quick else 5):
            alone.append(load(url, **plan, prefix=f"alone {name} {turn}"))
            with _asking(url) as asked:
                busy.append(load(url, **plan, prefix=f"busy {name} {turn}"))
            questions += asked.count
        found.append(_compared(name, alone, busy, questions))
    return found


def _compared(name: str, alone: list[dict], busy: list[dict], questions: int) -> Figure:
    value, reference = (statistics.median(run["p99_ms"] for run in runs) for runs in (busy, alone))
    rate, rate_alone = (
        statistics.median(run["per_second"] for run in runs) for runs in (busy, alone)
    )
    return Figure(
        f"p99 of POSTs, {name}, while questions run",
        value,
        "ms",
        "the same without questions",
        reference,
        value / reference,
        "< 2 x",
        value / reference < 2,
        f"{rate:.0f}/s against {rate_alone:.0f}/s, {questions} questions meanwhile",
    )


@dataclass
class Asked:
    """How many questions were answered."""

    count: int = 0


@contextmanager
def _asking(url: str) -> Iterator[Asked]:
    """Two clients that ask heavy summaries without a pause."""
    asked, over = Asked(), threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        for kind in cycle(SUMMARIES.values()):
            if over.is_set():
                return
            query = {"summary": PERCENTILES, "order_by": "total desc", "limit": "200", **kind}
            connection.request("GET", f"{SUMMARY}?{urlencode(query)}")
            assert connection.getresponse().read()
            asked.count += 1

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        over.set()
        for thread in threads:
            thread.join()
