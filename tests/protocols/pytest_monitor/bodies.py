"""Bodies as the plugin sends them, with only what a test is about changed."""

from __future__ import annotations

from typing import Any

METRIC = {
    "session_h": "s1",
    "context_h": "c1",
    "item_start_time": "2026-01-01T12:00:00.5",
    "item_path": "tests.a/b",
    "item": "test_it",
    "item_variant": "test_it[1]",
    "item_fs_loc": "tests/a.py",
    "kind": "function",
    "component": "web",
    "total_time": 1.5,
    "user_time": 1,
    "kernel_time": 0.25,
    "cpu_usage": 0.8,
    "mem_usage": -0.5,
}
CONTEXT = {
    "cpu_count": 2,
    "cpu_frequency": 2499.998,
    "cpu_type": "",
    "cpu_vendor": "V",
    "ram_total": 24105,
    "machine_node": "host",
    "machine_type": "x86_64",
    "machine_arch": "64bit",
    "system_info": "Linux",
    "python_info": "3.11",
    "h": "c1",
}
SESSION = {
    "session_h": "s1",
    "run_date": "2026-01-01T12:00:00",
    "scm_ref": "cafe",
    "description": {"pipeline_branch": "main", "pipeline_build_no": "7", "description": "mine"},
}


def a_metric(**changes: Any) -> dict[str, Any]:
    return METRIC | changes


def a_context(**changes: Any) -> dict[str, Any]:
    return CONTEXT | changes


def a_session(**changes: Any) -> dict[str, Any]:
    return SESSION | changes
