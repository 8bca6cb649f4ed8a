"""Tekton's eleven measures over ten million events, beside the same measures typed into DuckDB.

The events go straight into the columns, past the ledger: the reference shows what the engine can do
with this file, the figure what our way of asking adds to it.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from bench.figure import Figure
from bench.serving import get, runwell
from bench.tekton import EVERYWHERE
from bench.tekton_questions import EVERY
from bench.tekton_records import PIPELINE_RUN, START, TASK_RUN

EVENTS = 10_000_000
RUNS = 7
SECONDS_APART = 0.75
SECOND_US = 1_000_000
TIME = "%Y-%m-%dT%H:%M:%SZ"
MIXED = "(i * 2654435761 % 4294967296)"  # scatters the numbers, the same way each time

# A name of the table's columns -> what stands there; i is the number of the event.
COLUMNS = {
    "seq": "i + 1",
    "arrival": "i + 1",
    "received": "finish",
    "time": "start",
    "source": "'tekton'",
    "scope": "namespace",
    "id": "concat('result-', i // 5, '/record-', i)",
    "attempt": "1",
    "uid": "concat('uid-', i)",
    "chain": "concat('result-', i // 5)",
    "parent": "''",
    "kind": "CASE WHEN i % 5 = 0 THEN 'pipeline' ELSE 'task' END",
    "event_type": f"CASE WHEN i % 5 = 0 THEN '{PIPELINE_RUN}' ELSE '{TASK_RUN}' END",
    "name": "concat(pipeline, '-', i)",
    "repo": "concat('repository-', i // 5 % 60)",
    "namespace": "namespace",
    "pipeline": "pipeline",
    "ref": "'main'",
    "sha": "''",
    "component": "''",
    "platform": "'tekton'",
    "status": "CASE reason WHEN 'Running' THEN 'running' WHEN 'Failed' THEN 'failed' "
    "WHEN 'Cancelled' THEN 'cancelled' WHEN 'PipelineRunTimeout' THEN 'timed_out' "
    "ELSE 'succeeded' END",
    "created": "start",
    "started": "start",
    "finished": "CASE WHEN reason <> 'Running' THEN finish END",
    "recorded": "finish",
    "updated": "finish",
    "duration": "CASE WHEN reason <> 'Running' THEN epoch_us(finish) - epoch_us(start) END",
    "description": "''",
    "metrics": "MAP {}",
    "tags": "MAP {}",
    "links": "MAP {}",
    "payload": "document",
    "client": "''",
}
NUMBERED = f"""
SELECT
  i,
  concat('team-', i // 5 % 20) AS namespace,
  concat('pipeline-', i // 5 % 40) AS pipeline,
  make_timestamp({START * SECOND_US} + (i * {SECONDS_APART})::BIGINT * {SECOND_US}) AS start,
  start + to_seconds({MIXED} % 900 + 1) AS finish,
  CASE
    WHEN {MIXED} % 1000 < 640 THEN 'Succeeded'
    WHEN {MIXED} % 1000 < 810 THEN 'Completed'
    WHEN {MIXED} % 1000 < 930 THEN 'Failed'
    WHEN {MIXED} % 1000 < 960 THEN 'Cancelled'
    WHEN {MIXED} % 1000 < 985 THEN 'Running'
    ELSE 'PipelineRunTimeout'
  END AS reason
FROM range(?) AS numbers (i)
"""
# Small, but all in it that the measures and groups are made of.
SOURCE = f"""
SELECT
  *,
  json_object(
    'metadata', json_object(
      'name', concat(pipeline, '-', i),
      'namespace', namespace,
      'creationTimestamp', strftime(start, '{TIME}'),
      'labels', json_object('tekton.dev/pipeline', pipeline)
    ),
    'status', json_object(
      'conditions', json_array(json_object('type', 'Succeeded', 'reason', reason)),
      'startTime', strftime(start, '{TIME}'),
      'completionTime', CASE WHEN reason <> 'Running' THEN strftime(finish, '{TIME}') END
    )
  ) AS document
FROM ({NUMBERED})
"""
PATH = "payload/"  # begins the name of a column that holds what stands there in the payload
READERS = {"VARCHAR": "json_extract_string", "JSON": "json_extract"}
REASON = '"payload/status/conditions/0/reason"'
TYPED = f"""
SELECT
  count(*) AS total,
  count(*) FILTER ({REASON} IN ('Succeeded', 'Completed')) AS succeeded,
  count(*) FILTER ({REASON} = 'Failed') AS failed,
  count(*) FILTER ({REASON} = 'Cancelled') AS cancelled,
  count(*) FILTER ({REASON} = 'Running') AS running,
  count(*) FILTER (
    {REASON} NOT IN ('Failed', 'Succeeded', 'Cancelled', 'Running', 'Completed')
  ) AS others,
  epoch_us(max(started)) // {SECOND_US} AS last_runtime,
  round(avg(duration))::BIGINT AS avg_duration,
  min(duration) AS min_duration,
  max(duration) AS max_duration,
  sum(duration)::BIGINT AS total_duration
FROM event
"""


def figures(*, quick: bool, count: int | None = None) -> list[Figure]:
    count = count or (500_000 if quick else EVENTS)
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    _fill(folder, count)
    typed, expected = _typed(folder / "columns.duckdb")
    with runwell(folder) as server:
        url = f"{server}{EVERYWHERE}/summary?summary={EVERY}"
        value, answer = _timed(lambda: get(url)["summary"])
    shutil.rmtree(folder)
    assert answer == [expected], f"{answer} instead of {expected}"
    return [
        Figure(
            f"Tekton's eleven measures, {count:,} events",
            value,
            "ms",
            "the same measures typed into DuckDB",
            typed,
            value / typed,
        )
    ]


def _fill(folder: Path, count: int) -> None:
    """A data directory whose ledger knows nothing and whose columns hold `count` events."""
    with runwell(folder):  # makes both, as this version has them
        pass
    connection = duckdb.connect(str(folder / "columns.duckdb"), config={"threads": "2"})
    columns = dict(COLUMNS)
    for name, type_, *_ in connection.execute("DESCRIBE event").fetchall():
        if name.startswith(PATH):
            columns[f'"{name}"'] = f"{READERS[type_]}(document, '{name[len(PATH) - 1 :]}')"
    connection.execute(
        f"INSERT INTO event ({', '.join(columns)}) SELECT {', '.join(columns.values())} "
        f"FROM ({SOURCE})",
        [count],
    )
    connection.execute("CHECKPOINT")
    connection.close()


def _typed(file: Path) -> tuple[float, dict[str, Any]]:
    connection = duckdb.connect(str(file), read_only=True, config={"threads": "2"})
    milliseconds, row = _timed(lambda: connection.execute(TYPED).fetchone())
    names = [column[0] for column in connection.description]
    connection.close()
    named = dict(zip(names, row, strict=True))
    texts = {name: _text(value) for name, value in named.items() if name.endswith("_duration")}
    return milliseconds, named | texts


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Median milliseconds after one run to warm up, and the last answer."""
    taken, answer = [], None
    for _ in range(1 + RUNS):
        began = time.perf_counter()
        answer = work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken[1:]), answer


def _text(us: int) -> str:
    """As PostgreSQL prints it; no event takes a whole day."""
    seconds, rest = divmod(us, SECOND_US)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"
