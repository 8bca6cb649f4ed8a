"""Log set-up, and the commented list of our own metrics. Nothing secret is ever logged."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable
from datetime import UTC, datetime

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class Log:
    """One line a happening on stderr: time, level, event name, fields as JSON."""

    def __init__(self) -> None:
        self.least = LEVELS["info"]

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        if LEVELS[level] >= self.least:
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = json.dumps(
                {"time": stamp, "level": level, "event": event, **fields}, default=str
            )
            sys.stderr.write(line + "\n")

    def info(self, event: str, **fields: object) -> None:
        """Something ordinary happened."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something is not as it should be; the server goes on."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Something failed that a person should look at."""
        self._write("error", event, fields)


log = Log()

# name -> (type, help). The label names stand in the help.
METRICS: dict[str, tuple[str, str]] = {
    # what came in and what was answered
    "runwell_requests_total": ("counter", "requests answered, by protocol and status"),
    "runwell_writes_total": ("counter", "writes committed, by source and outcome"),
    "runwell_refused_total": ("counter", "requests refused, by protocol and reason"),
    "runwell_connections": ("gauge", "HTTP connections that are open"),
    "runwell_connections_shed_total": (
        "counter",
        "connections without a request that were closed to make room for others",
    ),
    # the write path
    "runwell_commits_total": ("counter", "commits of the ledger"),
    "runwell_commit_seconds_total": ("counter", "seconds spent in commits"),
    "runwell_queue_events": ("gauge", "writes waiting for a commit"),
    "runwell_queue_bytes": ("gauge", "payload bytes waiting for a commit"),
    # the read path
    "runwell_questions_total": ("counter", "questions answered by the columns, by outcome"),
    "runwell_question_seconds_total": ("counter", "seconds spent on questions"),
    "runwell_lookups_total": ("counter", "single events read from the ledger, by outcome"),
    "runwell_lookup_seconds_total": ("counter", "seconds spent on lookups"),
    "runwell_streams": ("gauge", "streams under way, by kind: list or tail"),
    "runwell_streams_total": (
        "counter",
        "streams ended, by outcome: whole, gone (the client), or what broke them",
    ),
    "runwell_streamed_events_total": ("counter", "events sent in streams, by kind"),
    "runwell_pg_connections": ("gauge", "PostgreSQL clients that are connected"),
    # the projection
    "runwell_ledger_seq": ("gauge", "number of the newest change in the ledger"),
    "runwell_columns_seq": ("gauge", "number of the newest change in the columns"),
    # the process
    "runwell_future_events_total": (
        "counter",
        "writes of events that begin more than a day after they came, by source",
    ),
    "runwell_clock_jumps_total": (
        "counter",
        "times that the machine's clock was found to have jumped",
    ),
    "runwell_start_time_seconds": ("gauge", "when the server started, Unix seconds"),
    "runwell_resident_memory_bytes": ("gauge", "resident memory of the process"),
}

Labels = tuple[tuple[str, str], ...]


class Counters:
    """Counters by name and labels; safe to add to from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, Labels], float] = {}

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Add to a counter of METRICS."""
        key = (name, tuple(labels.items()))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + value

    def samples(self) -> list[tuple[str, Labels, float]]:
        """Every counter that was added to."""
        with self._lock:
            return [(name, labels, value) for (name, labels), value in self._values.items()]


def render(samples: Iterable[tuple[str, Labels, float]]) -> str:
    """Prometheus text exposition, format version 0.0.4."""
    lines: list[str] = []
    by_name: dict[str, list[str]] = {}
    for name, labels, value in samples:
        shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
        by_name.setdefault(name, []).append(
            f"{name}{{{shown}}} {value:.17g}" if shown else f"{name} {value:.17g}"
        )
    for name, (kind, help_text) in METRICS.items():
        if name in by_name:
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *sorted(by_name[name])]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
