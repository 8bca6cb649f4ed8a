"""Pipelines of three projects over a month: restarts, failed jobs, and one that slowed down.

Ids derive from the seed and the day: the same pipelines have them whenever they are sent.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from runwell.demo.request import Request, post

DAYS = 30
SLOWER_FOR_DAYS = 9
SLOWER_BY = 1.6
# project -> pipelines a day, seconds to build, seconds of end-to-end tests
PROJECTS = {"shop/web": (9, 240, 300), "shop/api": (8, 150, 120), "infra/deploy": (3, 90, 60)}
A_DAY_MAX = 10_000  # pipelines: what there is room for in an id


def requests(today: date, seed: int, pace: float = 1.0) -> Iterator[Request]:
    """One report a pipeline, oldest first; `pace` times as many as a small team has."""
    for days_ago in range(DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        for place, (project, (a_day, build, e2e)) in enumerate(PROJECTS.items()):
            slower = SLOWER_BY if project == "shop/web" and days_ago <= SLOWER_FOR_DAYS else 1.0
            for run in range(max(1, round(a_day * pace))):
                id_ = _id(day, seed, run * len(PROJECTS) + place)
                chance = random.Random(f"{id_}")  # noqa: S311 - sample data
                head = {"pipeline_id": id_, "project": project, "created_at": _began(day, chance)}
                report = _report(build, e2e * slower, chance)
                yield post("/save_metrics", {**head, **report}, 200, 208)


def _id(day: date, seed: int, number: int) -> int:
    """Readable: the seed, the day, the pipeline of that day."""
    return (seed * 100_000_000 + int(f"{day:%Y%m%d}")) * A_DAY_MAX + number


def _began(day: date, chance: random.Random) -> str:
    began = datetime.combine(day, time(7, tzinfo=UTC)) + timedelta(
        seconds=chance.randrange(12 * 3600), milliseconds=chance.randrange(999)
    )
    return began.isoformat()


def _report(build: float, e2e: float, chance: random.Random) -> dict[str, Any]:
    built = round(build * chance.lognormvariate(0, 0.2))
    tested = round(e2e * chance.lognormvariate(0, 0.25))
    restarts = chance.random() < 0.12  # noqa: PLR2004 - one in eight
    failed = [{"name": "e2e", "duration": round(tested * 0.7)}] if restarts else []
    up = max(1, round(tested * 0.2))
    job = {"name": "e2e", "duration": tested, "up": up, "e2e": tested - up}
    return {
        "ref": "master" if chance.random() < 0.7 else "feature",  # noqa: PLR2004 - most of them
        "duration": built + tested + (round(tested * 0.8) if restarts else 0),
        "duration_e2e": tested,
        "has_restarts": restarts,
        "builds": [{"build-app": built // 2}, {"build-e2e": built - built // 2}],
        "build": built,
        "jobs": [job],
        "jobs_failed": failed,
    }
