"""The summary API over 1M events beside the same SQL in DuckDB; and the projector's rate."""

from __future__ import annotations

import http.client
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import duckdb

from bench.events import fill
from bench.figure import Figure
from bench.serving import runwell
from runwell.filter import Field
from runwell.model import Bucket
from runwell.query import MEASURES, Summary, TimeBucket
from runwell.store.columns.compile import compile_query
from runwell.store.columns.duckdb import DUCKDB

QUESTIONS = {
    "summary, every measure": Summary(tuple(MEASURES)),
    "summary by pipeline": Summary(tuple(MEASURES), (Field("pipeline"),)),
    "summary by day": Summary(tuple(MEASURES), (TimeBucket(Bucket.DAY),)),
}
GROUPS = {"summary by pipeline": "pipeline", "summary by day": "day"}
RUNS = 11


def figures(*, quick: bool) -> list[Figure]:
    count = 100_000 if quick else 1_000_000
    folder = Path(tempfile.mkdtemp(prefix="runwell-bench-"))
    rate = fill(folder, count)
    copy = folder / "copy.duckdb"
    shutil.copy(folder / "columns.duckdb", copy)
    plain = _plain_insert(copy, min(count, 200_000))
    found = [
        Figure(
            f"projector, {count:,} events",
            rate,
            "rows/s",
            "INSERT .. SELECT of the same rows",
            plain,
            rate / plain,
        )
    ]
    with runwell(folder) as url:
        raw = duckdb.connect(str(copy), read_only=True, config={"threads": "2"})
        for name, question in QUESTIONS.items():
            found.append(_compare(name, question, url, raw, count))
        raw.close()
    shutil.rmtree(folder)
    return found


def _compare(
    name: str, question: Summary, url: str, raw: duckdb.DuckDBPyConnection, count: int
) -> Figure:
    statement = compile_query(question, DUCKDB, {})
    path = f"/-/api/summary?group_by={quote(GROUPS.get(name, ''))}"
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    ours, theirs = [], []
    for _ in range(RUNS):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        raw.execute(statement.text, statement.params).fetchall()
        theirs.append(time.perf_counter() - began)
    value, reference = (statistics.median(times) * 1000 for times in (ours, theirs))
    return Figure(
        f"{name}, {count:,} events",
        value,
        "ms",
        "the same SQL in DuckDB",
        reference,
        value / reference,
        "<= 1.5 x + 5 ms",
        value <= 1.5 * reference + 5,
    )


def _plain_insert(file: Path, count: int) -> float:
    """The limit: DuckDB copies rows that it has already, without parsing anything."""
    connection = duckdb.connect(str(file), config={"threads": "2"})
    connection.execute("CREATE TABLE again AS SELECT * FROM event LIMIT 0")
    began = time.perf_counter()
    for start in range(0, count, 5_000):
        connection.execute(
            "INSERT INTO again SELECT * FROM event WHERE arrival > ? AND arrival <= ?",
            [start, start + 5_000],
        )
    rate = count / (time.perf_counter() - began)
    connection.execute("DROP TABLE again")
    connection.close()
    return rate
