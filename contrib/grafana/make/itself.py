"""The dashboard of runwell itself, asked of Prometheus: is it well, is it fast, is it safe?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from model import SCHEMA_VERSION, WIDTH

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
PANEL_WIDTH, PANEL_HEIGHT = 8, 7


@dataclass(frozen=True, slots=True)
class Graph:
    """One panel: what is asked, how each series is called, and the unit."""

    title: str
    expr: str
    legend: str
    unit: str
    about: str = ""
    is_number: bool = False


def _quantile(share: float, metric: str, by: str = "") -> str:
    groups = f"le, {by}" if by else "le"
    inner = f"sum by ({groups}) (rate({metric}_bucket[$__rate_interval]))"
    return f"histogram_quantile({share}, {inner})"


GRAPHS = (
    Graph(
        "Requests",
        "sum by (protocol) (rate(runwell_requests_total[$__rate_interval]))",
        "{{protocol}}",
        "reqps",
    ),
    Graph(
        "Refused",
        "sum by (protocol, reason) (rate(runwell_refused_total[$__rate_interval])) > 0",
        "{{protocol}} {{reason}}",
        "reqps",
        "Every refusal has a reason; nothing is dropped silently.",
    ),
    Graph(
        "Events stored",
        "sum by (source, outcome) (rate(runwell_writes_total[$__rate_interval]))",
        "{{source}} {{outcome}}",
        "wps",
    ),
    Graph(
        "Answers, p99",
        _quantile(0.99, "runwell_request_seconds", "protocol"),
        "{{protocol}}",
        "s",
    ),
    Graph("Commits, p99", _quantile(0.99, "runwell_commit_seconds"), "p99", "s"),
    Graph("Questions, p95", _quantile(0.95, "runwell_question_seconds"), "p95", "s"),
    Graph("Waiting for a commit", "runwell_queue_events", "events", "short"),
    Graph("Questions under way", "runwell_questions_under_way", "questions", "short"),
    Graph(
        "Columns behind the ledger",
        "runwell_columns_lag_seconds",
        "at most",
        "s",
        "Questions wait for what was acknowledged before them.",
    ),
    Graph("Ledger", "runwell_ledger_bytes", "ledger", "bytes", is_number=True),
    Graph("Disk left", "runwell_disk_free_bytes", "free", "bytes", is_number=True),
    Graph(
        "Since the last backup",
        "time() - runwell_last_backup_timestamp_seconds",
        "age",
        "s",
        is_number=True,
    ),
    Graph("Memory", "process_resident_memory_bytes", "resident", "bytes"),
    Graph("Processor", "rate(process_cpu_seconds_total[$__rate_interval])", "cores", "short"),
    Graph("Open files", "process_open_fds", "files", "short"),
)


def write_itself() -> str:
    """The dashboard as the text of its file."""
    whole = {
        "title": "runwell itself",
        "uid": "runwell-itself",
        "description": "Its own metrics, by Prometheus.",
        "tags": ["runwell"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_panel(number, graph) for number, graph in enumerate(GRAPHS)],
    }
    return json.dumps(whole, indent=2) + "\n"


def _panel(number: int, graph: Graph) -> dict[str, Any]:
    across = WIDTH // PANEL_WIDTH
    place = {"x": number % across * PANEL_WIDTH, "y": number // across * PANEL_HEIGHT}
    return {
        "id": number + 1,
        "title": graph.title,
        "description": graph.about,
        "type": "stat" if graph.is_number else "timeseries",
        "datasource": SOURCE,
        "gridPos": {**place, "w": PANEL_WIDTH, "h": PANEL_HEIGHT},
        "targets": [
            {
                "refId": "A",
                "datasource": SOURCE,
                "expr": graph.expr,
                "legendFormat": graph.legend,
            }
        ],
        "fieldConfig": {"defaults": {"unit": graph.unit, "min": 0}, "overrides": []},
    }
