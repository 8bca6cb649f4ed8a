"""Summaries at their edges; what they answer on recorded data is in test_recorded.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.apps import play
from tests.protocols.tekton.asking import Tekton

from runwell.protocols.tekton.questions import MEASURES

EVERY = ",".join(MEASURES)


def run_of(
    namespace: Any, pipeline: Any, reason: str, start: str = "", end: str = ""
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"labels": {}}
    if namespace is not None:
        metadata["namespace"] = namespace
    if pipeline is not None:
        metadata["labels"]["tekton.dev/pipeline"] = pipeline
    status: dict[str, Any] = {"conditions": [{"reason": reason}]}
    status |= {"startTime": start} if start else {}
    status |= {"completionTime": end} if end else {}
    return {"metadata": metadata, "status": status}


def asked(folder: Path, runs: list[dict[str, Any]], **query: str) -> list[dict[str, Any]]:
    found = []

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        for number, run in enumerate(runs):
            await tekton.post(f"ns/results/r/records/n{number}", run)
        found.extend(await tekton.summary(**query))

    play(folder, scenario)
    return found


def test_parts_that_come_to_the_same_text_are_one_group(tmp_path: Path):
    times = [f"2026-03-01T10:00:{second:02}Z" for second in range(10)]
    runs = [
        run_of("a", "b/c", "Succeeded", times[0], times[4]),
        run_of("a/b", "c", "Failed", times[5], times[7]),
        run_of("a/b", "c", "Odd"),
        run_of(None, None, "Running"),
        run_of("", "", "Running", times[1]),
    ]
    one, other = asked(tmp_path, runs, summary=EVERY, group_by="pipeline")
    assert one == {
        **dict.fromkeys(("succeeded", "failed", "cancelled", "others"), 0),
        "group_value": "/",
        "total": 2,
        "running": 2,
        "last_runtime": 1772359201,
        **dict.fromkeys([name for name in MEASURES if name.endswith("duration")]),
    }
    assert other == {
        "group_value": "a/b/c",
        "total": 3,
        "succeeded": 1,
        "failed": 1,
        "cancelled": 0,
        "running": 0,
        "others": 1,
        "last_runtime": 1772359205,
        "avg_duration": "00:00:03",
        "min_duration": "00:00:02",
        "max_duration": "00:00:04",
        "total_duration": "00:00:06",
    }


def test_groups_come_in_the_order_of_their_values_unless_a_measure_orders_them(tmp_path: Path):
    runs = [run_of(name, None, "Failed") for name in ("b", "a", "c", "a", None)]
    by_value = asked(tmp_path, runs, summary="total", group_by="namespace")
    assert [row["group_value"] for row in by_value] == ["a", "b", "c", None]
    (tmp_path / "again").mkdir()
    query = {"summary": "total", "group_by": "repository", "order_by": "DESC total"}
    by_total = asked(tmp_path / "again", runs, **query)
    assert [(row["group_value"], row["total"]) for row in by_total] == [
        ("a/", 2),
        ("/", 1),
        ("b/", 1),
        ("c/", 1),
    ]


def test_every_measure_orders_the_groups(tmp_path: Path):
    runs = [
        run_of("a", None, "Succeeded", "2026-03-01T10:00:00Z", "2026-03-01T10:00:09Z"),
        run_of("b", None, "Failed", "2026-03-01T11:00:00Z", "2026-03-01T11:00:03Z"),
        run_of("b", None, "Failed", "2026-03-01T11:00:00Z"),
        run_of("c", None, "Cancelled"),
    ]

    async def scenario(_app, client):
        tekton = Tekton(client)
        await tekton.post_result("ns/results/r")
        for number, run in enumerate(runs):
            await tekton.post(f"ns/results/r/records/n{number}", run)
        for name in MEASURES:
            for direction in ("asc", "desc"):
                query = {
                    "summary": EVERY,
                    "group_by": "namespace",
                    "order_by": f"{name} {direction}",
                }
                values = [row[name] for row in await tekton.summary(**query)]
                there = [value for value in values if value is not None]
                assert there == sorted(there, reverse=direction == "desc"), (name, direction)
                missing = values[: len(values) - len(there)]
                if direction == "asc":
                    missing = values[len(there) :]
                assert missing == [None] * (len(values) - len(there))

    play(tmp_path, scenario)
