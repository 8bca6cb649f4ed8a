"""What is no SELECT over the relations has no effect over the wire either."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.builders import a_write
from tests.pgwire.serving import Serving
from tests.web.test_sql_sandbox import FILES, LOADS, SECRET, TELLTALES, WRITES

REFUSALS = {"25006", "42501", "42601", "42P01", "42704", "0A000", "42000", "22000", "54000"}
POSTGRESQL = [
    "COPY events TO PROGRAM 'touch {folder}/touched'",
    "COPY (SELECT 1) TO STDOUT",
    "COPY events FROM STDIN",
    "SELECT pg_read_file('{file}')",
    "SELECT pg_ls_dir('{folder}')",
    "SELECT lo_import('{file}')",
    "SELECT * FROM dblink('host=127.0.0.1', 'SELECT 1') AS t(a int)",
    "SELECT pg_sleep(100)",
    "SELECT pg_terminate_backend(1)",
    "CREATE EXTENSION dblink",
    "CREATE FUNCTION f() RETURNS int AS 'SELECT 1' LANGUAGE sql",
    "DO $$ BEGIN END $$",
    "GRANT ALL ON events TO public",
    "COMMENT ON VIEW events IS 'x'",
    "LOCK TABLE events",
    "SET threads = 1",
    "SET enable_external_access = true",
    "SET GLOBAL memory_limit = '1GB'",
    "RESET threads; SET lock_configuration = false",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "ATTACH '{folder}/x.db' AS x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "USE memory",
    "SELECT set_config('memory_limit', '1GB', false), * FROM read_text('{file}')",
]
# The same through the catalog's engine, which must be as closed.
CATALOG = [
    "SELECT version(), * FROM read_text('{file}')",
    "SELECT version(), (SELECT content FROM read_text('{file}'))",
    "SELECT relname FROM pg_class, '{file}'",
    "SELECT * FROM pg_catalog.read_text('{file}')",
    "SELECT pg_catalog.read_text('{file}')",
    "SELECT relname FROM pg_class UNION ALL SELECT content FROM read_text('{file}')",
    "SELECT repeat('x', 1000000000) FROM pg_class",
    "SELECT version(), generate_series(1, 1000000000)",
    "SELECT count(*) FROM pg_class, duckdb_settings()",
    "SELECT relname, getenv('HOME') FROM pg_class",
    "SELECT relname FROM pg_class, query('SELECT 1')",
    "WITH x AS (DELETE FROM pg_class RETURNING *) SELECT * FROM x",
    "SELECT 1 INTO pg_class",
    "SELECT * FROM pg_catalog.duckdb_settings()",
    "SELECT * FROM information_schema.duckdb_tables",
    "SELECT * FROM system.pg_catalog.pg_class",
]
ALL = [*WRITES, *FILES, *LOADS, *TELLTALES, *POSTGRESQL, *CATALOG]
HARMLESS = {  # answered from the catalog, which knows no secret
    "current_setting",
    "version()",
    "current_database()",
    "pg_get_viewdef",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found: Path = tmp_path_factory.mktemp("closed")
    (found / "secret.csv").write_text(f"{SECRET}\n")
    return found


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Serving]:
    with Serving(folder, query_seconds_max=2.0) as found:
        found.run(found.app.ingest.accept([a_write("1", name="one")]))
        yield found


def state(connection: psycopg.Connection, folder: Path) -> Any:
    rows = connection.execute("SELECT count(*), string_agg(name) FROM events").fetchall()
    names = connection.execute("SELECT count(*), sum(oid) FROM pg_class").fetchall()
    return rows, names, sorted(str(file) for file in folder.rglob("*"))


@pytest.fixture(scope="module")
def connection(server: Serving, folder: Path) -> Iterator[psycopg.Connection]:
    """One connection for all of them: after each refusal it goes on, and nothing has changed."""
    with server.connect() as found:
        before = state(found, folder)
        yield found
        assert state(found, folder) == before


@pytest.mark.parametrize("text", ALL)
def test_it_is_refused_and_the_connection_goes_on(
    text: str, connection: psycopg.Connection, folder: Path
):
    written = text.format(file=folder / "secret.csv", folder=folder)
    for is_prepared in (False, True):
        try:
            rows = connection.execute(written, prepare=is_prepared).fetchall()
        except psycopg.Error as refused:
            assert refused.sqlstate in REFUSALS, refused  # noqa: PT017 - or it is harmless
            assert SECRET not in str(refused)  # noqa: PT017
        else:
            assert any(word in text.lower() for word in HARMLESS), rows
            shown = [str(value) for row in rows for value in row if value]
            assert all(value == "runwell" or "PostgreSQL 15.0" in value for value in shown), shown
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_there_are_enough_of_them():
    assert len(ALL) > 100
