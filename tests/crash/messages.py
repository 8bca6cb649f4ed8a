"""What the senders send: one metric or one pipeline, told apart by its name."""

from __future__ import annotations

CONTEXT = "5d66639084e1543c6611e128cb58040a"


def metric(name: str) -> dict:
    return {
        "session_h": "crash",
        "context_h": CONTEXT,
        "item_start_time": "2026-11-21T01:28:30.722652",
        "item_path": "tests.test_crash",
        "item": "test_it",
        "item_variant": f"test_it[{name}]",
        "item_fs_loc": "tests/test_crash.py",
        "kind": "function",
        "component": "",
        "total_time": 0.25,
        "user_time": 0.1,
        "kernel_time": 0.0,
        "cpu_usage": 0.4,
        "mem_usage": 1.0,
    }


def pipeline(number: str) -> dict:
    return {
        "pipeline_id": int(number),
        "created_at": "2026-06-13T14:11:24+07:00",
        "project": "crash",
        "ref": "main",
        "duration": 9,
        "duration_e2e": 5,
        "has_restarts": False,
        "builds": [{"b": 1}],
        "jobs": [{"name": "e2e", "duration": 5}],
        "jobs_failed": [],
    }
