"""Which SQL may be asked: one SELECT over the documented relations, read by DuckDB's own parser.

Files and the network are closed to the engine as a whole (`enable_external_access = false`) and the
transaction is read-only; this is the first of the three walls and the one that explains itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

import duckdb

from runwell.errors import BadQuery

TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "json_each", "json_tree"}
# They tell about the machine, or change something even inside a SELECT.
CLOSED_FUNCTIONS = {
    "current_setting",
    "currval",
    "getenv",
    "getvariable",
    "nextval",
    "set_config",
    "write_log",
}


def check_sql(cursor: duckdb.DuckDBPyConnection, text: str, relations: Collection[str]) -> None:
    """Raise BadQuery unless `text` is one SELECT that reads only `relations`."""
    row = cursor.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
    assert row is not None
    tree = json.loads(row[0])
    if tree["error"]:
        raise BadQuery(_problem(tree), pointer="/sql")
    if len(tree["statements"]) != 1:
        raise BadQuery("one SELECT a question", pointer="/sql")
    nodes = list(_walk(tree["statements"][0]))
    names = {*relations, *(name for node in nodes for name in _ctes(node))}
    for node in nodes:
        _check_node(node, names, relations)


def _problem(tree: dict[str, Any]) -> str:
    message = str(tree["error_message"])
    if tree.get("error_type") == "not implemented":
        return "only SELECT is allowed here"
    position = tree.get("position")
    return f"{message} (at character {int(position) + 1})" if position is not None else message


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _walk(item)


def _ctes(node: dict[str, Any]) -> list[str]:
    return [entry["key"] for entry in node.get("cte_map", {}).get("map", [])]


def _check_node(node: dict[str, Any], names: Collection[str], relations: Collection[str]) -> None:
    match node.get("type"):
        case "BASE_TABLE":
            schema, table = node["schema_name"], str(node["table_name"])
            known = {name.lower() for name in names}
            if schema not in ("", "main") or node["catalog_name"] or table.lower() not in known:
                raise BadQuery(_no_relation(table, relations), pointer="/sql")
        case "TABLE_FUNCTION":
            name = str(node["function"]["function_name"]).lower()
            if name not in TABLE_FUNCTIONS:
                raise BadQuery(f"the table function {name} is closed here", pointer="/sql")
        case "SHOW_REF":
            raise BadQuery("only SELECT is allowed here", pointer="/sql")
    if node.get("class") == "FUNCTION" and str(node["function_name"]).lower() in CLOSED_FUNCTIONS:
        raise BadQuery(f"the function {node['function_name']} is closed here", pointer="/sql")


def _no_relation(table: str, relations: Collection[str]) -> str:
    return f"there is no relation {table!r}; there are {', '.join(sorted(relations))}"
