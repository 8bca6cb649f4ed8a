"""Hostile SQL: whatever is not a SELECT over the documented relations is refused and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from tests.apps import an_app
from tests.builders import a_write

from runwell.errors import BadQuery
from runwell.store.columns.functions import FUNCTIONS, TABLE_FUNCTIONS
from runwell.store.columns.sandbox import check_sql

Ask = Callable[..., httpx.Response]

SECRET = "a-secret-of-this-machine"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("sandbox")
    (folder / "secret.csv").write_text(f"{SECRET}\n")
    return folder


@pytest.fixture(scope="module")
def ask(data: Path) -> Iterator[Ask]:
    """Ask a server with three events and small limits."""
    limits = {"sql_rows_max": 1000, "sql_bytes_max": 100_000, "query_seconds_max": 0.5}
    with asyncio.Runner() as runner:
        serving = an_app(data, [], columns_memory_mib=128, **limits)
        app, client = runner.run(serving.__aenter__())
        writes = [a_write(str(n), name=f"n{n}", payload='{"a": {"b": [1, 2]}}') for n in (1, 2, 3)]
        runner.run(app.ingest.accept(writes))

        def ask(sql: str, params: list[Any] | None = None) -> httpx.Response:
            return runner.run(client.post("/-/api/sql", json={"sql": sql, "params": params or []}))

        yield ask
        runner.run(serving.__aexit__(None, None, None))


def state(ask: Ask, data: Path) -> Any:
    """Everything a question could have changed."""
    answer = ask("SELECT count(*), sum(seq), string_agg(name ORDER BY id) FROM events")
    return answer.json()["rows"], sorted(str(file) for file in data.rglob("*"))


WRITES = [
    "INSERT INTO event SELECT * FROM event",
    "UPDATE event SET name = 'x'",
    "DELETE FROM event",
    "TRUNCATE event",
    "MERGE INTO event USING events ON true WHEN MATCHED THEN DELETE",
    "CREATE TABLE t (a INTEGER)",
    "CREATE TEMP TABLE t (a INTEGER)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE MACRO m() AS 1",
    "CREATE SEQUENCE s",
    "CREATE SECRET (TYPE s3)",
    "DROP VIEW events",
    "ALTER TABLE event ADD COLUMN a INTEGER",
    "SELECT 1 INTO t",
    "WITH x AS (INSERT INTO event SELECT * FROM event RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM event RETURNING *) SELECT * FROM x",
    "WITH x AS (UPDATE event SET name = 'x' RETURNING *) SELECT * FROM x",
    "SELECT * FROM (DELETE FROM event RETURNING *)",
    "SELECT nextval('s')",
    "SELECT setval('s', 1)",
    "SELECT setseed(0.5)",
    "SELECT write_log('x')",
]
STATEMENTS = [
    "",
    ";",
    "-- nothing",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP VIEW events",
    "/* SELECT */ DELETE FROM event -- SELECT 1",
    "SELEC 1",
    "PRAGMA database_list",
    "SET threads = 1",
    "SET VARIABLE a = 1",
    "RESET threads",
    "CALL pragma_version()",
    "ATTACH ':memory:' AS other",
    "DETACH columns",
    "USE memory",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL httpfs FROM 'http://127.0.0.1:1'",
    "CHECKPOINT",
    "VACUUM",
    "ANALYZE",
    "BEGIN",
    "COMMIT",
    "PREPARE p AS SELECT 1",
    "EXPLAIN SELECT * FROM events",
    "EXPLAIN ANALYZE SELECT * FROM events",
    "DESCRIBE events",
    "SUMMARIZE events",
    "SHOW TABLES",
    "SELECT * FROM (DESCRIBE events)",
    "SELECT * FROM (SHOW ALL TABLES)",
    "PIVOT events ON name USING count(*)",
]
FILES = [
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "SELECT * FROM main.'{file}'",
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM read_ndjson_objects('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM parquet_metadata('{file}')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM read_text('http://127.0.0.1:1/')",
    "SELECT * FROM 'http://127.0.0.1:1/x.csv'",
    "SELECT * FROM events, LATERAL (SELECT * FROM read_text('{file}'))",
    "SELECT (SELECT content FROM read_text('{file}'))",
    "SELECT 1 WHERE EXISTS (SELECT * FROM read_text('{file}'))",
    "SELECT 1 UNION ALL SELECT content FROM read_text('{file}')",
    "SELECT 1 ORDER BY (SELECT content FROM read_text('{file}'))",
    "SELECT 1 LIMIT (SELECT length(content) FROM read_text('{file}'))",
    "WITH x AS (SELECT * FROM read_text('{file}')) SELECT * FROM x",
    """WITH "{file}" AS (SELECT 1) SELECT 1 UNION ALL SELECT * FROM main."{file}" """,
    """SELECT (WITH "{file}" AS (SELECT 1) SELECT 1), * FROM "{file}" """,
    "COPY event TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY event FROM '{file}'",
    "WITH x AS (COPY event TO '{folder}/out.csv') SELECT 1",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "ATTACH '{folder}/ledger.sqlite'",
    "SELECT * FROM query('SELECT * FROM read_text(''{file}'')')",
    "SELECT * FROM query_table('{file}')",
    "SELECT * FROM json_execute_serialized_sql('{{}}')",
]
CATALOG = [
    "SELECT * FROM event",
    "SELECT * FROM main.event",
    "SELECT * FROM projection",
    "SELECT * FROM columns.main.events",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM pg_class",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM duckdb_databases",
    "SELECT * FROM pragma_table_info('event')",
    "SELECT * FROM summary((SELECT * FROM events))",
    "SELECT * FROM query_table('event')",
    # a name of WITH opens nothing outside of where it is in view ...
    "SELECT (WITH event AS (SELECT 1) SELECT 1), * FROM event",
    "SELECT * FROM (WITH event AS (SELECT 1) SELECT * FROM event), event",
    "(WITH event AS (SELECT 1) SELECT 1 AS seq) UNION ALL SELECT seq FROM event",
    "WITH event AS (SELECT 1) SELECT * FROM main.event",
    # ... nor inside of its own definition, in one before it, or in the first half of a recursion
    "WITH event AS (SELECT * FROM event) SELECT * FROM event",
    "WITH a AS (SELECT * FROM event), event AS (SELECT 1) SELECT * FROM a",
    "WITH RECURSIVE event AS (SELECT * FROM event) SELECT * FROM event",
    "WITH RECURSIVE event(n) AS (SELECT seq FROM event UNION ALL SELECT n + 1 FROM event WHERE n < 1) FROM event",
    "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n FROM recurring.event) FROM a",
    # the Kelvin sign is a k only where case is folded beyond ASCII
    'WITH "duckdb_\u212aeywords" AS (SELECT 1) SELECT * FROM duckdb_keywords',
]
TELLTALES = [
    "SELECT current_setting('memory_limit')",
    "SELECT CURRENT_SETTING('memory_limit')",
    "SELECT 'memory_limit'.current_setting()",
    "SELECT system.main.current_setting('memory_limit')",
    "SELECT current_setting('memory_limit') OVER ()",
    "SELECT list_transform([1], lambda x: current_setting('memory_limit'))",
    "SELECT count(*) FILTER (WHERE current_setting('memory_limit') = '') FROM events",
    "SELECT * FROM range(length(current_setting('memory_limit')))",
    "SELECT * FROM (VALUES (current_setting('memory_limit')))",
    "SELECT getenv('HOME')",
    "SELECT getvariable('a')",
    "SELECT version()",
    "SELECT current_database()",
    "SELECT current_query()",
    "SELECT pg_get_viewdef(1)",
    "SELECT get_block_size('columns')",
    "SELECT json_serialize_plan('SELECT current_setting(''memory_limit'')', optimize := true)",
    "SELECT json_deserialize_sql(json_serialize_sql('SELECT 1'))",
    "SELECT list_aggregate([1], 'sum')",
]
LOADS = [  # much out of little in one step, which no interrupt reaches
    "SELECT repeat('x', 1000000000)",
    "SELECT lpad('', 1000000000, 'x')",
    "SELECT printf('%1000000000d', 1)",
    "SELECT format('{{:1000000000d}}', 1)",
    "SELECT range(1000000000)",
    "SELECT len(generate_series(1, 1000000000))",
    "SELECT list_resize([1], 1000000000)",
    "SELECT bitstring('1', 1000000000)",
    "SELECT levenshtein(name, name) FROM events",
    "SELECT sleep_ms(1000000)",
    "SELECT pg_sleep(1000)",
]
HOSTILE = [*WRITES, *STATEMENTS, *FILES, *CATALOG, *TELLTALES, *LOADS]


@pytest.mark.parametrize("question", HOSTILE)
def test_a_hostile_question_is_refused_and_changes_nothing(question: str, ask: Ask, data: Path):
    before = state(ask, data)
    answer = ask(question.format(file=data / "secret.csv", folder=data))
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["pointer"] == "/sql"
    assert SECRET not in answer.text
    assert state(ask, data) == before


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("SELECT * FROM range(1000000)", 413),
        ("SELECT string_agg('xxxxxxxxxx', '') FROM range(100000)", 413),
        ("SELECT count(*) FROM range(1000000) a, range(1000000) b, range(10) c", 504),
        (
            "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT max(n) FROM a",
            504,
        ),
        ("SELECT array_agg(i) FROM generate_series(1, 1000000000) t(i)", 413),
        (
            "WITH RECURSIVE a(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM a) SELECT max(s) FROM a",
            413,
        ),
        ("SELECT " + "1+" * 900 + "1", 400),
        ("SELECT " + "(" * 20_000 + "1" + ")" * 20_000, 400),
        ("SELECT * FROM " + "(SELECT * FROM " * 1000 + "events" + ")" * 1000, 400),
        ("SELECT 1 --" + "x" * 70_000, 413),
    ],
)
def test_a_bomb_ends_within_its_limit_and_the_next_question_is_answered(
    question: str, status: int, ask: Ask
):
    answer = ask(question)
    assert answer.status_code == status, answer.text[:200]
    assert ask("SELECT count(*) FROM events").json()["rows"] == [[3]]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("SELECT id FROM events ORDER BY id", [["1"], ["2"], ["3"]]),
        ("select ID from MAIN.Events order by 1 desc limit 1;", [["3"]]),
        ("FROM events SELECT max(id) -- of all", [["3"]]),
        ("TABLE events LIMIT 0", []),
        ("VALUES (1), (2)", [[1], [2]]),
        (
            "SELECT a.id FROM events a JOIN events b USING (id) ASOF JOIN events c ON a.seq >= c.seq WHERE c.id = '1'",
            [["1"]],
        ),
        (
            "WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT * FROM a, B ORDER BY 1",
            [[1, 2]],
        ),
        (
            "WITH a AS (SELECT 1 AS n) SELECT (SELECT max(n) FROM A), i FROM range(1) t(i) WHERE EXISTS (FROM a)",
            [[1, 0]],
        ),
        ("WITH event AS (SELECT 7 AS n) SELECT n FROM event", [[7]]),
        (
            "WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a WHERE n < 3) SELECT sum(n) FROM a",
            [[6]],
        ),
        (
            "SELECT id, row_number() OVER (ORDER BY id DESC), sum(attempt) OVER (PARTITION BY kind) FROM events ORDER BY id LIMIT 1",
            [["1", 3, 3]],
        ),
        ("SELECT id FROM events QUALIFY rank() OVER (ORDER BY id) = 2", [["2"]]),
        (
            "SELECT payload->'$.a.b[1]', payload->>'$.a.b[0]', json_extract(payload, '$.a.b') FROM events LIMIT 1",
            [["2", "1", "[1,2]"]],
        ),
        (
            "SELECT key, value FROM (FROM events LIMIT 1), json_each(payload, '$.a')",
            [["b", "[1,2]"]],
        ),
        (
            "SELECT list_transform([1, 2], lambda x: x + 1), [x * 2 for x in [1, 2] if x > 1], list_reduce([1, 2], lambda a, b: a + b)",
            [[[2, 3], [4], 3]],
        ),
        (
            "SELECT {'a': 1}.a, MAP {'k': 'v'}['k'], [1, 2, 3][2:], (1, 'x')",
            [[1, "v", [2, 3], [1, "x"]]],
        ),
        (
            "SELECT unnest([1, 2]) AS n UNION SELECT 3 INTERSECT SELECT 3 ORDER BY n",
            [[1], [2], [3]],
        ),
        (
            "SELECT count(*) FILTER (WHERE id LIKE '1%'), count(DISTINCT kind), quantile_cont(seq, [0.5]) FROM events",
            [[1, 1, [2.0]]],
        ),
        (
            "SELECT CASE WHEN id = '1' THEN 'a' ELSE 'b' END, coalesce(NULL, 1), nullif(1, 1), if(true, 1, 2) FROM events LIMIT 1",
            [["a", 1, None, 1]],
        ),
        (
            "SELECT date_trunc('week', DATE '2026-01-01')::VARCHAR, extract(year FROM TIMESTAMP '2026-01-01'), DATE '2026-01-01' + INTERVAL 1 DAY",
            [["2025-12-29 00:00:00", 2026, "2026-01-02T00:00:00Z"]],
        ),
        (
            "SELECT count(*) FROM events WHERE received > now() - INTERVAL 1 HOUR AND time <= current_timestamp",
            [[3]],
        ),
        ("SELECT ? + ?, ?, ?", [[3, "x", None]]),
        ("SELECT $2, $1 FROM events LIMIT 1", [[2, 1]]),
        (
            "SELECT name FROM (FROM events SELECT * EXCLUDE (payload) REPLACE (upper(name) AS name)) WHERE regexp_matches(name, '^N[12]$') ORDER BY 1",
            [["N1"], ["N2"]],
        ),
        (
            "FROM (PIVOT (SELECT id, kind FROM events) ON id IN ('1', '2') USING count(*)) SELECT * EXCLUDE (kind)",
            [[1, 1]],
        ),
        (
            "SELECT kind, id, count(*) FROM events GROUP BY ROLLUP (kind, id) HAVING count(*) > 1 ORDER BY 2 NULLS LAST LIMIT 1",
            [["event", None, 3]],
        ),
        (
            "SELECT TRY_CAST('x' AS INTEGER), 'a' || 'b', 7 // 2, 7 % 4, -1, NOT true, 1 BETWEEN 0 AND 2, 1 IN (1, 2)",
            [[None, "ab", 3, 3, -1, False, True, True]],
        ),
    ],
)
def test_what_only_reads_the_documented_relations_is_answered(question: str, rows: Any, ask: Ask):
    params = {"SELECT ? + ?, ?, ?": [1, 2, "x", None], "SELECT $2, $1": [1, 2]}
    given = next((value for key, value in params.items() if question.startswith(key)), [])
    answer = ask(question, given)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"] == rows


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def names(engine: duckdb.DuckDBPyConnection, *types: str) -> set[str]:
    rows = engine.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN (SELECT unnest(?))",
        [list(types)],
    ).fetchall()
    return {name for (name,) in rows}


def refused(engine: duckdb.DuckDBPyConnection, question: str) -> bool:
    try:
        check_sql(engine, question, {"events"})
    except BadQuery:
        return True
    return False


@pytest.mark.parametrize("question", HOSTILE)
def test_the_first_wall_stands_without_the_other_two(
    question: str, engine: duckdb.DuckDBPyConnection
):
    assert refused(engine, question.format(file="/f", folder="/"))


def test_every_open_function_is_one_of_the_engines(engine: duckdb.DuckDBPyConnection):
    known = {name.lower() for name in names(engine, "scalar", "aggregate", "macro", "window")}
    known |= {"regexp_split_to_table", "unnest", "xor"}
    assert FUNCTIONS - known == set()
    assert names(engine, "table") | {"unnest"} >= TABLE_FUNCTIONS


def test_every_function_of_the_engine_that_is_not_listed_is_closed(
    engine: duckdb.DuckDBPyConnection,
):
    plain = {name for name in names(engine, "scalar", "aggregate", "macro") if name.isidentifier()}
    open_ = {name for name in plain if not refused(engine, f'SELECT "{name}"(1)')}
    assert {name.lower() for name in open_} <= FUNCTIONS
    assert len(open_) > 400
    told = [n for n in open_ if n.startswith(("current_s", "pg_", "has_", "inet", "__internal"))]
    assert told == []


def test_every_table_function_of_the_engine_that_is_not_listed_is_closed(
    engine: duckdb.DuckDBPyConnection,
):
    tables = names(engine, "table", "table_macro", "pragma")
    assert {name for name in tables if not refused(engine, f'SELECT * FROM "{name}"(1)')} == (
        TABLE_FUNCTIONS & tables
    )


def test_every_relation_of_the_catalog_is_closed_however_it_is_named(
    engine: duckdb.DuckDBPyConnection,
):
    found = engine.execute("SELECT schema_name, view_name FROM duckdb_views()").fetchall()
    assert len(found) > 30
    for schema, view in found:
        for question in (
            f'FROM "{view}"',
            f'FROM "{schema}"."{view}"',
            f'FROM system."{schema}"."{view}"',
            f'SELECT (WITH "{view}" AS (SELECT 1) SELECT 1) FROM "{view}"',
            f'WITH "{view}" AS (SELECT 1) FROM "{schema}"."{view}"',
            f'WITH "{view}" AS (FROM "{view}") FROM "{view}"',
        ):
            assert refused(engine, question), question


def test_a_refusal_says_what_is_there_and_what_was_meant(engine: duckdb.DuckDBPyConnection):
    for question, words in [
        ("SELECT * FROM Event", "there is no relation 'Event'; did you mean 'events'?"),
        ("SELECT * FROM xyz", "there is no relation 'xyz'; there are events"),
        ("SELECT uper(id) FROM events", "the function uper is closed here; did you mean 'upper'?"),
        ("SELECT * FROM rang(3)", "the table function rang is closed here; did you mean 'range'?"),
        ("SELECT version()", "the function version is closed here"),
        ("SELECT 1 1", 'syntax error at or near "1" (at character 10)'),
        ("DELETE FROM event", "only SELECT is allowed here"),
        ("SELECT DEFAULT", "default is closed here"),
        ("SELECT 1; SELECT 2", "one SELECT a question"),
        ("SELECT $1, $a", "Mixing named and positional parameters is not supported yet"),
    ]:
        with pytest.raises(BadQuery) as refusal:
            check_sql(engine, question, {"events"})
        assert words in refusal.value.message


@pytest.mark.parametrize("depth", [200, 450])  # past what is checked, past what is read
def test_a_question_that_nests_too_deep_is_refused(depth: int, engine: duckdb.DuckDBPyConnection):
    text = f"SELECT {'abs(' * depth}1{')' * depth}"
    with pytest.raises(BadQuery, match="nests too deep"):
        check_sql(engine.cursor(), text, [])
