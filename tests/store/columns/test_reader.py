"""One SELECT on an engine in memory: answers, descriptions, places of errors, bounds."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from runwell.errors import BadQuery, BadValue, QueryTooLong, TooLarge, UnknownColumn
from runwell.query import Column, Relation, RelationColumn
from runwell.store.columns.base import SQLLimits, Stopper, Typed
from runwell.store.columns.reader import Reader

LIMITS = SQLLimits(100, 10_000)


@pytest.fixture
def reader() -> Iterator[Reader]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE runs (name VARCHAR, took INTEGER, began TIMESTAMP)")
        connection.execute("INSERT INTO runs VALUES ('a', 1, '2026-01-02 03:04:05')")
        rows = connection.execute("DESCRIBE runs").fetchall()
        columns = tuple(RelationColumn(row[0], row[1], "") for row in rows)
        yield Reader(connection, {"runs": Relation("runs", "", columns)})


def test_a_typed_value_is_of_its_type_and_not_of_pythons(reader: Reader):
    params = [Typed("2026-01-02", "DATE"), Typed(["1", None], "INTEGER[]"), 1, None]
    found = reader.sql("SELECT typeof($1), typeof($2), typeof($3), $4", params, LIMITS, Stopper())
    assert found.rows == [("DATE", "INTEGER[]", "INTEGER", None)]


@pytest.mark.parametrize(
    ("text", "parameters", "types"),
    [
        ("SELECT name, took FROM runs WHERE took > $1", ["INTEGER"], ["VARCHAR", "INTEGER"]),
        ("SELECT $1::DATE, $2::TEXT[]", ["DATE", "VARCHAR[]"], ["DATE", "VARCHAR[]"]),
        ("SELECT date_trunc($1, began) FROM runs", ["VARCHAR"], ["TIMESTAMP"]),
        ("SELECT strftime(began, $1) FROM runs -- so", ["VARCHAR"], ["VARCHAR"]),
        ("SELECT date_part($1, began), $2 FROM runs", ["VARCHAR", "VARCHAR"], ["DOUBLE", '"NULL"']),
        ("SELECT quantile_cont(took, $1) FROM runs", ["DOUBLE"], ["DOUBLE"]),
        ("SELECT name FROM runs WHERE name = ANY($1)", ["VARCHAR[]"], ["VARCHAR"]),
        ("(SELECT 1) UNION (SELECT took FROM runs)", [], ["INTEGER"]),
    ],
)
def test_a_question_is_described_before_it_has_values(
    text: str, parameters: list[str], types: list[str], reader: Reader
):
    described = reader.describe(text, [], Stopper())
    assert list(described.parameters) == parameters
    assert [column.type for column in described.columns] == types


def test_what_cannot_be_described_says_why(reader: Reader):
    with pytest.raises(BadQuery, match="No function matches"):
        reader.describe("SELECT sum($1::TEXT)", [], Stopper())
    with pytest.raises(UnknownColumn):
        reader.describe("SELECT nope FROM runs", [], Stopper())


@pytest.mark.parametrize(
    ("text", "kind", "position"),
    [
        ("SELECT nope FROM runs", UnknownColumn, 8),
        ("SELECT 'é',\n  nope\nFROM runs", UnknownColumn, 15),
        ("SELECT " + "name, " * 60 + "nope FROM runs", UnknownColumn, 368),
        ("SELECT CAST('x' AS INTEGER)", BadValue, 8),
        ("  SELECT 'é', nope FROM runs", UnknownColumn, 15),
        ("\n\n SELECT 1,\n\tnope FROM runs", UnknownColumn, 15),
        ("-- é\nSELECT 1, nope FROM runs", UnknownColumn, None),
        ("SELECT '日本', nope FROM runs", UnknownColumn, 14),
        ("SELECT 'e\u0301\U0001f469\u200d\U0001f467', nope FROM runs", UnknownColumn, 17),
    ],
)
def test_an_error_has_the_place_of_its_character(
    text: str, kind: type[BadQuery], position: int | None, reader: Reader
):
    with pytest.raises(kind) as refused:
        reader.sql(text, [], LIMITS, Stopper())
    assert refused.value.position == position


def test_rows_and_bytes_are_bounded(reader: Reader):
    text = "SELECT range FROM range(101)"
    with pytest.raises(TooLarge, match="more than 100 rows"):
        reader.sql(text, [], LIMITS, Stopper())
    with pytest.raises(TooLarge, match="more than 10 bytes"):
        reader.sql(text, [], SQLLimits(1_000, 10), Stopper())
    assert reader.sql("SELECT 1 AS one", [], SQLLimits(1, 10), Stopper()).columns == (
        Column("one", "INTEGER"),
    )


def test_what_is_stopped_before_it_starts_does_not_start(reader: Reader):
    stopper = Stopper()
    stopper.stop()
    with pytest.raises(QueryTooLong):
        reader.sql("SELECT 1", [], LIMITS, stopper)
