"""`tekton_runs`: what SQL sees of PipelineRuns and TaskRuns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.apps import play
from tests.protocols.tekton.asking import Tekton, run_object

RUN = "ns/results/r/records/run-uid"
TASK = "ns/results/r/records/task-uid"
COLUMNS = (
    "namespace, kind, name, uid, pipeline, pipeline_run, task, status, reason, message, "
    "queue, duration, result, record"
)


def a_task() -> dict[str, Any]:
    labels = {
        "tekton.dev/pipeline": "web",
        "tekton.dev/pipelineRun": "run",
        "tekton.dev/pipelineTask": "unit",
    }
    metadata = {
        "name": "run-unit",
        "namespace": "ns",
        "uid": "u2",
        "creationTimestamp": "2026-03-01T10:00:05Z",
        "labels": labels,
    }
    condition = {"type": "Succeeded", "status": "False", "reason": "Failed", "message": "exit 1"}
    status = {
        "conditions": [condition],
        "startTime": "2026-03-01T10:00:05Z",
        "completionTime": "2026-03-01T10:00:35Z",
    }
    return {"kind": "TaskRun", "metadata": metadata, "status": status}


def test_runs_and_tasks_have_a_row_each(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        run = run_object(
            startTime="2026-03-01T10:00:04Z",
            conditions=[{"type": "Succeeded", "status": "Unknown", "reason": "Running"}],
        )
        await tekton.post(RUN, run, "tekton.dev/v1.PipelineRun")
        await tekton.post(TASK, a_task(), "tekton.dev/v1beta1.TaskRun")
        question = {"sql": f"SELECT {COLUMNS} FROM tekton_runs ORDER BY arrival"}
        answer = (await client.post("/-/api/sql", json=question)).json()
        pipeline = ["ns", "PipelineRun", "run", None, "", "run", None, "running", "Running", ""]
        task = ["ns", "TaskRun", "run-unit", "u2", "web", "run", "unit", "failed", "Failed"]
        assert answer["rows"] == [
            [*pipeline, 4.0, None, "r", "run-uid"],
            [*task, "exit 1", 0.0, 30.0, "r", "task-uid"],
        ]

    play(tmp_path, scenario)


def test_what_is_no_run_has_no_row(tmp_path: Path):
    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r", summary={"record": RUN, "type": "t"})
        await tekton.post(RUN, {"kind": "CustomRun"}, "tekton.dev/v1beta1.CustomRun")
        await tekton.post(TASK, {"any": "thing"}, "results.tekton.dev/v1alpha2.Log")
        answer = await client.post("/-/api/sql", json={"sql": "SELECT count(*) FROM tekton_runs"})
        assert answer.json()["rows"] == [[0]]

    play(tmp_path, scenario)
