"""Sessions of pytest on two hosts over a month: one suite grew slower, one test eats memory."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from runwell.demo.request import Request, post

DAYS = 30
SLOWER_FOR_DAYS = 9
HOSTS = (("ci-runner-1", 8, 2600.0, 32_000), ("ci-runner-2", 4, 3100.0, 16_000))
# suite -> tests, typical seconds of one
SUITES = {"api": (14, 0.08), "billing": (12, 0.2), "search": (10, 0.5), "web": (16, 0.15)}
PIPELINES = ("main", "release", "feature/checkout")


def requests(today: date, seed: int) -> Iterator[Request]:
    """Contexts first, then sessions with their metrics; a day and a seed always give the same."""
    for host in HOSTS:
        yield post("/api/v1/contexts/", _context(*host), 201)
    for days_ago in range(DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        chance = random.Random(f"{seed}/{day}")  # noqa: S311 - sample data
        for run in range(2 if day.weekday() < 5 else 1):  # noqa: PLR2004 - Monday to Friday
            yield from _session(day, run, days_ago, chance)


def _hash(*parts: Any) -> str:
    return hashlib.md5("/".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def _context(host: str, cores: int, mhz: float, mib: int) -> dict[str, Any]:
    return {
        "cpu_count": cores,
        "cpu_frequency": mhz,
        "cpu_type": "x86_64",
        "cpu_vendor": "Sample CPU",
        "ram_total": mib,
        "machine_node": host,
        "machine_type": "x86_64",
        "machine_arch": "64bit",
        "system_info": "Linux - 6.1",
        "python_info": "3.11.7",
        "h": _hash(host),
    }


def _session(day: date, run: int, days_ago: int, chance: random.Random) -> Iterator[Request]:
    host = HOSTS[run % len(HOSTS)][0]
    pipeline = chance.choice(PIPELINES)
    began = datetime.combine(day, time(8 + 5 * run, chance.randrange(60), chance.randrange(60)))
    session = _hash(day, run)
    description = {
        "pipeline_branch": pipeline,
        "pipeline_build_no": str(5000 - 10 * days_ago + run),
        "__ci__": "jenkinsci",
        "team": chance.choice(("core", "growth")),
    }
    body = {
        "session_h": session,
        "run_date": began.isoformat(),
        "scm_ref": _hash("commit", day)[:40],
        "description": description,
    }
    yield post("/api/v1/sessions/", body, 201)
    for suite, (count, seconds) in SUITES.items():
        slower = 2.1 if suite == "search" and days_ago <= SLOWER_FOR_DAYS else 1.0
        for number in range(count):
            took = seconds * slower * (1 + number / count) * chance.lognormvariate(0, 0.15)
            began += timedelta(seconds=took)
            metric = _metric(suite, number, took, chance)
            when = {"session_h": session, "context_h": _hash(host)}
            yield post(
                "/api/v1/metrics/", {**when, "item_start_time": began.isoformat(), **metric}, 201
            )


def _metric(suite: str, number: int, took: float, chance: random.Random) -> dict[str, Any]:
    busy = chance.uniform(0.4, 0.98)
    hog = suite == "billing" and number == 3  # noqa: PLR2004 - one test of them
    item = f"test_{suite}_{number // 2}"
    return {
        "item_path": f"tests.{suite}.test_{suite}",
        "item": item,
        "item_variant": f"{item}[{'fast' if number % 2 else 'full'}]",
        "item_fs_loc": f"tests/{suite}/test_{suite}.py",
        "kind": "function",
        "component": suite,
        "total_time": round(took, 6),
        "user_time": round(took * busy * 0.9, 6),
        "kernel_time": round(took * busy * 0.1, 6),
        "cpu_usage": round(busy, 4),
        "mem_usage": round(chance.uniform(380, 460) if hog else chance.uniform(0.2, 12), 3),
    }
