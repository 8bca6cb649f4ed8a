"""Log set-up, and the commented list of our own metrics. Nothing secret is ever logged."""

from __future__ import annotations

import json
import re
import sys
import threading
import traceback
from bisect import bisect_left
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


FORMATS = ("auto", "text", "json")
# Tokens of ours, wherever they come from: in a path, in a question, in an engine's words.
TOKEN = re.compile(r"rw_[0-9a-f]{12}_[0-9a-f]+")
PLAIN = re.compile(r"[^\s\"'=\\]+")


class Log:
    """One line a happening on stderr: time, level, event name and fields."""

    def __init__(self) -> None:
        self.least = LEVELS["info"]
        self.form = "json"

    def begin(self, level: str, form: str) -> None:
        """Which lines to write, and how: `auto` is text where a person looks, JSON elsewhere."""
        self.least = LEVELS[level]
        self.form = form
        if form == "auto":
            self.form = "text" if sys.stderr.isatty() else "json"

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        if LEVELS[level] >= self.least:
            now = datetime.now(UTC)
            words = _as_text if self.form == "text" else _as_json
            line = TOKEN.sub("rw_...", words(now, level, event, fields))
            with suppress(OSError):  # where the disk of the log is full, the server goes on
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


def _as_json(now: datetime, level: str, event: str, fields: dict[str, object]) -> str:
    stamp = now.isoformat(timespec="milliseconds")
    return json.dumps({"time": stamp, "level": level, "event": event, **fields}, default=str)


def _as_text(now: datetime, level: str, event: str, fields: dict[str, object]) -> str:
    """For people: the local time, the level, the event, what there is to know of it."""
    stamp = now.astimezone().strftime("%H:%M:%S")
    known = " ".join(f"{name}={_shown(value)}" for name, value in fields.items() if value != "")
    return f"{stamp} {level:7} {event} {known}".rstrip()


def _shown(value: object) -> str:
    text = str(value)
    if PLAIN.fullmatch(text) and text.isprintable():
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    # a terminal obeys more than JSON wants escaped
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in quoted)


