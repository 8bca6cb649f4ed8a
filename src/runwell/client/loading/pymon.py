"""Posts from a `.pymon` file, the SQLite database that pytest-monitor keeps beside the tests.

Each row is posted as the plugin posts it to a remote server, so that its id is the same and a
repeat is known. Files of the plugin and of monitor-server-api differ in three names.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from runwell.client.loading.items import Bad, Item, LoadFailed, Position

MAGIC = b"SQLite format 3\0"

_sql = resources.files("runwell.client.loading") / "sql"
COUNT = (_sql / "pymon_rows.sql").read_text("utf-8")

Row = Mapping[str, Any]


def _context(row: Row) -> dict[str, Any]:
    return {
        "cpu_count": row["CPU_COUNT"],
        "cpu_frequency": row["CPU_FREQUENCY_MHZ"],
        "cpu_type": row["CPU_TYPE"] or "",
        "cpu_vendor": row["CPU_VENDOR"],
        "ram_total": row["RAM_TOTAL_MB"],
        "machine_node": row["MACHINE_NODE"] or "",
        "machine_type": row["MACHINE_TYPE"] or "",
        "machine_arch": row["MACHINE_ARCH"] or "",
        "system_info": row["SYSTEM_INFO"] or "",
        "python_info": row["PYTHON_INFO"] or "",
        "h": row["ENV_H"],
    }


def _session(row: Row) -> dict[str, Any]:
    described = row.get("RUN_DESCRIPTION", row.get("DESCRIPTION"))
    return {
        "session_h": row["SESSION_H"],
        "run_date": row["RUN_DATE"],
        "scm_ref": row.get("SCM_ID", row.get("SCM_REF")),
        "description": json.loads(described) if described else {},
    }


def _metric(row: Row) -> dict[str, Any]:
    return {
        "session_h": row["SESSION_H"],
        "context_h": row.get("ENV_H", row.get("CONTEXT_H")) or "",
        "item_start_time": row["ITEM_START_TIME"],
        "item_path": row["ITEM_PATH"] or "",
        "item": row["ITEM"] or "",
        "item_variant": row["ITEM_VARIANT"] or "",
        "item_fs_loc": row["ITEM_FS_LOC"] or "",
        "kind": row["KIND"] or "",
        "component": row.get("COMPONENT") or "",
        "total_time": row["TOTAL_TIME"],
        "user_time": row["USER_TIME"],
        "kernel_time": row["KERNEL_TIME"],
        "cpu_usage": row["CPU_USAGE"],
        "mem_usage": row["MEM_USAGE"],
    }


class Table(NamedTuple):
    """What becomes of the rows of a table."""

    target: str
    sql: str
    read: Callable[[Row], dict[str, Any]]


TABLES = (
    Table("/api/v1/contexts/", (_sql / "pymon_contexts.sql").read_text("utf-8"), _context),
    Table("/api/v1/sessions/", (_sql / "pymon_sessions.sql").read_text("utf-8"), _session),
    Table("/api/v1/metrics/", (_sql / "pymon_metrics.sql").read_text("utf-8"), _metric),
)


class Posts:
    """Machines, then runs, then tests, each in the order of the file; a place counts over all."""

    word = "row"

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
        self._file.row_factory = sqlite3.Row
        self._read = 0
        try:
            self._counts = tuple(self._file.execute(COUNT).fetchone())
        except sqlite3.Error as error:
            raise LoadFailed(f"it is no .pymon file: {error}") from error
        self.total = sum(self._counts)

    def items(self, after: Position) -> Iterator[Item | Bad]:
        """See `Source.items`. Raises LoadFailed if the file breaks off."""
        self._read = after.place
        before = 0
        for table, count in zip(TABLES, self._counts, strict=True):
            first = self._read - before
            before += count
            if first < count:
                yield from self._items(table, first)

    def _items(self, table: Table, first: int) -> Iterator[Item | Bad]:
        try:
            for row in self._file.execute(table.sql, {"first": first}):
                self._read += 1
                yield _item(table, dict(row), Position(self._read, self._read))
        except sqlite3.Error as error:
            raise LoadFailed(f"it cannot be read to its end: {error}") from error

    def done(self) -> int:
        """Rows."""
        return self._read

    def close(self) -> None:
        """See `Source.close`."""
        self._file.close()


def _item(table: Table, row: Row, at: Position) -> Item | Bad:
    try:
        return Item(at, json.dumps(table.read(row)).encode(), table.target)
    except KeyError as error:
        return Bad(at, f"the table has no column {error.args[0]}")
    except (TypeError, ValueError) as error:
        return Bad(at, str(error))
