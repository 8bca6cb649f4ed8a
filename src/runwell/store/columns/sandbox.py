"""Which SQL may be asked: one SELECT over the documented relations, read by DuckDB's own parser.

Files and the network are closed to the engine as a whole (`enable_external_access = false`) and the
transaction is read-only; this is the first of the three walls and the one that explains itself.
Everything is closed unless it is named here or in functions.py.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection
from typing import Any

import duckdb

from runwell.errors import BadQuery, BadSyntax, ClosedHere, ReadOnly, UnknownRelation
from runwell.store.columns.functions import FUNCTIONS, TABLE_FUNCTIONS

ONLY_SELECT = "only SELECT is allowed here"

# Query nodes, what may stand in FROM, and what may stand behind a query.
NODES = {
    "SELECT_NODE",
    "SET_OPERATION_NODE",
    "RECURSIVE_CTE_NODE",
    "BASE_TABLE",
    "EMPTY",
    "EXPRESSION_LIST",
    "JOIN",
    "PIVOT",
    "SUBQUERY",
    "TABLE_FUNCTION",
    "DISTINCT_MODIFIER",
    "LIMIT_MODIFIER",
    "LIMIT_PERCENT_MODIFIER",
    "ORDER_MODIFIER",
    "ORDER_DEFAULT",
    "ASCENDING",
    "DESCENDING",
}
EXPRESSIONS = {
    "BETWEEN",
    "CASE",
    "CAST",
    "COLLATE",
    "COLUMN_REF",
    "COMPARISON",
    "CONJUNCTION",
    "CONSTANT",
    "FUNCTION",
    "LAMBDA",
    "OPERATOR",
    "PARAMETER",
    "POSITIONAL_REFERENCE",
    "STAR",
    "SUBQUERY",
    "TYPE",
    "WINDOW",
}


def check_sql(
    cursor: duckdb.DuckDBPyConnection,
    text: str,
    relations: Collection[str],
    functions: Collection[str] = FUNCTIONS,
) -> dict[str, Any]:
    """Raise BadQuery unless `text` is one SELECT that reads only `relations`; its tree."""
    statement = parse_sql(cursor, text)
    try:
        _Check(relations, functions, text).value(statement, frozenset())
    except RecursionError as error:
        raise BadQuery("the question nests too deep", pointer="/sql") from error
    return statement


def parse_sql(cursor: duckdb.DuckDBPyConnection, text: str) -> dict[str, Any]:
    """The tree of one SELECT, as the engine's own parser reads it; nothing is checked."""
    row = cursor.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
    assert row is not None
    try:
        tree = json.loads(row[0])
    except RecursionError as error:
        raise BadQuery("the question nests too deep", pointer="/sql") from error
    if tree["error"]:
        raise _problem(tree, text)
    if len(tree["statements"]) != 1:
        raise BadQuery("one SELECT a question", pointer="/sql")
    statement: dict[str, Any] = tree["statements"][0]
    return statement


def _problem(tree: dict[str, Any], text: str) -> BadQuery:
    message = str(tree["error_message"])
    if tree.get("error_type") == "not implemented":
        if "Only SELECT" in message:
            return ReadOnly(ONLY_SELECT, pointer="/sql")
        return BadSyntax(message, pointer="/sql")
    found = tree.get("position")
    if found is None:
        return BadSyntax(message, pointer="/sql")
    shown = f"{message} (at character {int(found) + 1})"
    return BadSyntax(shown, pointer="/sql", position=_character(text, int(found)))


def _character(text: str, byte: int) -> int | None:
    """Which character the engine means by a byte of the text; it has none for what it made."""
    encoded = text.encode()
    return len(encoded[:byte].decode(errors="ignore")) + 1 if byte < len(encoded) else None


class _Check:
    """Walks a statement. `ctes` are the names that WITH has brought into view at that place."""

    def __init__(self, relations: Collection[str], functions: Collection[str], text: str) -> None:
        self._text = text
        self._functions = functions
        self._relations = relations
        self._known = frozenset(map(_fold, relations))

    def value(self, value: Any, ctes: frozenset[bytes]) -> None:
        if isinstance(value, list):
            for item in value:
                self.value(item, ctes)
        elif isinstance(value, dict):
            self._node(value, ctes)

    def _node(self, node: dict[str, Any], ctes: frozenset[bytes]) -> None:
        _check_kind(node)
        # A name is in view only behind its own definition; before that, and for the first half of
        # a recursive one, it means whatever the catalog has under it.
        for entry in node.get("cte_map", {}).get("map", []):
            self.value(entry["value"], ctes)
            ctes |= {_fold(entry["key"])}
        match node.get("type"):
            case "BASE_TABLE":
                self._table(node, ctes)
            case "TABLE_FUNCTION":
                self._function(node["function"], TABLE_FUNCTIONS, "table function")
                node = {**node, "function": node["function"]["arguments"]}
            case "RECURSIVE_CTE_NODE":
                self.value(node["right"], ctes | {_fold(node["cte_name"])})
                node = {**node, "right": None}
            case _ if node.get("class") in {"FUNCTION", "WINDOW"}:
                self._function(node, self._functions, "function")
        for key, part in node.items():
            if key != "cte_map":
                self.value(part, ctes)

    def _table(self, node: dict[str, Any], ctes: frozenset[bytes]) -> None:
        name = _fold(node["table_name"])
        is_relation = name in self._known and _fold(node["schema_name"]) in (b"", b"main")
        is_cte = name in ctes and not node["schema_name"]
        if node["catalog_name"] or not (is_relation or is_cte):
            known = ", ".join(sorted(self._relations))
            hint = _meant(node["table_name"], self._relations) or f"; there are {known}"
            raise UnknownRelation(
                f"there is no relation {node['table_name']!r}{hint}",
                pointer="/sql",
                position=self._place(node),
            )

    def _function(self, node: dict[str, Any], allowed: Collection[str], what: str) -> None:
        name = str(node["function_name"]).lower()
        if name not in allowed:
            raise ClosedHere(
                f"the {what} {name} is closed here{_meant(name, allowed)}",
                pointer="/sql",
                position=self._place(node),
            )

    def _place(self, node: dict[str, Any]) -> int | None:
        return _character(self._text, int(node["query_location"]))


def _meant(name: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _check_kind(node: dict[str, Any]) -> None:
    kind = node.get("class")
    if kind is not None and kind not in EXPRESSIONS:
        raise ClosedHere(f"{str(kind).lower()} is closed here", pointer="/sql")
    if kind is None and isinstance(node.get("type"), str) and node["type"] not in NODES:
        raise ReadOnly(ONLY_SELECT, pointer="/sql")


def _fold(name: str) -> bytes:
    """A name as the engine compares it: without regard to case, in ASCII alone."""
    return name.encode().lower()
