"""Rows of `.pymon` files as the posts that the plugin would have made."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from tests.client.loading.databases import CONTEXT, PLUGIN, SERVER, SESSION, write

from runwell.client.loading.items import START, Bad, Item, LoadFailed, Position
from runwell.client.loading.pymon import Posts


def items(file: Path, after: Position = START) -> list[Item | Bad]:
    posts = Posts(file)
    try:
        return list(posts.items(after))
    finally:
        posts.close()


@pytest.mark.parametrize("names", [PLUGIN, SERVER], ids=["plugin", "server"])
def test_rows_are_posted_as_the_plugin_posts_them(names: dict[str, str], tmp_path: Path):
    context, session, metric = items(write(tmp_path / ".pymon", 1, names))
    assert (context.target, session.target, metric.target) == (
        "/api/v1/contexts/",
        "/api/v1/sessions/",
        "/api/v1/metrics/",
    )
    assert json.loads(context.body) == {
        "cpu_count": 8,
        "cpu_frequency": 2499.998,
        "cpu_type": "",
        "cpu_vendor": None,
        "ram_total": 15_000,
        "machine_node": "host",
        "machine_type": "x86_64",
        "machine_arch": "64bit",
        "system_info": "Linux",
        "python_info": "3.11",
        "h": CONTEXT,
    }
    assert json.loads(session.body) == {
        "session_h": SESSION,
        "run_date": "2026-01-01T12:00:00.5",
        "scm_ref": "cafe",
        "description": {"pipeline_branch": "main", "env": "dev"},
    }
    assert json.loads(metric.body) == {
        "session_h": SESSION,
        "context_h": CONTEXT,
        "item_start_time": "2026-01-01T12:00:00.000000",
        "item_path": "tests.test_it",
        "item": "test_it",
        "item_variant": "test_it[0]",
        "item_fs_loc": "tests/test_it.py",
        "kind": "function",
        "component": "",
        "total_time": 0.25,
        "user_time": 0.1,
        "kernel_time": 0.0,
        "cpu_usage": 0.4,
        "mem_usage": 1.5,
    }


def test_any_row_can_be_gone_on_from(tmp_path: Path):
    file = write(tmp_path / "# 1.pymon", 4)
    found = items(file)
    assert [item.at.place for item in found] == [1, 2, 3, 4, 5, 6]
    for place, item in enumerate(found):
        assert items(file, item.at) == found[place + 1 :]


def test_a_description_that_is_no_json_is_a_bad_row(tmp_path: Path):
    file = write(tmp_path / ".pymon", 1)
    database = sqlite3.connect(file)
    database.execute("UPDATE TEST_SESSIONS SET RUN_DESCRIPTION = 'mine'")
    database.commit()
    database.close()
    _, bad, _ = items(file)
    assert isinstance(bad, Bad)
    assert bad.at.place == 2


def test_a_column_that_is_missing_is_named(tmp_path: Path):
    file = write(tmp_path / ".pymon", 1)
    database = sqlite3.connect(file)
    database.execute("ALTER TABLE TEST_METRICS DROP COLUMN TOTAL_TIME")
    database.commit()
    database.close()
    *_, bad = items(file)
    assert bad == Bad(Position(3, 3), "the table has no column TOTAL_TIME")


def test_another_database_is_no_pymon_file(tmp_path: Path):
    database = sqlite3.connect(tmp_path / "other")
    database.execute("CREATE TABLE a (b)")
    database.commit()
    database.close()
    with pytest.raises(LoadFailed, match=r"no \.pymon file: no such table"):
        Posts(tmp_path / "other")
