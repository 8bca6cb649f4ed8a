"""A month of PipelineRuns with their TaskRuns, as Tekton's watcher stores them, here over REST.

Pipelines as Code starts one for each push and each change of a pull request; a deploy starts the
check that follows it. The commits and deploys are those that ETS is told of, the repositories
Trunk's. The check of the web shop got slower with one of its deploys. Sent again, what is there
answers 409 and stays.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from runwell.demo import ets
from runwell.demo.request import Request, post

PARENTS = "/apis/results.tekton.dev/v1alpha2/parents"
API = "tekton.dev/v1"
NAMESPACE = "acme-ci"
PAC = "pipelinesascode.tekton.dev/"
DASHBOARD = "https://tekton.example.test/ns"
# service -> team, repository
OWNERS = {
    "web": ("growth", "webshop"),
    "billing": ("core", "billing"),
    "search": ("core", "search"),
}
# pipeline -> seconds of each task
PUSH = {"clone": 12, "unit-tests": 95, "build-image": 140}
CHECK = {"smoke": 40, "end-to-end": 210}
PULL_REQUEST = {"clone": 12, "lint": 35, "unit-tests": 95}
NIGHTLY = {"load-test": 300}
SLOWER_TASK, SLOWER_BY = "end-to-end", 1.9
SLOWER_FOR_DAYS = 9
# how a task that did not succeed ended -> its chance, and how the run ended then
ENDS = {"Failed": (0.035, "Failed"), "TaskRunCancelled": (0.006, "Cancelled")}
ENDS["TaskRunTimeout"] = (0.004, "PipelineRunTimeout")


@dataclass(frozen=True, slots=True)
class Run:
    """One PipelineRun before it happened."""

    pipeline: str
    service: str
    created: datetime
    tasks: dict[str, int]
    key: str  # which one of its pipeline; with the pipeline it gives all names and uids
    sha: str = ""
    branch: str = ""
    slower: float = 1.0  # for SLOWER_TASK

    @property
    def name(self) -> str:
        """`web-push-4f1c2`."""
        return f"{self.pipeline}-{_uid(self.pipeline, self.key)[:5]}"


def requests(today: date, seed: int, pace: float = 1.0) -> Iterator[Request]:
    """A result and its records for each run, oldest first; `pace` as in ets.py."""
    slower_since = _slower_since(today, seed, pace)
    for deploy in ets.deploys(today, seed, pace):
        for run in _runs_around(deploy, seed, slower_since):
            yield from _told(run)
    for days_ago in range(ets.DAYS, 0, -1):
        night = datetime.combine(today - timedelta(days=days_ago), time(2, tzinfo=UTC))
        yield from _told(Run("load-nightly", "search", night, NIGHTLY, f"{seed}/{night}"))


def _slower_since(today: date, seed: int, pace: float) -> datetime:
    """The end of the deploy that made the web shop slower."""
    since = today - timedelta(days=SLOWER_FOR_DAYS)
    deploys = ets.deploys(today, seed, pace)
    return next(one.ended for one in deploys if one.service == "web" and one.ended.date() >= since)


def _runs_around(deploy: ets.Deploy, seed: int, slower_since: datetime) -> Iterator[Run]:
    """The pull request before the commit, the push, and what checks the deploy."""
    service, sha, key = deploy.service, deploy.sha, f"{seed}/{deploy.sha}"
    for change in range(1, 3):
        created = deploy.pushed - timedelta(minutes=25 * (3 - change))
        other = hashlib.sha1(f"{sha}/{change}".encode(), usedforsecurity=False).hexdigest()
        name, branch = f"{service}-pull-request", f"feature/{sha[:4]}"
        yield Run(name, service, created, PULL_REQUEST, f"{key}/{change}", other, branch)
    created = deploy.pushed + timedelta(seconds=4)
    yield Run(f"{service}-push", service, created, PUSH, key, sha, "main")
    slower = SLOWER_BY if service == "web" and deploy.ended >= slower_since else 1.0
    created = deploy.ended + timedelta(seconds=2)
    yield Run(f"{service}-check", service, created, CHECK, key, sha, "main", slower)


def _told(run: Run) -> Iterator[Request]:
    """The result first, then the run's record and those of its tasks."""
    chance = random.Random(f"{run.pipeline}/{run.key}")  # noqa: S311 - sample data
    uid = _uid(run.pipeline, run.key)
    began = run.created + timedelta(seconds=chance.randrange(1, 20))
    at, reason, tasks = began, "Succeeded", []
    for task, usual in run.tasks.items():
        slower = run.slower if task == SLOWER_TASK else 1.0
        took = timedelta(seconds=max(1, round(usual * slower * chance.lognormvariate(0, 0.15))))
        task_reason = _reason(chance)
        tasks.append(_task(run, task, at, at + took, task_reason))
        at += took + timedelta(seconds=2)
        if task_reason != "Succeeded":
            reason = ENDS[task_reason][1]
            break
    whole = _object("PipelineRun", _metadata(run, run.name, uid, run.created), reason, began, at)
    whole["spec"] = {"pipelineRef": {"name": run.pipeline}}
    yield _result(run, uid, whole["status"])
    for item in (whole, *tasks):
        yield _record(uid, item)


