"""Tekton's objects as a cluster makes them: PipelineRuns and their TaskRuns, always the same ones.

No clock and no disk: a seed decides everything. What a document looks like is in
`tekton_documents.py`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

import msgspec

from bench.tekton_documents import Pipeline, Run, TaskRun, pipeline_run, task_run

PIPELINE_RUN = "tekton.dev/v1.PipelineRun"
TASK_RUN = "tekton.dev/v1.TaskRun"
START = 1_780_272_000  # 2026-06-01T00:00:00Z
DAYS = 90
LAST_DAY = "2026-08-29T00:00:00.000Z"
DAY = 86_400

TEAMS = [
    "billing",
    "checkout",
    "search",
    "identity",
    "catalog",
    "shipping",
    "media",
    "insight",
    "notify",
    "platform",
]
COMPONENTS = [
    "web",
    "api",
    "worker",
    "mobile",
    "gateway",
    "ledger",
    "mailer",
    "proxy",
    "indexer",
    "console",
    "agent",
    "broker",
]
ACTIONS = ["build", "test", "release", "deploy", "scan"]
TASKS = [
    "compile",
    "unit-test",
    "lint",
    "package",
    "image-build",
    "image-scan",
    "integration-test",
    "publish",
]
REASONS = {
    "Succeeded": 640,
    "Completed": 170,
    "Failed": 120,
    "Cancelled": 30,
    "Running": 25,
    "PipelineRunTimeout": 15,
}
LAST_TASKS = {  # why the last TaskRun of such a PipelineRun ended
    "Succeeded": "Succeeded",
    "Completed": "Succeeded",
    "Failed": "Failed",
    "Cancelled": "TaskRunCancelled",
    "Running": "Running",
    "PipelineRunTimeout": "TaskRunTimeout",
}
WAITS_FOR_DAYS = 0.001  # of the runs: they wait for somebody's approval


class Record(NamedTuple):
    """What a client stores: the parent, the Result's and the Record's name, type and JSON."""

    parent: str
    result_name: str
    record_name: str
    data_type: str
    json_bytes: bytes


def records(count: int, seed: int = 7) -> Iterator[Record]:
    """Exactly `count` records in the order of their creation, spread over all the days."""
    chance = random.Random(seed)
    chooser = _Chooser(_pipelines(chance), chance)
    made = 0
    while made < count:
        at = START + made * DAYS * DAY // count
        for record in _one_run(chooser, chance, at)[: count - made]:
            yield record
            made += 1


def _one_run(chooser: _Chooser, chance: random.Random, at: int) -> list[Record]:
    run = _run(chooser.pipeline(), chooser.reason(), chance, at)
    parent = run.pipeline.namespace
    document = msgspec.json.encode(pipeline_run(run, chance))
    found = [Record(parent, run.uid, run.uid, PIPELINE_RUN, document)]
    for task in run.tasks:
        document = msgspec.json.encode(task_run(run, task, chance))
        found.append(Record(parent, run.uid, task.uid, TASK_RUN, document))
    return found


def _run(pipeline: Pipeline, reason: str, chance: random.Random, at: int) -> Run:
    uid = _uid(chance)
    started = at + chance.randrange(6)
    now, tasks = started, []
    wanted = pipeline.tasks[:3] if reason == "Completed" else pipeline.tasks  # it skipped one
    for number, name in enumerate(wanted):
        is_last = number == len(wanted) - 1
        seconds = 1 + int(chance.lognormvariate(4, 1))
        ended = LAST_TASKS[reason] if is_last else "Succeeded"
        finished = None if ended == "Running" else now + seconds
        tasks.append(TaskRun(_uid(chance), name, now - chance.randrange(2), now, finished, ended))
        now += seconds
    if chance.random() < WAITS_FOR_DAYS:
        now += chance.randrange(DAY, 3 * DAY)
    return Run(
        pipeline=pipeline,
        uid=uid,
        name=f"{pipeline.name}-{chance.getrandbits(20):05x}",
        revision=f"{chance.getrandbits(160):040x}",
        is_pushed=chance.random() < 0.9,  # the others were started by hand
        created=at,
        started=started,
        finished=None if reason == "Running" else now + chance.randrange(3),
        reason=reason,
        tasks=tasks,
    )


class _Chooser:
    """Draws pipelines and reasons by their weight: a few pipelines run most of the time."""

    def __init__(self, pipelines: list[Pipeline], chance: random.Random) -> None:
        self._chance = chance
        self._pipelines = pipelines
        self._pipeline_weights = list(accumulate(pipeline.weight for pipeline in pipelines))
        self._reasons = list(REASONS)
        self._reason_weights = list(accumulate(REASONS.values()))

    def pipeline(self) -> Pipeline:
        return self._chance.choices(self._pipelines, cum_weights=self._pipeline_weights)[0]

    def reason(self) -> str:
        return self._chance.choices(self._reasons, cum_weights=self._reason_weights)[0]


def _pipelines(chance: random.Random) -> list[Pipeline]:
    """20 namespaces, 8 to 40 pipelines in each, and 3 repositories; all of them build the web."""
    found = []
    names = [(component, action) for component in COMPONENTS for action in ACTIONS]
    for namespace in [f"{team}-{stage}" for team in TEAMS for stage in ("ci", "dev")]:
        chosen = chance.sample(names, chance.randint(8, 39))
        for component, action in dict.fromkeys([("web", "build"), *chosen]):
            found.append(
                Pipeline(
                    namespace=namespace,
                    name=f"{component}-{action}",
                    app=component,
                    repository=f"{namespace}-{chance.choice(('main', 'infra', 'tools'))}",
                    tasks=("clone", *chance.sample(TASKS, chance.choice((2, 3)))),
                    weight=chance.lognormvariate(0, 1.2),
                )
            )
    return found


def _uid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))
