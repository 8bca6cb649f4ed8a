"""Sessions of pytest on two hosts over a month: one suite grew slower, one test eats memory.

What says which session or test something is derives from the seed and the day alone: sent again on
a later day it is recognised, and what is stored stays.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from runwell.demo.request import Request, post

DAYS = 30
SLOWER_FOR_DAYS = 9
SLOWER_BY = 2.1
HOSTS = (("ci-runner-1", 8, 2600.0, 32_000), ("ci-runner-2", 4, 3100.0, 16_000))
# suite -> tests, typical seconds of one
SUITES = {"api": (14, 0.08), "billing": (12, 0.2), "search": (10, 0.5), "web": (16, 0.15)}
PIPELINES = ("main", "release", "feature/checkout")


def requests(today: date, seed: int, pace: float = 1.0) -> Iterator[Request]:
    """Contexts first, then sessions with their metrics; `pace` times as many as a small team."""
    for host in HOSTS:
        yield post("/api/v1/contexts/", _context(*host), 201)
    for days_ago in range(DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        is_slower = days_ago <= SLOWER_FOR_DAYS
        usual = 2 if day.weekday() < 5 else 1  # noqa: PLR2004 - Monday to Friday
        for run in range(max(1, round(usual * pace))):
            yield from _session(day, seed, run, is_slower=is_slower)


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


def _session(day: date, seed: int, run: int, *, is_slower: bool) -> Iterator[Request]:
    session = _hash(seed, day, run)
    chance = random.Random(session)  # noqa: S311 - sample data
    host = HOSTS[run % len(HOSTS)][0]
    began = datetime.combine(day, time(8)) + timedelta(seconds=chance.randrange(10 * 3600))
    description = {
        "pipeline_branch": chance.choice(PIPELINES),
        "pipeline_build_no": f"{day:%y%m%d}{run:03}",
        "__ci__": "jenkinsci",
        "team": chance.choice(("core", "growth")),
    }
    body = {
        "session_h": session,
        "run_date": began.isoformat(),
        "scm_ref": _hash("commit", seed, day),
        "description": description,
    }
    yield post("/api/v1/sessions/", body, 201)
    for suite, (count, seconds) in SUITES.items():
        slower = SLOWER_BY if is_slower and suite == "search" else 1.0
        for number in range(count):
            usual = seconds * (1 + number / count) * chance.lognormvariate(0, 0.15)
            head = {
                "session_h": session,
                "context_h": _hash(host),
                "item_start_time": began.isoformat(),
            }
            metric = _metric(suite, number, usual * slower, chance)
            yield post("/api/v1/metrics/", {**head, **metric}, 201)
            began += timedelta(seconds=usual * SLOWER_BY)  # room for the slow days, at all times


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
