"""The catalog of two relations: what goes there, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runwell.errors import BadQuery, ClosedHere, UnknownRelation
from runwell.query import Relation, RelationColumn
from runwell.store.catalog import Catalog
from runwell.store.columns.base import SQLLimits, Stopper

LIMITS = SQLLimits(10_000, 10_000_000)
RELATIONS = {
    "events": Relation(
        "events",
        "all of them",
        (
            RelationColumn("arrival", "BIGINT", "their order"),
            RelationColumn("tags", "MAP(VARCHAR, VARCHAR[])", ""),
        ),
    ),
    "odd name": Relation("odd name", "", (RelationColumn("id", "VARCHAR", ""),)),
}


@pytest.fixture(scope="module")
def catalog() -> Iterator[Catalog]:
    found = Catalog(RELATIONS, {"server_version": "15.0", "version": "PostgreSQL 15.0"})
    yield found
    found.close()


def ask(catalog: Catalog, text: str) -> list[tuple]:
    route = catalog.route(text)
    assert route.is_catalog
    return catalog.sql(route.text, [], LIMITS, Stopper()).rows


@pytest.mark.parametrize(
    ("text", "is_catalog"),
    [
        ("SELECT 1", False),
        ("SELECT name FROM events", False),
        ("SELECT 'pg_class', current_date FROM events", False),
        ("SELECT relname FROM pg_class", True),
        ("SELECT * FROM information_schema.tables", True),
        ("SELECT current_user", True),
        ("SELECT pg_catalog.version()", True),
        ("SELECT system.main.current_setting('memory_limit')", True),
    ],
)
def test_a_question_goes_where_what_it_names_is(text: str, is_catalog: bool, catalog: Catalog):
    assert catalog.route(text).is_catalog is is_catalog


def test_public_is_where_the_relations_are(catalog: Catalog):
    route = catalog.route("SELECT public.events.arrival FROM public.events")
    assert not route.is_catalog
    assert "public" not in route.text


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SELECT 'public.events'::regclass::oid = 'events'::regclass", [(True,)]),
        ("SELECT relname FROM pg_class WHERE oid = '\"odd name\"'::regclass", [("odd name",)]),
        (
            "SELECT quote_ident(table_name) FROM information_schema.tables ORDER BY 1",
            [('"odd name"',), ("events",)],
        ),
        (
            "SELECT obj_description('events'::regclass), col_description('events'::regclass, 1)",
            [("all of them", "their order")],
        ),
        ("SELECT oid::regtype::text FROM pg_type WHERE typname = 'int8'", [("bigint",)]),
        (
            "SELECT a.attname, format_type(a.atttypid, -1) FROM pg_attribute a WHERE attrelid = 'events'::regclass ORDER BY attnum",
            [("arrival", "bigint"), ("tags", "json")],
        ),
        ("SELECT system.main.current_setting('memory_limit')", [(None,)]),
        (
            "SELECT current_setting('server_version'), current_schemas(false)",
            [("15.0", ["public"])],
        ),
    ],
)
def test_it_answers_as_postgresql_does(text: str, rows: list[tuple], catalog: Catalog):
    assert ask(catalog, text) == rows


def test_oids_are_oids(catalog: Catalog):
    route = catalog.route("SELECT oid FROM pg_class")
    assert catalog.describe(route.text, [], Stopper()).columns[0].type == "OID"


def test_it_is_closed_like_the_columns(catalog: Catalog):
    with pytest.raises(ClosedHere):
        ask(catalog, "SELECT version(), repeat('x', 1000000000)")
    with pytest.raises(UnknownRelation, match="either to the catalog or to the relations"):
        ask(catalog, "SELECT * FROM pg_class, events")
    with pytest.raises(BadQuery):
        catalog.route("SELECT pg_catalog." + "(" * 20_000)