def _reason(chance: random.Random) -> str:
    drawn = chance.random()
    for reason, (share, _) in ENDS.items():
        if drawn < share:
            return reason
        drawn -= share
    return "Succeeded"


def _task(run: Run, task: str, began: datetime, ended: datetime, reason: str) -> dict[str, Any]:
    owner = _uid(run.pipeline, run.key)
    metadata = _metadata(run, f"{run.name}-{task}", _uid(owner, task), began)
    metadata["labels"] |= {
        "tekton.dev/pipelineRun": run.name,
        "tekton.dev/pipelineRunUID": owner,
        "tekton.dev/pipelineTask": task,
    }
    kind = {"apiVersion": API, "kind": "PipelineRun", "controller": True}
    metadata["ownerReferences"] = [{**kind, "name": run.name, "uid": owner}]
    return _object("TaskRun", metadata, reason, began, ended) | {
        "spec": {"taskRef": {"name": task}}
    }


def _object(
    kind: str, metadata: dict[str, Any], reason: str, began: datetime, ended: datetime
) -> dict[str, Any]:
    condition = {
        "type": "Succeeded",
        "status": "True" if reason == "Succeeded" else "False",
        "reason": reason,
        "message": f"{metadata['name']}: {reason}",
        "lastTransitionTime": _text(ended),
    }
    times = {"startTime": _text(began), "completionTime": _text(ended)}
    status = {"conditions": [condition], **times}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "status": status}


def _metadata(run: Run, name: str, uid: str, created: datetime) -> dict[str, Any]:
    team, repository = OWNERS[run.service]
    labels = {"tekton.dev/pipeline": run.pipeline, "app": run.service, "team": team}
    annotations = {}
    if run.sha:
        labels[f"{PAC}repository"] = repository
        annotations = {
            f"{PAC}repository": repository,
            f"{PAC}url-org": "acme",
            f"{PAC}url-repository": repository,
            f"{PAC}sha": run.sha,
            f"{PAC}source-branch": run.branch,
            f"{PAC}branch": "main",
            f"{PAC}event-type": "push" if run.branch == "main" else "pull_request",
            f"{PAC}log-url": f"{DASHBOARD}/{NAMESPACE}/pipelinerun/{run.name}",
        }
    return {
        "name": name,
        "namespace": NAMESPACE,
        "uid": uid,
        "creationTimestamp": _text(created),
        "labels": labels,
        "annotations": annotations,
    }


def _result(run: Run, uid: str, status: dict[str, Any]) -> Request:
    numbers = {"Succeeded": 1, "PipelineRunTimeout": 3, "Cancelled": 4}
    name = f"{NAMESPACE}/results/{uid}"
    body = {
        "name": name,
        "annotations": {"object.metadata.name": run.name},
        "summary": {
            "record": f"{name}/records/{uid}",
            "type": f"{API}.PipelineRun",
            "start_time": status["startTime"],
            "end_time": status["completionTime"],
            "status": numbers.get(status["conditions"][0]["reason"], 2),
            "annotations": {"tekton.dev/pipeline": run.pipeline},
        },
    }
    return post(f"{PARENTS}/{NAMESPACE}/results", body, 200, 409, order=uid)


def _record(result: str, item: dict[str, Any]) -> Request:
    name = f"{NAMESPACE}/results/{result}/records/{item['metadata']['uid']}"
    value = base64.b64encode(json.dumps(item).encode()).decode()
    body = {"name": name, "data": {"type": f"{API}.{item['kind']}", "value": value}}
    path = f"{PARENTS}/{NAMESPACE}/results/{result}/records"
    return post(path, body, 200, 409, order=result)


def _uid(*parts: str) -> str:
    digest = hashlib.md5("/".join(parts).encode(), usedforsecurity=False).digest()
    return str(uuid.UUID(bytes=digest, version=4))


def _text(moment: datetime) -> str:
    """Kubernetes knows whole seconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