def told(error: BaseException) -> dict[str, str]:
    """What a log says of a bug: the error and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    at = f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    advice = "this is a bug of runwell: report it with this line"
    return {"error": repr(error), "at": at, "advice": advice}


log = Log()

# name -> (type, help). The label names stand in the help.
METRICS: dict[str, tuple[str, str]] = {
    # what came in and what was answered
    "runwell_requests_total": ("counter", "requests answered, by protocol and status"),
    "runwell_request_seconds": (
        "histogram",
        "from a request's head to its answer, by protocol; of a stream to its first byte",
    ),
    "runwell_writes_total": ("counter", "writes committed, by source and outcome"),
    "runwell_refused_total": (
        "counter",
        "requests refused, by protocol and reason (PostgreSQL's port: its SQLSTATE)",
    ),
    "runwell_connections": ("gauge", "HTTP connections that are open"),
    "runwell_connections_shed_total": (
        "counter",
        "connections without a request that were closed to make room for others",
    ),
    # the write path
    "runwell_commits_total": ("counter", "commits of the ledger"),
    "runwell_commit_seconds": ("histogram", "how long commits took, to the disk"),
    "runwell_queue_events": ("gauge", "writes waiting for a commit"),
    "runwell_queue_bytes": ("gauge", "payload bytes waiting for a commit"),
    # the read path
    "runwell_questions_total": ("counter", "questions answered by the columns, by outcome"),
    "runwell_question_seconds": (
        "histogram",
        "how long questions took that had a thread, with the wait for what was acknowledged",
    ),
    "runwell_questions_under_way": ("gauge", "questions that run, or wait for a thread"),
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
    "runwell_columns_mended_total": ("counter", "times that damaged columns were made anew"),
    "runwell_columns_lag_seconds": (
        "gauge",
        "for how long at most the columns have lacked what was committed; 0 if they have it all",
    ),
    # the disk
    "runwell_ledger_bytes": ("gauge", "size of the ledger's file"),
    "runwell_ledger_log_bytes": ("gauge", "size of the ledger's write-ahead log"),
    "runwell_columns_bytes": ("gauge", "size of the columns' files"),
    "runwell_disk_free_bytes": ("gauge", "room that is left on the ledger's disk"),
    "runwell_last_backup_timestamp_seconds": (
        "gauge",
        "when the newest backup began, Unix seconds; missing without one",
    ),
    "runwell_last_backup_bytes": ("gauge", "size of the newest backup; missing without one"),
    # how long events are kept
    "runwell_retention_events_total": (
        "counter",
        (
            "events at the end of their time, by source and outcome: rolled_up, dropped, or "
            "repeated (they came again after they were rolled up, and count once)"
        ),
    ),
    "runwell_retention_payload_bytes_total": ("counter", "payload bytes that went with them"),
    "runwell_retention_forgotten_total": ("counter", "keys of removed events that were forgotten"),
    "runwell_retention_seconds_total": ("counter", "seconds that looking for them took"),
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
    "runwell_build_info": ("gauge", "1, by version, python, sqlite and duckdb"),
    # the process, as every exporter calls it
    "process_cpu_seconds_total": ("counter", "processor time of the process, user and system"),
    "process_open_fds": ("gauge", "open files and connections"),
    "process_max_fds": ("gauge", "as many there may be"),
    "process_resident_memory_bytes": ("gauge", "resident memory"),
    "process_virtual_memory_bytes": ("gauge", "virtual memory"),
    "process_start_time_seconds": ("gauge", "when the process started, Unix seconds"),
}

# Borders of every histogram: from a lookup to a question that takes all the time it may.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BUCKET, SUM, COUNT = "_bucket", "_sum", "_count"

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]
FAMILIES = {
    f"{name}{end}": name
    for name, (kind, _) in METRICS.items()
    if kind == "histogram"
    for end in (BUCKET, SUM, COUNT)
}


class Counters:
    """Counters and histograms by name and labels; safe to add to from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[tuple[str, Labels], float] = {}
        self._spread: dict[tuple[str, Labels], _Spread] = {}

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Add to a counter of METRICS."""
        key = (name, tuple(labels.items()))
        with self._lock:
            self._values[key] = self._values.get(key, 0) + value

    def took(self, name: str, seconds: float, **labels: str) -> None:
        """Add to a histogram of METRICS."""
        key = (name, tuple(labels.items()))
        place = bisect_left(SECONDS, seconds)
        with self._lock:
            spread = self._spread.get(key)
            if spread is None:
                spread = self._spread[key] = _Spread()
            spread.counts[place] += 1
            spread.sum += seconds

    def begin(self, name: str, **labels: str) -> None:
        """Show a counter or histogram as 0: a rate needs to know where it began."""
        key = (name, tuple(labels.items()))
        with self._lock:
            if METRICS[name][0] == "histogram":
                self._spread.setdefault(key, _Spread())
            else:
                self._values.setdefault(key, 0)

    def samples(self) -> list[Sample]:
        """Every counter and histogram that was added to, or begun."""
        with self._lock:
            found = [(name, labels, value) for (name, labels), value in self._values.items()]
            for (name, labels), spread in self._spread.items():
                found += spread.samples(name, labels)
        return found


def begin_counting(counters: Counters, protocols: Iterable[str]) -> None:
    """Show what matters from the start: an alert on a rate must see the first failure, too."""
    for protocol in (*protocols, "runwell"):
        counters.begin("runwell_requests_total", protocol=protocol, status="200")
        counters.begin("runwell_request_seconds", protocol=protocol)
        for reason in ("InternalError", "Overloaded", "DiskFull", "StorageFailed"):
            counters.begin("runwell_refused_total", protocol=protocol, reason=reason)
    counters.begin("runwell_commits_total")
    counters.begin("runwell_commit_seconds")
    counters.begin("runwell_question_seconds")
    counters.begin("runwell_questions_total", outcome="answered")


class _Spread:
    """One histogram: how many fell below each border, and their sum."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def samples(self, name: str, labels: Labels) -> list[Sample]:
        total, found = 0, []
        for border, count in zip((*SECONDS, "+Inf"), self.counts, strict=True):
            total += count
            found.append((name + BUCKET, (*labels, ("le", str(border))), float(total)))
        return [*found, (name + SUM, labels, self.sum), (name + COUNT, labels, float(total))]


def render(samples: Iterable[Sample]) -> str:
    """Prometheus text exposition, format version 0.0.4."""
    lines: list[str] = []
    by_name: dict[str, list[str]] = {}
    for name, labels, value in samples:
        shown = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
        by_name.setdefault(FAMILIES.get(name, name), []).append(
            f"{name}{{{shown}}} {value:.17g}" if shown else f"{name} {value:.17g}"
        )
    for name, (kind, help_text) in METRICS.items():
        if name in by_name:
            found = by_name[name] if kind == "histogram" else sorted(by_name[name])
            lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *found]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
