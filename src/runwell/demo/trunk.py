"""Jenkins builds of two projects over a month, as Jenkins' Trunk plugin tells them.

Each run and stage is told twice, when it starts and when it ends, one event a request. Ids derive
from the seed and the day: told again they are recognised.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from runwell.demo.request import Request, post

PATH = "/v1/metrics/trackEvents"
DAYS = 30
SLOWER_FOR_DAYS = 9
SLOWER_BY = 1.7
STAGE_OF_SLOWNESS = "Test"
ORIGIN = "jenkins-plugin-1.5.0"
JENKINS = "https://jenkins.example.test/job"
# job -> repository, builds a day, seconds of each stage
JOBS: dict[str, tuple[str, int, dict[str, int]]] = {
    "webshop-ci": ("webshop", 5, {"Build": 150, "Test": 280, "Deploy to staging": 45}),
    "billing-ci": ("billing", 3, {"Build": 90, "Test": 200}),
}


def requests(today: date, seed: int, pace: float = 1.0) -> Iterator[Request]:
    """One event a request, oldest first; `pace` times as many builds as a small team has."""
    for days_ago in range(DAYS, 0, -1):
        day = today - timedelta(days=days_ago)
        for job, (repo, a_day, stages) in JOBS.items():
            for number in range(max(1, round(a_day * pace))):
                is_slower = job == "webshop-ci" and days_ago <= SLOWER_FOR_DAYS
                build = int(f"{day:%y%m%d}{number:04}") + seed * 10**10
                for event in _build(job, build, stages, day, is_slower=is_slower):
                    yield _request(repo, event)


def _request(repo: str, event: dict[str, Any]) -> Request:
    host = {"host": "github.com", "owner": "acme", "name": repo}
    return post(PATH, {"repo": host, "events": [event]}, 200)


def _build(
    job: str, build: int, stages: dict[str, int], day: date, *, is_slower: bool
) -> Iterator[dict[str, Any]]:
    """The run's start, each stage's start and end, the run's end."""
    chance = random.Random(f"{job}#{build}")  # noqa: S311 - sample data
    began = _milliseconds(day, chance)
    waited = chance.expovariate(1 / 20_000)
    url = f"{JENKINS}/{job}/{build}/"
    run = _Told(_key(job), build, began, "pipeline", job, _tags(build, url, type="pipeline"))
    yield run.start(init_ms=waited)
    at, conclusion = began + 2_000, "SUCCESS"
    for name, usual in stages.items():
        slower = SLOWER_BY if is_slower and name == STAGE_OF_SLOWNESS else 1.0
        took = round(usual * 1_000 * slower * chance.lognormvariate(0, 0.2))
        tags = _tags(build, url, path=f"{job}/{name}")
        stage = _Told(_key(f"{job}/{name}"), build, at, "stage", name, tags, run)
        yield stage.start()
        at += took
        if chance.random() < 0.04:  # noqa: PLR2004 - one stage in twenty-five
            conclusion = "FAILURE"
        yield stage.end(at, conclusion)
        at += 500
        if conclusion == "FAILURE":
            break
    yield run.end(at, conclusion, init_ms=waited)


class _Told:
    """One run or stage and what the plugin tells of it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of one message
        self,
        key: str,
        build: int,
        began: int,
        kind: str,
        name: str,
        tags: dict[str, str],
        parent: _Told | None = None,
    ) -> None:
        self.key = key
        self.id = f"{key}#{build}"
        self.began = began
        self.sequence = {"platform": "jenkins", "kind": kind, "key": key, "name": name}
        self.tags = tags
        self.parent = parent

    def start(self, **metrics: float) -> dict[str, Any]:
        return self._message("UNSPECIFIED", {"duration_ms": 0.0, **metrics})

    def end(self, ended: int, conclusion: str, **metrics: float) -> dict[str, Any]:
        took = float(ended - self.began)
        message = self._message(conclusion, {"duration_ms": took, **metrics})
        return {**message, "finishedAt": ended}

    def _message(self, conclusion: str, metrics: dict[str, float]) -> dict[str, Any]:
        root = self.parent or self
        message: dict[str, Any] = {"id": self.id, "chainId": root.id, "origin": ORIGIN}
        if self.parent:
            message["parent"] = {"eventId": self.parent.id, "sequenceKey": self.parent.key}
        payload = {
            "metrics": [{"k": name, "v": value} for name, value in metrics.items()],
            "tags": [{"k": name, "v": value} for name, value in self.tags.items()],
        }
        return message | {
            "createdAt": self.began,
            "conclusion": conclusion,
            "payload": payload,
            "sequence": self.sequence,
        }


def _key(path: str) -> str:
    """32 hexadecimal digits, as the plugin makes of a job's name and its stages' names."""
    return hashlib.blake2b(path.encode(), digest_size=16).hexdigest()


def _tags(build: int, url: str, **more: str) -> dict[str, str]:
    return {**more, "title": f"#{build}", "url": url, "build": str(build)}


def _milliseconds(day: date, chance: random.Random) -> int:
    began = datetime.combine(day, time(7, tzinfo=UTC)) + timedelta(
        seconds=chance.randrange(12 * 3600)
    )
    return int(began.timestamp() * 1_000)
