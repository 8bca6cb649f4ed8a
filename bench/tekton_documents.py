"""What a PipelineRun and a TaskRun look like as JSON once the cluster is done with them."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

VOCABULARY = (
    "cache retry timeout index invoice session token queue header parser schema layout cart "
    "upload thumbnail export filter limit order refund locale banner metric probe rollout flag "
    "secret volume socket stream buffer digest archive branch patch lint coverage fixture mock"
)
WORDS = VOCABULARY.split()
MESSAGES = {
    "Succeeded": "All Steps have completed executing",
    "Failed": '"step-run" exited with code 1: error: the command failed; see the log of the step',
    "TaskRunCancelled": "TaskRun cancelled as the PipelineRun it belongs to has been cancelled.",
    "TaskRunTimeout": "TaskRun failed to finish within its timeout",
    "Running": "Not all Steps in the Task have finished executing",
}
FEATURES = {
    "awaitSidecarReadiness": True,
    "coschedule": "workspaces",
    "enableAPIFields": "beta",
    "enableProvenanceInStatus": True,
    "maxResultSize": 4096,
    "resultExtractionMethod": "termination-message",
    "runningInEnvWithInjectedSidecars": True,
    "setSecurityContext": False,
    "verificationNoMatchPolicy": "ignore",
}


@dataclass(frozen=True, slots=True)
class Pipeline:
    namespace: str
    name: str
    app: str
    repository: str
    tasks: tuple[str, ...]
    weight: float  # how often it runs


@dataclass(frozen=True, slots=True)
class TaskRun:
    uid: str
    task: str
    created: int
    started: int
    finished: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    pipeline: Pipeline
    uid: str
    name: str
    revision: str
    is_pushed: bool  # by Pipelines as Code, which notes the repository
    created: int
    started: int
    finished: int | None
    reason: str
    tasks: list[TaskRun]

    def task_name(self, task: TaskRun) -> str:
        return f"{self.name}-{task.task}"

    @property
    def record(self) -> str:
        return f"{self.pipeline.namespace}/results/{self.uid}"


def pipeline_run(run: Run, chance: random.Random) -> Document:
    """The PipelineRun as the watcher sends it."""
    pipeline = run.pipeline
    return {
        "kind": "PipelineRun",
        "apiVersion": "tekton.dev/v1",
        "metadata": {
            "name": run.name,
            "generateName": f"{pipeline.name}-",
            "namespace": pipeline.namespace,
            "uid": run.uid,
            "resourceVersion": str(chance.getrandbits(30)),
            "generation": 1,
            "creationTimestamp": _text(run.created),
            "labels": _labels(run),
            "annotations": _annotations(run, run.uid, chance),
            "finalizers": ["chains.tekton.dev", "results.tekton.dev/pipelinerun"],
        },
        "spec": {
            "pipelineRef": {"name": pipeline.name},
            "params": _params(run, chance),
            "taskRunTemplate": {"serviceAccountName": f"{pipeline.app}-pipeline"},
            "timeouts": {"pipeline": "1h0m0s"},
            "workspaces": _workspaces(chance),
        },
        "status": _pipeline_status(run, chance),
    }


def _pipeline_status(run: Run, chance: random.Random) -> Document:
    skipped = 1 if run.reason == "Completed" else 0
    failed = sum(task.reason == "Failed" for task in run.tasks)
    incomplete = sum(task.finished is None for task in run.tasks)
    message = (
        f"Tasks Completed: {len(run.tasks) - incomplete} (Failed: {failed}, Cancelled "
        f"{int(run.reason == 'Cancelled')}), Incomplete: {incomplete}, Skipped: {skipped}"
    )
    return {
        "conditions": [_condition(run.reason, message, run.finished or run.started)],
        "startTime": _text(run.started),
        **_completion(run.finished),
        "childReferences": [
            {
                "apiVersion": "tekton.dev/v1",
                "kind": "TaskRun",
                "name": run.task_name(task),
                "pipelineTaskName": task.task,
            }
            for task in run.tasks
        ],
        "pipelineSpec": {
            "params": [
                {"name": name, "type": "string"} for name in ("git-url", "revision", "output-image")
            ],
            "tasks": [_pipeline_task(name, chance) for name in run.pipeline.tasks],
            "workspaces": [{"name": "source"}, {"name": "credentials"}],
        },
        "results": _results(run, chance),
        "provenance": _provenance(run.pipeline.name, chance),
    }


def _pipeline_task(name: str, chance: random.Random) -> Document:
    return {
        "name": name,
        "params": [
            {"name": "image", "value": "$(params.output-image)"},
            {"name": "arguments", "value": _words(chance, 6)},
        ],
        "runAfter": [] if name == "clone" else ["clone"],
        "taskRef": {"kind": "Task", "name": name},
        "workspaces": [{"name": "source", "workspace": "source"}],
    }


def task_run(run: Run, task: TaskRun, chance: random.Random) -> Document:
    """One TaskRun of this PipelineRun."""
    return {
        "kind": "TaskRun",
        "apiVersion": "tekton.dev/v1",
        "metadata": {
            "name": run.task_name(task),
            "namespace": run.pipeline.namespace,
            "uid": task.uid,
            "resourceVersion": str(chance.getrandbits(30)),
            "generation": 1,
            "creationTimestamp": _text(task.created),
            "labels": {
                **_labels(run),
                "tekton.dev/memberOf": "tasks",
                "tekton.dev/pipelineRun": run.name,
                "tekton.dev/pipelineRunUID": run.uid,
                "tekton.dev/pipelineTask": task.task,
                "tekton.dev/task": task.task,
            },
            "annotations": _annotations(run, task.uid, chance),
            "ownerReferences": [
                {
                    "apiVersion": "tekton.dev/v1",
                    "blockOwnerDeletion": True,
                    "controller": True,
                    "kind": "PipelineRun",
                    "name": run.name,
                    "uid": run.uid,
                }
            ],
            "finalizers": ["chains.tekton.dev", "results.tekton.dev/taskrun"],
        },
        "spec": {
            "params": _params(run, chance),
            "serviceAccountName": f"{run.pipeline.app}-pipeline",
            "taskRef": {"kind": "Task", "name": task.task},
            "timeout": "1h0m0s",
            "workspaces": _workspaces(chance),
        },
        "status": _task_status(run, task, chance),
    }


def _task_status(run: Run, task: TaskRun, chance: random.Random) -> Document:
    steps = ["prepare", "run"] if task.task == "clone" else ["prepare", "run", "report"]
    message = MESSAGES[task.reason]
    return {
        "conditions": [_condition(task.reason, message, task.finished or task.started)],
        "startTime": _text(task.started),
        **_completion(task.finished),
        "podName": f"{run.task_name(task)}-pod",
        "steps": [_step(name, task, chance) for name in steps],
        "results": _results(run, chance),
        "taskSpec": {
            "params": [{"name": "image", "type": "string"}, {"name": "arguments", "type": "array"}],
            "steps": [_step_spec(name, task.task, chance) for name in steps],
            "workspaces": [{"name": "source", "mountPath": "/workspace/source"}],
        },
        "provenance": _provenance(task.task, chance),
    }


def _step(name: str, task: TaskRun, chance: random.Random) -> Document:
    image = f"images.acme.test/ci/{task.task}@sha256:{_digest(chance)}"
    step = {"container": f"step-{name}", "imageID": image, "name": name}
    if task.finished is None:
        return {**step, "running": {"startedAt": _text(task.started)}}
    is_wrong = name == "run" and task.reason != "Succeeded"
    return {
        **step,
        "terminated": {
            "containerID": f"containerd://{_digest(chance)}",
            "exitCode": int(is_wrong),
            "finishedAt": _text(task.finished),
            "reason": "Error" if is_wrong else "Completed",
            "startedAt": _text(task.started),
        },
        "terminationReason": "Error" if is_wrong else "Completed",
    }


def _step_spec(name: str, task: str, chance: random.Random) -> Document:
    script = f'#!/bin/sh\nset -eu\necho "{_words(chance, 5)}"\nmake {task} NAME="{name}"\n'
    return {
        "computeResources": {"requests": {"cpu": f"{chance.randrange(1, 9) * 250}m"}},
        "image": f"images.acme.test/ci/{task}:{chance.randrange(1, 40)}",
        "name": name,
        "script": script,
        "workingDir": "$(workspaces.source.path)",
    }


def _labels(run: Run) -> dict[str, str]:
    labels = {
        "app": run.pipeline.app,
        "app.kubernetes.io/managed-by": "tekton-pipelines",
        "tekton.dev/pipeline": run.pipeline.name,
    }
    if run.is_pushed:
        labels["pipelinesascode.tekton.dev/event-type"] = "push"
        labels["pipelinesascode.tekton.dev/repository"] = run.pipeline.repository
        labels["pipelinesascode.tekton.dev/sha"] = run.revision
    return labels


def _annotations(run: Run, uid: str, chance: random.Random) -> dict[str, str]:
    annotations = {
        "chains.tekton.dev/signed": "true",
        "results.tekton.dev/record": f"{run.record}/records/{uid}",
        "results.tekton.dev/result": run.record,
        "results.tekton.dev/stored": "true",
    }
    if run.is_pushed:
        repository = run.pipeline.repository
        annotations |= {
            "pipelinesascode.tekton.dev/branch": "main",
            "pipelinesascode.tekton.dev/repo-url": f"https://git.acme.test/acme/{repository}",
            "pipelinesascode.tekton.dev/repository": repository,
            "pipelinesascode.tekton.dev/sha-title": _words(chance, 7),
        }
    return annotations


def _params(run: Run, chance: random.Random) -> list[Document]:
    image = f"images.acme.test/{run.pipeline.namespace}/{run.pipeline.app}"
    return [
        {"name": "git-url", "value": f"https://git.acme.test/acme/{run.pipeline.repository}"},
        {"name": "revision", "value": run.revision},
        {"name": "output-image", "value": f"{image}:{run.revision[:12]}"},
        {"name": "arguments", "value": _words(chance, 8).split()},
    ]


def _workspaces(chance: random.Random) -> list[Document]:
    claim = f"pvc-{chance.getrandbits(40):010x}"
    return [
        {"name": "source", "persistentVolumeClaim": {"claimName": claim}},
        {"name": "credentials", "secret": {"secretName": f"git-{chance.getrandbits(24):06x}"}},
    ]


def _results(run: Run, chance: random.Random) -> list[Document]:
    image = f"images.acme.test/{run.pipeline.namespace}/{run.pipeline.app}"
    return [
        {"name": "IMAGE_URL", "type": "string", "value": image},
        {"name": "IMAGE_DIGEST", "type": "string", "value": f"sha256:{_digest(chance)}"},
        {"name": "SUMMARY", "type": "string", "value": _words(chance, 10)},
    ]


def _provenance(name: str, chance: random.Random) -> Document:
    source = {
        "digest": {"sha1": f"{chance.getrandbits(160):040x}"},
        "entryPoint": f"tekton/{name}.yaml",
        "uri": "git+https://git.acme.test/acme/catalog",
    }
    return {"featureFlags": FEATURES, "refSource": source}


def _condition(reason: str, message: str, changed: int) -> Document:
    status = {"Succeeded": "True", "Completed": "True", "Running": "Unknown"}.get(reason, "False")
    return {
        "lastTransitionTime": _text(changed),
        "message": message,
        "reason": reason,
        "status": status,
        "type": "Succeeded",
    }


def _completion(finished: int | None) -> Document:
    return {} if finished is None else {"completionTime": _text(finished)}


def _text(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count))


def _digest(chance: random.Random) -> str:
    return f"{chance.getrandbits(256):064x}"
