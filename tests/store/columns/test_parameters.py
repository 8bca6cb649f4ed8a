"""Types of parameters by their place in the tree, which the engine's own parser makes."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from runwell.errors import BadQuery
from runwell.store.columns.parameters import infer_types
from runwell.store.columns.sandbox import parse_sql

TYPES = {
    "runs": {
        "project": "VARCHAR",
        "duration": "INTEGER",
        "created_at": "TIMESTAMP",
        "day": "DATE",
        "took": "INTERVAL",
        "id": "VARCHAR",
    },
    "steps": {"id": "BIGINT", "cost": "DECIMAL(18,3)"},
}
ZONED = "TIMESTAMP WITH TIME ZONE"


def inferred(text: str, *known: str) -> list[str]:
    with duckdb.connect() as connection:
        tree: dict[str, Any] = parse_sql(connection, text)
    return infer_types(tree, known, TYPES)


@pytest.mark.parametrize(
    ("condition", "types"),
    [
        ("duration > $1", ["INTEGER"]),
        ("$1 <= runs.duration", ["INTEGER"]),
        ("project IN ($1, $2)", ["VARCHAR", "VARCHAR"]),
        ("duration NOT IN ($1, 3)", ["INTEGER"]),
        ("duration BETWEEN $1 AND $2", ["INTEGER", "INTEGER"]),
        ("$1 BETWEEN day AND day", ["DATE"]),
        ("duration = ANY($1)", ["INTEGER[]"]),
        ("project <> ALL($1)", ["VARCHAR[]"]),
        ("$2 = ANY($1)", ["VARCHAR[]", "VARCHAR"]),
        ("duration = ANY($1::INT[])", ["INTEGER[]"]),
        ("duration = ANY(SELECT unnest([1, $1]))", ["VARCHAR"]),
        ("duration = ANY(SELECT 1 UNION SELECT 2) AND day = $1", ["DATE"]),
        ("created_at > $1 AND day = $2", ["TIMESTAMP", "DATE"]),
        ("created_at > now() - $1::INTERVAL", ["INTERVAL"]),
        ("created_at + $1 > $2", ["INTERVAL", "TIMESTAMP"]),
        ("created_at > $1 - took", ["TIMESTAMP"]),
        ("created_at - created_at > $1", ["INTERVAL"]),
        ("took * $1 > took", ["DOUBLE"]),
        ("duration + $1 > $2", ["INTEGER", "INTEGER"]),
        ("-$1 < duration", ["VARCHAR"]),
        ("max(duration) > $1 AND sum(duration) > $2", ["INTEGER", "DOUBLE"]),
        ("date_trunc($1, created_at) = $2", ["VARCHAR", "TIMESTAMP"]),
        ("coalesce(duration, $1) = 1", ["INTEGER"]),
        ("quantile_cont(duration, $1) > $2", ["DOUBLE", "DOUBLE"]),
        (
            "1.5 < $1 AND true = $2 AND 1 = $3 AND 'x' = $4",
            ["DOUBLE", "BOOLEAN", "BIGINT", "VARCHAR"],
        ),
        ("$1::numeric(10,2) = $2::text AND $3::timestamptz IS NULL", ["DOUBLE", "VARCHAR", ZONED]),
        ("$1::text[] IS NULL AND $2::hugeint[] IS NULL", ["VARCHAR[]", "VARCHAR"]),
        ("duration > $1 AND project = $1", ["INTEGER"]),
        ("nope = $1 AND lower($2) = project", ["VARCHAR", "VARCHAR"]),
        ("lag(duration) OVER () = $1", ["INTEGER"]),
        ("upper(project) = ?", ["VARCHAR"]),
    ],
)
def test_a_parameter_is_of_the_type_that_its_place_tells(condition: str, types: list[str]):
    assert inferred(f"SELECT 1 FROM runs WHERE {condition}") == types


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("SELECT 1 FROM runs LIMIT $1 OFFSET $2", ["BIGINT", "BIGINT"]),
        ("FROM runs LIMIT 5 OFFSET $1", ["BIGINT"]),
        ("SELECT * FROM range($1)", ["BIGINT"]),
        ("SELECT * FROM generate_series(1, $1)", ["BIGINT"]),
        ("SELECT * FROM generate_series(now(), $1, took)", ["TIMESTAMP"]),
        (
            "SELECT 1 FROM runs, steps WHERE runs.id = $1 AND cost > $2",
            ["VARCHAR", "DECIMAL(18,3)"],
        ),
        ("SELECT 1", []),
    ],
)
def test_so_it_is_outside_of_conditions(text: str, types: list[str]):
    assert inferred(text) == types


def test_what_the_asker_knows_counts_for_more():
    assert inferred("SELECT 1 FROM runs WHERE duration > $1 AND day > $2", "BIGINT") == [
        "BIGINT",
        "DATE",
    ]
    assert inferred("SELECT $1", "", "DATE") == ["VARCHAR", "DATE"]


@pytest.mark.parametrize(
    "text", ["SELECT $name", "SELECT $2", "SELECT $1, $1000000000", "SELECT $²"]
)
def test_parameters_are_numbers_without_a_gap(text: str):
    with pytest.raises(BadQuery, match="none is left out"):
        inferred(text)
