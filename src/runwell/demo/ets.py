"""A month of commits, deploys and an incident, as a deploy script tells ETS of them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from runwell.demo.request import Request, post

PATH = "/api/v1/event/"
DAYS = 30
INCIDENT_DAYS_AGO = 9
FAILED = 0.08
SERVICES = ("web", "billing", "search")


def requests(today: date, seed: int, pace: float = 1.0) -> Iterator[Request]:
    """Merges, so that sending them again changes nothing; oldest first."""
    for days_ago in range(DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        for service in SERVICES:
            usual = 1 if day.weekday() < 5 else 0  # noqa: PLR2004 - Monday to Friday
            for number in range(round(usual * max(1.0, pace))):
                yield from _deploy(f"{seed}/{day}/{service}/{number}", day, service)
        if days_ago == INCIDENT_DAYS_AGO:
            yield _incident(day, seed)


def _deploy(name: str, day: date, service: str) -> Iterator[Request]:
    """A commit and the deploy that it caused."""
    chance = random.Random(name)  # noqa: S311 - sample data
    sha = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    pushed = _at(day, 9, chance.randrange(6 * 3600))
    began = pushed + timedelta(seconds=chance.randrange(600, 1800))
    ended = began + timedelta(seconds=chance.randrange(60, 400))
    status = "fail" if chance.random() < FAILED else "success"
    commit = {
        "id": f"commit-{sha[:12]}",
        **_span(pushed, pushed),
        "description": f"Change {service}",
        "tags": {
            "source": ["github"],
            "type": ["commit"],
            "author": [f"{service}-team@example.com"],
            "sha": [sha],
        },
    }
    deploy = {
        "id": f"deploy-{service}-{sha[:12]}",
        "parent_id": commit["id"],
        **_span(began, ended),
        "description": f"Deploy {service} {sha[:7]}",
        "detail_urls": {"log": f"https://deploy.example.test/{service}/{sha[:12]}"},
        "tags": {
            "source": ["shipit"],
            "type": ["deploy"],
            "author": [f"{service}-team@example.com"],
            "service": [service],
            "environment": ["production"],
            "status": ["pending", status],
            "concrete_hash": [sha],
        },
    }
    yield _post(commit)
    yield _post(deploy)


def _incident(day: date, seed: int) -> Request:
    began = _at(day, 16, 0)
    return _post(
        {
            "id": f"incident-{seed}-{day}",
            **_span(began, began + timedelta(minutes=50)),
            "description": "The web shop answers slowly",
            "tags": {"source": ["pager"], "type": ["incident"], "service": ["web"]},
        }
    )


def _post(event: dict[str, Any]) -> Request:
    return post(PATH, {"event": event, "operation": "merge", "insert": True}, 200)


def _span(began: datetime, ended: datetime) -> dict[str, str]:
    return {"start_time": began.isoformat(), "end_time": ended.isoformat()}


def _at(day: date, hour: int, seconds: int) -> datetime:
    return datetime.combine(day, time(hour, tzinfo=UTC)) + timedelta(seconds=seconds)
