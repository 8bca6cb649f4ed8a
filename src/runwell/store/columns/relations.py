"""The relations for SQL questions: their views are made at each start and described by comments."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

import duckdb

from runwell.query.fields import ABOUT
from runwell.query.relations import Relation, RelationColumn

VIEWS = (resources.files("runwell.store.columns") / "sql" / "duckdb_views.sql").read_text("utf-8")
DESCRIBED = """
SELECT v.view_name, v.comment, c.column_name, c.data_type, c.comment
FROM duckdb_views() AS v
JOIN duckdb_columns() AS c ON c.schema_name = v.schema_name AND c.table_name = v.view_name
WHERE NOT v.internal AND v.schema_name = 'main'
ORDER BY v.view_oid, c.column_index
"""


def make_views(connection: duckdb.DuckDBPyConnection, added: Sequence[str]) -> None:
    """Our own views and those that protocols add, each with a comment on all of its columns."""
    connection.execute("BEGIN")
    for name in read_relations(connection):  # of protocols that were there at another start
        connection.execute(f'DROP VIEW "{name}"')
    for views in (VIEWS, *added):
        connection.execute(views)
    for relation in read_relations(connection).values():
        for column in relation.columns:
            # What is called as a canonical field and says nothing of its own is that field.
            if not column.about and column.name in ABOUT:
                _comment(connection, relation.name, column.name, ABOUT[column.name])
    connection.execute("COMMIT")


def _comment(connection: duckdb.DuckDBPyConnection, relation: str, column: str, about: str) -> None:
    quoted = about.replace("'", "''")  # a comment cannot be bound
    connection.execute(f'COMMENT ON COLUMN "{relation}"."{column}" IS \'{quoted}\'')


def read_relations(connection: duckdb.DuckDBPyConnection) -> dict[str, Relation]:
    """Every relation by its name, in the order in which they were made."""
    columns: dict[str, list[RelationColumn]] = {}
    abouts: dict[str, str] = {}
    for view, about, name, type_, said in connection.execute(DESCRIBED).fetchall():
        columns.setdefault(view, []).append(RelationColumn(name, type_, said or ""))
        abouts[view] = about or ""
    return {view: Relation(view, abouts[view], tuple(columns[view])) for view in columns}
