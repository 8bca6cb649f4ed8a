"""A month of commits, deploys and an incident, as a deploy script tells ETS of them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from runwell.demo.request import Request, post

PATH = "/api/v1/event/"
DAYS = 30
INCIDENT_DAYS_AGO = 9
FAILED = 0.08
SERVICES = ("web", "billing", "search")


class Deploy(NamedTuple):
    """A commit and the deploy that it caused."""

    service: str
    sha: str
    pushed: datetime
    began: datetime
    ended: datetime
    failed: bool


def requests(today: date, seed: int, pace: float = 1.0) -> Iterator[Request]:
    """Merges, so that sending them again changes nothing; oldest first, the incident last."""
    for deploy in deploys(today, seed, pace):
        yield _post(_commit(deploy))
        yield _post(_deploy(deploy))
    yield _incident(today - timedelta(days=INCIDENT_DAYS_AGO), seed)


def deploys(today: date, seed: int, pace: float = 1.0) -> Iterator[Deploy]:
    """One of each service on Monday to Friday; `pace` times as many, if that is more."""
    for days_ago in range(DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        if day.weekday() < 5:  # noqa: PLR2004 - Monday to Friday
            for service in SERVICES:
                for number in range(round(max(1.0, pace))):
                    yield _made_up(f"{seed}/{day}/{service}/{number}", day, service)


def _made_up(name: str, day: date, service: str) -> Deploy:
    chance = random.Random(name)  # noqa: S311 - sample data
    pushed = _at(day, 9, chance.randrange(6 * 3600))
    began = pushed + timedelta(seconds=chance.randrange(600, 1800))
    ended = began + timedelta(seconds=chance.randrange(60, 400))
    sha = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return Deploy(service, sha, pushed, began, ended, failed=chance.random() < FAILED)


def _commit(deploy: Deploy) -> dict[str, Any]:
    return {
        "id": f"commit-{deploy.sha[:12]}",
        **_span(deploy.pushed, deploy.pushed),
        "description": f"Change {deploy.service}",
        "tags": {
            "source": ["github"],
            "type": ["commit"],
            "author": [f"{deploy.service}-team@example.com"],
            "sha": [deploy.sha],
        },
    }


def _deploy(deploy: Deploy) -> dict[str, Any]:
    service, sha = deploy.service, deploy.sha
    return {
        "id": f"deploy-{service}-{sha[:12]}",
        "parent_id": f"commit-{sha[:12]}",
        **_span(deploy.began, deploy.ended),
        "description": f"Deploy {service} {sha[:7]}",
        "detail_urls": {"log": f"https://deploy.example.test/{service}/{sha[:12]}"},
        "tags": {
            "source": ["shipit"],
            "type": ["deploy"],
            "author": [f"{service}-team@example.com"],
            "service": [service],
            "environment": ["production"],
            "status": ["pending", "fail" if deploy.failed else "success"],
            "concrete_hash": [sha],
        },
    }


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
