"""`.pymon` files as pytest-monitor 1.6.6 makes them, and as monitor-server-api 1.1 keeps its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

CONTEXT = "5d66639084e1543c6611e128cb58040a"
SESSION = "0d3f63a4e0a3f9a2d0b1c0e8a6b7c5d4"
PLUGIN = {"context": "ENV_H", "scm": "SCM_ID", "description": "RUN_DESCRIPTION"}
SERVER = {"context": "CONTEXT_H", "scm": "SCM_REF", "description": "DESCRIPTION"}
SCHEMA = """
CREATE TABLE TEST_SESSIONS (SESSION_H varchar(64) PRIMARY KEY NOT NULL UNIQUE,
  RUN_DATE varchar(64), {scm} varchar(128), {description} json);
CREATE TABLE TEST_METRICS (SESSION_H varchar(64), {context} varchar(64),
  ITEM_START_TIME varchar(64), ITEM_PATH varchar(4096), ITEM varchar(2048),
  ITEM_VARIANT varchar(2048), ITEM_FS_LOC varchar(2048), KIND varchar(64),
  COMPONENT varchar(512) NULL, TOTAL_TIME float, USER_TIME float, KERNEL_TIME float,
  CPU_USAGE float, MEM_USAGE float);
CREATE TABLE EXECUTION_CONTEXTS (ENV_H varchar(64) PRIMARY KEY NOT NULL UNIQUE, CPU_COUNT integer,
  CPU_FREQUENCY_MHZ integer, CPU_TYPE varchar(64), CPU_VENDOR varchar(256), RAM_TOTAL_MB integer,
  MACHINE_NODE varchar(512), MACHINE_TYPE varchar(32), MACHINE_ARCH varchar(16),
  SYSTEM_INFO varchar(256), PYTHON_INFO varchar(512));
"""


def write(file: Path, tests: int = 3, names: dict[str, str] = PLUGIN, **changed: Any) -> Path:
    """A context, a session and so many tests; `changed` are columns of the tests."""
    database = sqlite3.connect(file)
    database.executescript(SCHEMA.format(**names))
    machine = (CONTEXT, 8, 2499.998, "", None, 15_000, "host", "x86_64", "64bit", "Linux", "3.11")
    fill(database, "EXECUTION_CONTEXTS", machine)
    described = '{"pipeline_branch": "main", "env": "dev"}'
    fill(database, "TEST_SESSIONS", (SESSION, "2026-01-01T12:00:00.5", "cafe", described))
    for number in range(tests):
        row = {
            "SESSION_H": SESSION,
            names["context"]: CONTEXT,
            "ITEM_START_TIME": f"2026-01-01T12:00:{number % 60:02}.{number:06}",
            "ITEM_PATH": "tests.test_it",
            "ITEM": "test_it",
            "ITEM_VARIANT": f"test_it[{number}]",
            "ITEM_FS_LOC": "tests/test_it.py",
            "KIND": "function",
            "COMPONENT": None,
            "TOTAL_TIME": 0.25,
            "USER_TIME": 0.1,
            "KERNEL_TIME": 0.0,
            "CPU_USAGE": 0.4,
            "MEM_USAGE": 1.5,
            **changed,
        }
        fill(database, "TEST_METRICS", tuple(row.values()))
    database.commit()
    database.close()
    return file


def fill(database: sqlite3.Connection, table: str, row: tuple[Any, ...]) -> None:
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO {table} VALUES ({marks})", row)
