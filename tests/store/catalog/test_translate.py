"""PostgreSQL's names -> ours, seen in the text that the engine writes from the changed tree."""

from __future__ import annotations

import json

import duckdb
import pytest

from runwell.store.catalog.translate import Translation
from runwell.store.columns.sandbox import parse_sql

TABLES = {"pg_class", "information_schema_tables"}
FUNCTIONS = {"version", "current_user", "to_regclass", "regclass_text", "current_setting"}
SETTINGS = {"search_path": "public"}


def translated(text: str) -> tuple[bool, str]:
    translation = Translation(TABLES, FUNCTIONS, SETTINGS)
    with duckdb.connect() as connection:
        tree = translation.run(parse_sql(connection, text))
        document = json.dumps({"error": False, "statements": [tree]})
        row = connection.execute("SELECT json_deserialize_sql(?)", [document]).fetchone()
    assert row
    assert translation.is_changed or not translation.is_catalog
    return translation.is_catalog, row[0]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT c.oid FROM pg_catalog.pg_class c", "SELECT c.oid FROM pg_class AS c"),
        (
            "SELECT 1 FROM runwell.information_schema.tables",
            "SELECT 1 FROM information_schema_tables AS tables",
        ),
        ("SELECT PG_CATALOG.Version() AS v", "SELECT version() AS v"),
        ("SELECT system.main.version() AS v", "SELECT version() AS v"),
        ("SELECT current_user", "SELECT current_user() AS current_user"),
        ("SELECT 'a'::regclass", "SELECT to_regclass('a') AS to_regclass"),
        ("SELECT oid::regclass::text AS t FROM pg_class", "SELECT regclass_text(oid) AS t"),
        ("SELECT oid::oid AS o FROM pg_class", "SELECT CAST(oid AS UINTEGER) AS o"),
        (
            "SELECT a COLLATE pg_catalog.default AS a FROM pg_class",
            "SELECT a FROM pg_class",
        ),
        (
            "SELECT current_setting('search_path') AS s, version() AS v",
            "SELECT 'public' AS s, version() AS v",
        ),
        (
            "SELECT s, version() AS v FROM string_to_array('a', ',') s",
            "SELECT s, version() AS v FROM (SELECT string_to_array('a', ',') AS s) AS s",
        ),
        (
            "SELECT i, version() AS v FROM generate_series(1, 2) AS i",
            "SELECT i, version() AS v FROM generate_series(1, 2) AS i(i)",
        ),
    ],
)
def test_the_catalog_is_asked_in_its_own_names(text: str, written: str):
    is_catalog, found = translated(text)
    assert is_catalog
    assert found.replace('"', "").startswith(written), found


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT a FROM public.runs", "SELECT a FROM runs AS runs"),
        ("SELECT public.runs.a FROM public.runs AS runs", "SELECT runs.a FROM runs AS runs"),
        ("SELECT a::pg_catalog.int4 AS a FROM runs", "SELECT CAST(a AS INTEGER) AS a FROM runs"),
        ("SELECT a FROM main.runs", "SELECT a FROM main.runs"),
        ("SELECT a FROM other.pg_catalog.pg_class", "SELECT a FROM other.pg_catalog.pg_class"),
        ("SELECT 'pg_class' AS a, \"version\" FROM runs", "SELECT 'pg_class' AS a, version"),
    ],
)
def test_what_is_none_of_the_catalog_stays_with_the_columns(text: str, written: str):
    is_catalog, found = translated(text)
    assert not is_catalog
    assert found.replace('"', "").startswith(written), found
