"""What SQL questions may read: columns and types word for word, so that a change is a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.builders import NOON_US, an_event

from runwell.filter import Compare, Field, Filter
from runwell.model import Event, Kind
from runwell.protocols.base import discover
from runwell.query import ABOUT, Names
from runwell.query.names import Named
from runwell.store.columns import Columns, Stopper, open_columns
from runwell.store.columns.base import Additions, SQLLimits
from runwell.store.ledger.base import Change, encode_event

RELATIONS = {
    "events": """
        seq BIGINT
        arrival BIGINT
        received TIMESTAMP
        time TIMESTAMP
        source VARCHAR
        scope VARCHAR
        id VARCHAR
        attempt INTEGER
        uid VARCHAR
        chain VARCHAR
        parent VARCHAR
        kind VARCHAR
        event_type VARCHAR
        name VARCHAR
        repo VARCHAR
        namespace VARCHAR
        pipeline VARCHAR
        ref VARCHAR
        sha VARCHAR
        component VARCHAR
        platform VARCHAR
        status VARCHAR
        created TIMESTAMP
        queued TIMESTAMP
        started TIMESTAMP
        finished TIMESTAMP
        recorded TIMESTAMP
        updated TIMESTAMP
        duration DOUBLE
        queue DOUBLE
        description VARCHAR
        metrics MAP(VARCHAR, DOUBLE)
        tags MAP(VARCHAR, VARCHAR[])
        links MAP(VARCHAR, VARCHAR)
        payload JSON
        client VARCHAR
        rolled_up BOOLEAN
    """,
    "tags": """
        arrival BIGINT
        source VARCHAR
        scope VARCHAR
        id VARCHAR
        attempt INTEGER
        kind VARCHAR
        time TIMESTAMP
        name VARCHAR
        value VARCHAR
    """,
    "metrics": """
        arrival BIGINT
        source VARCHAR
        scope VARCHAR
        id VARCHAR
        attempt INTEGER
        kind VARCHAR
        time TIMESTAMP
        name VARCHAR
        value DOUBLE
    """,
    "ets_events": """
        arrival BIGINT
        id VARCHAR
        source_id VARCHAR
        parent_id VARCHAR
        start_time TIMESTAMP
        end_time TIMESTAMP
        description VARCHAR
        detail_urls MAP(VARCHAR, VARCHAR)
        tags MAP(VARCHAR, VARCHAR[])
        kind VARCHAR
        type VARCHAR
        status VARCHAR
        service VARCHAR
        environment VARCHAR
        author VARCHAR
        duration DOUBLE
        update_time TIMESTAMP
    """,
    "metrics_pipeline": """
        id BIGINT
        pipeline_id BIGINT
        project VARCHAR
        duration INTEGER
        duration_e2e INTEGER
        created_at TIMESTAMP
        is_master BOOLEAN
        has_restarts BOOLEAN
    """,
    "metrics_build": """
        id BIGINT
        pipeline_id BIGINT
        name VARCHAR
        duration INTEGER
    """,
    "metrics_job": """
        id BIGINT
        pipeline_id BIGINT
        name VARCHAR
        duration_e2e INTEGER
        duration_up INTEGER
        duration INTEGER
        duration_up_without_pull INTEGER
        duration_pull INTEGER
    """,
    "metrics_job_failed": """
        id BIGINT
        pipeline_id BIGINT
        name VARCHAR
        duration INTEGER
    """,
    "pytest_sessions": """
        session_h VARCHAR
        run_date TIMESTAMP
        scm_ref VARCHAR
        description JSON
        tags MAP(VARCHAR, VARCHAR[])
    """,
    "pytest_tests": """
        item_pk BIGINT
        session_h VARCHAR
        context_h VARCHAR
        item_start_time TIMESTAMP
        item_path VARCHAR
        item VARCHAR
        item_variant VARCHAR
        item_fs_loc VARCHAR
        kind VARCHAR
        component VARCHAR
        total_time DOUBLE
        user_time DOUBLE
        kernel_time DOUBLE
        cpu_usage DOUBLE
        mem_usage DOUBLE
    """,
    "pytest_contexts": """
        env_h VARCHAR
        cpu_count BIGINT
        cpu_frequency_mhz DOUBLE
        cpu_type VARCHAR
        cpu_vendor VARCHAR
        ram_total_mb BIGINT
        machine_node VARCHAR
        machine_type VARCHAR
        machine_arch VARCHAR
        system_info VARCHAR
        python_info VARCHAR
    """,
    "tekton_runs": """
        arrival BIGINT
        namespace VARCHAR
        kind VARCHAR
        name VARCHAR
        uid VARCHAR
        pipeline VARCHAR
        pipeline_run VARCHAR
        task VARCHAR
        status VARCHAR
        reason VARCHAR
        message VARCHAR
        created TIMESTAMP
        started TIMESTAMP
        finished TIMESTAMP
        queue DOUBLE
        duration DOUBLE
        repo VARCHAR
        ref VARCHAR
        sha VARCHAR
        parent VARCHAR
        result VARCHAR
        record VARCHAR
        labels MAP(VARCHAR, VARCHAR[])
        log VARCHAR
        data JSON
    """,
    "trunk_sequences": """
        repo VARCHAR
        key VARCHAR
        name VARCHAR
        platform VARCHAR
        kind VARCHAR
        tags MAP(VARCHAR, VARCHAR[])
        newest_event TIMESTAMP
        scope VARCHAR
    """,
    "trunk_events": """
        repo VARCHAR
        id VARCHAR
        attempt INTEGER
        chain VARCHAR
        parent VARCHAR
        kind VARCHAR
        name VARCHAR
        sequence_key VARCHAR
        platform VARCHAR
        status VARCHAR
        started TIMESTAMP
        finished TIMESTAMP
        duration DOUBLE
        wait DOUBLE
        metrics MAP(VARCHAR, DOUBLE)
        tags MAP(VARCHAR, VARCHAR[])
        links MAP(VARCHAR, VARCHAR)
        client VARCHAR
    """,
}


def open_all(folder: Path) -> Columns:
    """Columns with the relations of every protocol that comes along."""
    protocols = discover()
    added = Additions(
        [protocol.views for protocol in protocols if protocol.views],
        [path for protocol in protocols for path in protocol.paths],
    )
    return open_columns(f"duckdb:///{folder}/columns.duckdb", "ledger", added=added, threads=1)


def ask(columns: Columns, sql: str) -> list[tuple[Any, ...]]:
    return columns.sql(sql, [], SQLLimits(1_000, 1_000_000), Stopper()).rows


def fill(columns: Columns, *events: Event) -> None:
    columns.apply(
        [
            Change(seq, seq, NOON_US, encode_event(event).decode())
            for seq, event in enumerate(events, 1)
        ]
    )


def test_relations_have_these_columns_of_these_types_and_keep_them(tmp_path: Path):
    columns = open_all(tmp_path)
    found = {
        relation.name: [f"{column.name} {column.type}" for column in relation.columns]
        for relation in columns.relations().values()
    }
    assert found == {
        name: [line.strip() for line in text.strip().splitlines()]
        for name, text in RELATIONS.items()
    }
    columns.close()


def test_every_relation_and_every_column_is_described_in_one_line(tmp_path: Path):
    columns = open_all(tmp_path)
    for relation in columns.relations().values():
        for about in [relation.about, *(column.about for column in relation.columns)]:
            assert about
            assert about == about.strip()
            assert "\n" not in about
            assert "|" not in about
    columns.close()


def test_relations_are_the_same_at_the_next_start(tmp_path: Path):
    columns = open_all(tmp_path)
    first = columns.relations()
    columns.close()
    columns = open_all(tmp_path)
    assert list(columns.relations().values()) == list(first.values())
    columns.close()


def test_the_relations_of_a_protocol_are_gone_without_it(tmp_path: Path):
    url = f"duckdb:///{tmp_path}/columns.duckdb"
    view = "CREATE VIEW more AS SELECT id, 1 AS one FROM events; COMMENT ON VIEW more IS 'more'"
    columns = open_columns(url, "ledger", added=Additions([view]))
    more = columns.relations()["more"]
    assert (more.about, [column.about for column in more.columns]) == ("more", [ABOUT["id"], ""])
    columns.close()
    columns = open_columns(url, "ledger", added=Additions())
    assert list(columns.relations()) == ["events", "tags", "metrics"]
    columns.close()


def test_tags_have_a_row_for_each_value(columns: Columns):
    tags = {"team": ["web"], "k": ["b", "a", "b"], "empty": []}
    fill(columns, an_event("1", tags=tags, attempt=2, started=5), an_event("2"))
    rows = ask(columns, "SELECT name, value, id, attempt, arrival, epoch_us(time) FROM tags")
    assert sorted(rows) == [
        ("k", "a", "1", 2, 1, 5),
        ("k", "b", "1", 2, 1, 5),
        ("k", "b", "1", 2, 1, 5),
        ("team", "web", "1", 2, 1, 5),
    ]


def test_metrics_have_a_row_for_each_number(columns: Columns):
    fill(columns, an_event("1", metrics={"a": 1.5, "": -2.0}), an_event("2", metrics={"a": 3.0}))
    rows = ask(columns, "SELECT name, sum(value), count(*) FROM metrics GROUP BY name")
    assert sorted(rows) == [("", -2.0, 1), ("a", 4.5, 2)]


@pytest.mark.parametrize("kind", [Kind.SEQUENCE, Kind.RESULT])
def test_what_is_no_event_is_in_no_relation_of_events(columns: Columns, kind):
    fill(columns, an_event("1", kind=kind, metrics={"a": 1}, tags={"a": ["b"]}))
    for relation in ("events", "tags", "metrics"):
        assert ask(columns, f"SELECT id FROM {relation}") == []


def test_names_come_with_the_events_that_have_them_the_most_first(columns: Columns):
    fill(
        columns,
        an_event("1", tags={"b": ["x", "y"], "a": []}, metrics={"m": 1.0}, links={"l": "http://x"}),
        an_event("2", tags={"b": ["x"], "c": ["x"]}, name="n"),
    )

    def names(of: Named, where: Filter | None = None, limit: int | None = None) -> list[Any]:
        return columns.run(Names(of, where, limit), Stopper()).rows

    assert names("tags") == [("b", 2), ("a", 1), ("c", 1)]
    assert names("tags", limit=1) == [("b", 2)]
    assert names("tags", Compare(Field("name"), "==", "n")) == [("b", 1), ("c", 1)]
    assert names("tags", Compare(Field("name"), "==", "other")) == []
    assert (names("metrics"), names("links")) == ([("m", 1)], [("l", 1)])
