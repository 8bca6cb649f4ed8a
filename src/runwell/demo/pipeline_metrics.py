"""Pipelines of three projects over a month: restarts, failed jobs, and one that slowed down."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from runwell.demo.request import Request, post

DAYS = 30
SLOWER_FOR_DAYS = 9
# project -> pipelines a day, seconds to build, seconds of end-to-end tests
PROJECTS = {"shop/web": (9, 240, 300), "shop/api": (8, 150, 120), "infra/deploy": (3, 90, 60)}
FIRST_ID = 100_000


def requests(today: date, seed: int) -> Iterator[Request]:
    """One report a pipeline, oldest first; the same day and seed give the same ones."""
    for days_ago in range(DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        chance = random.Random(f"{seed}/{day}/pipelines")  # noqa: S311 - sample data
        number = FIRST_ID + day.toordinal() * 100
        for project, (count, build, e2e) in PROJECTS.items():
            slower = 1.6 if project == "shop/web" and days_ago <= SLOWER_FOR_DAYS else 1.0
            for _ in range(count):
                number += 1
                began = datetime.combine(day, time(7, tzinfo=UTC))
                began += timedelta(
                    seconds=chance.randrange(12 * 3600), milliseconds=chance.randrange(999)
                )
                report = _report(build, e2e * slower, chance)
                head = {"pipeline_id": number, "project": project, "created_at": began.isoformat()}
                yield post("/save_metrics", {**head, **report}, 200, 208)


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
