"""Real clients: psql, psycopg and pg8000, and the statements that Grafana sends."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pg8000.native
import pytest
from tests.contrib.test_grafana import BEFORE_E2E, COUNT, E2E
from tests.pgwire.conftest import Psql
from tests.pgwire.serving import Serving

FROM, TO = "2026-03-01T02:00:00Z", "2026-03-01T20:30:00.123Z"
TYPES = (
    "SELECT true, 1::SMALLINT, 2, 3::BIGINT, 1.5::FLOAT, 2.5::DOUBLE, 12345678.9012::DECIMAL(18,4), 'x', "
    "DATE '2026-01-02', TIMESTAMP '2026-01-02 03:04:05.06', TIMESTAMPTZ '2026-01-02 03:04:05+00', "
    "INTERVAL '1 day 2 hours', '{\"a\":1}'::JSON, uuid '2f4bd6a2-3b58-4b7c-8f34-7f3a1dfc2c11', "
    "['a', 'b c', NULL], MAP {'a': 1.5}, {'x': [1]}, [1, 2], NULL, 5::HUGEINT, 'ab'::BLOB, TIME '10:11:12'"
)
SCHEMA = """quote_ident(table_schema) IN (
  SELECT CASE WHEN trim(s[i]) = '"$user"' THEN user ELSE trim(s[i]) END
  FROM generate_series(
    array_lower(string_to_array(current_setting('search_path'),','),1),
    array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
  string_to_array(current_setting('search_path'),',') s)"""


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("\\d", "metrics_pipeline"),
        ("\\dv", "events"),
        ("\\dt", ""),
        ("\\d metrics_build", "pipeline_id"),
        ("\\d+ metrics_build", "order of arrival"),
        ("\\dn", "public"),
        ("\\l", "runwell"),
        ("\\conninfo", "anything"),
        ("\\df", ""),
        ("\\di", ""),
        ("\\du", "runwell"),
        ("\\dx", ""),
        ("\\d pg_class", "relname"),
    ],
)
def test_psql_looks_around(command: str, shown: str, psql: Psql):
    answer = psql(command)
    assert (answer.returncode, shown in answer.stdout) == (0, True), answer
    assert "ERROR" not in answer.stderr


def test_text_and_binary_are_the_same_values(serving: Serving):
    with serving.connect() as connection:
        text = connection.execute(TYPES).fetchone()
        assert connection.execute(TYPES, binary=True).fetchone() == text
    other = pg8000.native.Connection("x", host="127.0.0.1", port=serving.port, database="d")
    try:
        assert tuple(other.run(TYPES)[0]) == text
        asked = "SELECT count(*) FROM metrics_pipeline WHERE duration > :d AND created_at > :t"
        assert other.run(asked, d=100, t=datetime(2026, 3, 1)) == [[13]]
    finally:
        other.close()


def test_psycopg_asks_with_values_and_prepared(serving: Serving):
    asked = "SELECT count(*) FROM metrics_pipeline WHERE project = %s AND created_at > %s AND duration > %s"
    values = ("test/project", "2026-03-01", 100)
    with serving.connect() as connection, connection.transaction():
        for is_prepared in (False, True, True):
            assert connection.execute(asked, values, prepare=is_prepared).fetchone() == (13,)
        assert sum(1 for _ in connection.cursor().stream("SELECT * FROM range(600)")) == 600


@pytest.mark.parametrize(
    ("asked", "value", "count"),
    [
        ("SELECT date_trunc(%s, created_at) FROM metrics_pipeline", "day", 24),
        ("SELECT 1 FROM metrics_pipeline WHERE project = ANY(%s)", ["test/project", "x"], 24),
        ("SELECT 1 FROM metrics_pipeline WHERE duration = ANY(%s)", [90, 91, None], 2),
        ("SELECT 1 FROM metrics_pipeline WHERE NOT duration = ANY(%s)", [90, 91], 22),
        ("SELECT * FROM generate_series(1, %s)", 3, 3),
        ("SELECT 1 FROM metrics_pipeline WHERE duration * 2 > %s", 200.5, 13),
        ("SELECT 1 FROM metrics_pipeline LIMIT %s", 5, 5),
    ],
)
def test_values_go_where_psycopg_puts_them(asked: str, value: object, count: int, serving: Serving):
    with serving.connect() as connection:
        for is_prepared in (False, True):
            assert len(connection.execute(asked, [value], prepare=is_prepared).fetchall()) == count


@pytest.mark.parametrize("documented", [COUNT, BEFORE_E2E, E2E])
def test_the_documented_queries_run_unchanged(documented: str, serving: Serving, psql: Psql):
    sql = documented.replace("$__timeFilter(created_at)", f"created_at BETWEEN '{FROM}' AND '{TO}'")
    sql = sql.replace("$project", "test/project")
    expected = serving.ask_http(sql)["rows"]
    with serving.connect() as connection:
        assert [list(row) for row in connection.execute(sql).fetchall()] == expected
    shown = psql("\\pset format unaligned", "\\pset tuples_only on", sql)
    numbers = [float(value) for value in shown.stdout.splitlines()[-1].split("|")]
    assert numbers == pytest.approx([float(value) for value in expected[0]])


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT 1", [(1,)]),
        ("SELECT current_setting('server_version_num')::int/100 as version", [(1500,)]),
        ("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'", []),
        (
            (
                "SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT LIKE 'pg_%' "
                "AND schema_name != 'information_schema' ORDER BY schema_name"
            ),
            [("public",)],
        ),
        (
            (
                f'SELECT quote_ident(column_name) AS "column", data_type AS "type" FROM information_schema.columns '
                "WHERE CASE WHEN array_length(parse_ident('metrics_build'),1) = 2 "
                "THEN quote_ident(table_schema) = (parse_ident('metrics_build'))[1] "
                f"ELSE quote_ident(table_name) = 'metrics_build' AND {SCHEMA} END"
            ),
            [
                ("id", "bigint"),
                ("pipeline_id", "bigint"),
                ("name", "text"),
                ("duration", "integer"),
            ],
        ),
        (
            (
                'SELECT floor(extract(epoch from created_at)/21600)*21600 AS "time", count(*) '
                "FROM public.metrics_pipeline GROUP BY 1 ORDER BY 1 LIMIT 1"
            ),
            [(1772323200.0, 6)],
        ),
        (
            (
                'SELECT extract(epoch from created_at) as "time" FROM metrics_pipeline '
                "WHERE pipeline_id >= 3 AND pipeline_id <= 3"
            ),
            [(1772334684.0,)],
        ),
    ],
)
def test_grafana_finds_what_it_asks_for(sql: str, rows: list[tuple], serving: Serving):
    with serving.connect() as connection:
        assert connection.execute(sql).fetchall() == rows


def test_grafanas_list_of_tables_is_that_of_the_relations(serving: Serving):
    asked = f"SELECT CASE WHEN {SCHEMA} THEN quote_ident(table_name) ELSE 'x' END FROM information_schema.tables ORDER BY 1"
    with serving.connect() as connection:
        found = [name for (name,) in connection.execute(asked)]
    assert found == sorted(serving.app.store.columns.relations())


def test_psql_asks_with_a_token(tmp_path: Path, psql: Psql):
    with Serving(tmp_path) as serving:
        from_tokens = serving.pg.tokens.create("psql", ["read"])
        answer = psql("SELECT 1 AS one", port=serving.port, PGPASSWORD=from_tokens)
        assert (answer.returncode, "one" in answer.stdout) == (0, True)
        assert "password" in psql("SELECT 1", port=serving.port, PGPASSWORD="wrong").stderr
