"""The reference: Tekton Results' tables in PostgreSQL, and its own SQL, without its server."""

from __future__ import annotations

import csv
import io
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg2
from psycopg2.extensions import new_type, register_type
from psycopg2.extras import register_default_jsonb

from bench.tekton_questions import Question
from bench.tekton_records import START, Record

SETTINGS = {"shared_buffers": "2GB", "timezone": "UTC"}  # all the rest is default
RUNS = 2
CHUNK = 2_000
BEGIN = datetime.fromtimestamp(START, UTC)
INTERVAL = 1186  # the type's number
SCHEMA = """
CREATE TABLE results (
  parent varchar(64) NOT NULL,
  id varchar(64) NOT NULL,
  name varchar(64),
  annotations jsonb,
  created_time timestamptz DEFAULT current_timestamp,
  updated_time timestamptz DEFAULT current_timestamp,
  recordsummary_record varchar(256),
  recordsummary_type varchar(768),
  recordsummary_start_time timestamptz,
  recordsummary_end_time timestamptz,
  recordsummary_status integer,
  recordsummary_annotations jsonb,
  etag varchar(128),
  PRIMARY KEY (parent, id)
);
CREATE UNIQUE INDEX results_by_name ON results (parent, name);
CREATE TABLE records (
  parent varchar(64) NOT NULL,
  result_id varchar(64) NOT NULL,
  result_name varchar(64),
  id varchar(64) NOT NULL,
  name varchar(64),
  type varchar(768),
  data jsonb,
  created_time timestamptz DEFAULT current_timestamp,
  updated_time timestamptz DEFAULT current_timestamp,
  etag varchar(128),
  PRIMARY KEY (parent, result_id, id),
  FOREIGN KEY (parent, result_id) REFERENCES results (parent, id)
    ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE UNIQUE INDEX records_by_name ON records (parent, result_name, name);
"""


@dataclass(frozen=True)
class Reference:
    milliseconds: float  # the best of all runs
    rows: list[dict[str, Any]]
    total: int = 0  # of a list: how many match


def load(database: str, records: Iterable[Record]) -> None:
    """Fill the tables in the order of `records`; afterwards the planner knows them well."""
    chance = random.Random(11)
    connection = psycopg2.connect(database)
    ids: dict[tuple[str, str], str] = {}
    number = 0
    with connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        source = iter(records)
        while chunk := list(islice(source, CHUNK)):
            new = dict.fromkeys((r.parent, r.result_name) for r in chunk)
            made = {key: _uid(chance) for key in new if key not in ids}
            ids |= made
            created = _time(number)
            _copy(
                cursor, RESULTS, ((p, ids[p, n], n, created, created, ids[p, n]) for p, n in made)
            )
            _copy(cursor, RECORDS, _rows(chunk, number, ids, chance))
            number += len(chunk)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    connection.close()


RESULTS = "results (parent, id, name, created_time, updated_time, etag)"
RECORDS = (
    "records (parent, result_id, result_name, id, name, type, data, created_time, updated_time,"
    " etag)"
)


def _rows(
    chunk: list[Record], number: int, ids: dict[tuple[str, str], str], chance: random.Random
) -> Iterator[tuple]:
    for at, r in enumerate(chunk, number):
        uid, created = _uid(chance), _time(at)
        result_id = ids[r.parent, r.result_name]
        data = r.json_bytes.decode()
        yield (
            *(r.parent, result_id, r.result_name, uid, r.record_name, r.data_type, data),
            *(created, created, f"{uid}-{at}"),
        )


def _copy(cursor, table: str, rows: Iterable[tuple]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", text)


def ask(database: str, question: Question) -> Reference:
    """The best of some runs after one to warm up, and the rows as the server would show them."""
    connection = psycopg2.connect(database)
    connection.autocommit = True
    as_text = new_type((INTERVAL,), "INTERVAL_TEXT", lambda value, _cursor: value)
    register_type(as_text, connection)
    register_default_jsonb(connection, loads=lambda text: text)
    taken = []
    with connection.cursor() as cursor:
        for _ in range(1 + RUNS):
            began = time.perf_counter()
            cursor.execute(question.sql)
            found = cursor.fetchall()
            taken.append((time.perf_counter() - began) * 1000)
        names = [column.name for column in cursor.description]
        total = 0
        if question.count_sql:
            cursor.execute(question.count_sql)
            total = cursor.fetchone()[0]
    connection.close()
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in found]
    return Reference(min(taken[1:]), rows, total)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def _time(number: int) -> str:
    """Record after record, a millisecond apart."""
    return (BEGIN + timedelta(milliseconds=number)).isoformat()


def _uid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))
