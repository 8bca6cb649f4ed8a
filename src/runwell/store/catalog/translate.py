"""PostgreSQL's way to name the catalog -> our tables and functions, on the tree of a SELECT. Pure.

`pg_catalog.pg_class` -> `pg_class`, `information_schema.tables` -> `information_schema_tables`,
`'events'::regclass` -> `to_regclass('events')`, `FROM string_to_array(...) s` -> a subquery.
`public.events` is `events`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from runwell.store.columns.parameters import CAST_TYPES

Node = dict[str, Any]

SCHEMAS = {"pg_catalog": "", "information_schema": "information_schema_", "public": ""}
CATALOGS = ("pg_catalog", "information_schema")
SESSION = frozenset(
    {"user", "current_user", "session_user", "current_role", "current_catalog", "current_schema"}
)
RENAMED = {"json_build_object": "json_object", "jsonb_build_object": "json_object"}
TABLE_FUNCTIONS = frozenset({"unnest", "generate_series", "range", "generate_subscripts"})
LOOKED_UP = {
    "regclass": "to_regclass",
    "regtype": "to_regtype",
    "regnamespace": "to_regnamespace",
    "regproc": "to_regproc",
}
AS_TEXT = {"regclass": "regclass_text", "regtype": "regtype_text"}
CASTS = {
    **dict.fromkeys(("name", "char", "regrole", "regproc", "regprocedure", "cstring"), "VARCHAR"),
    **dict.fromkeys(("oid", "xid", "cid"), "UINTEGER"),
    **dict.fromkeys(("int2vector",), "SMALLINT[]"),
}
TEXTS = frozenset({"text", "varchar"})
PLAIN_COLLATIONS = frozenset({"pg_catalog.default", "default", "pg_catalog.c", "c", "posix"})


class Translation:
    """Changes a tree in place and remembers what it was about."""

    def __init__(
        self,
        tables: Collection[str],
        functions: Collection[str],
        settings: Mapping[str, str],
    ) -> None:
        self._tables, self._functions, self._settings = tables, functions, settings
        self.is_catalog = False  # it asks for the catalog or the session
        self.is_changed = False  # it has to be written anew

    def run(self, tree: Node) -> Node:
        """The tree, translated."""
        changed = self._value(tree)
        assert isinstance(changed, dict)
        if self.is_catalog and changed["node"]["type"] == "SELECT_NODE":
            for item in changed["node"]["select_list"]:
                _name_column(item)
            self.is_changed = True
        return changed

    def _value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, dict):
            return self._node(value)
        return value

    def _node(self, node: Node) -> Node:
        if node.get("type") == "TABLE_FUNCTION":
            node = self._from_function(node)
        elif node.get("class") == "CAST":
            node = self._cast(node)
        node = {key: self._value(part) for key, part in node.items()}
        match node:
            case {"type": "BASE_TABLE"}:
                return self._table(node)
            case {"class": "FUNCTION"}:
                return self._function(node)
            case {"class": "COLUMN_REF"}:
                return self._column(node)
            case {"class": "TYPE"}:
                return self._type(node)
            case {"class": "COLLATE"} if node["collation"].lower() in PLAIN_COLLATIONS:
                self.is_changed = True
                child: Node = node["child"]
                return child
        return node

    def _table(self, node: Node) -> Node:
        schema, name = node["schema_name"].lower(), node["table_name"].lower()
        if node["catalog_name"].lower() not in ("", "runwell"):
            return node
        if schema in SCHEMAS or (not schema and name.startswith("pg_")):
            target = SCHEMAS.get(schema, "") + name
            self.is_catalog |= schema in CATALOGS or target in self._tables
            self.is_changed |= bool(schema)
            alias = node["alias"] or node["table_name"]
            named = {"catalog_name": "", "schema_name": "", "table_name": target, "alias": alias}
            return {**node, **named, "qualified_name": {"path": [target]}}
        return node

    def _function(self, node: Node) -> Node:
        name = str(node["function_name"]).lower()
        name = RENAMED.get(name, name)
        self.is_catalog |= name in self._functions
        if name == "current_setting" and (found := self._setting(node)) is not None:
            self.is_changed = True
            return found
        if node["schema"] or node["catalog"] or name in RENAMED.values():
            # Whoever is named: never one of the engine's that one of ours stands for.
            self.is_changed = True
            named = {"catalog": "", "schema": "", "function_name": name}
            return {**node, **named, "qualified_name": {"path": [name]}}
        return node

    def _setting(self, node: Node) -> Node | None:
        """A setting as a constant: then it may also stand in the arguments of a table function."""
        match node["arguments"]:
            case [{"expression": {"class": "CONSTANT", "literal": {"text": name}} as constant}]:
                value = self._settings.get(str(name).lower())
                if value is not None:
                    literal = {"kind": "STRING", "text": value}
                    return {**constant, "literal": literal, "alias": node["alias"]}
        return None

    def _column(self, node: Node) -> Node:
        names = node["column_names"]
        if len(names) == 1 and names[0].lower() in SESSION:
            self.is_catalog = self.is_changed = True
            return {**call(names[0].lower(), []), "alias": node["alias"]}
        if len(names) > 2 and names[0].lower() in SCHEMAS:  # noqa: PLR2004 - schema, table, column
            self.is_changed = True
            return {**node, "column_names": names[1:]}
        return node

    def _type(self, node: Node) -> Node:
        name = str(node["type_name"]).lower()
        if name in CASTS:
            self.is_changed = True
            return _type(CASTS[name])
        if str(node.get("schema", "")).lower() == "pg_catalog":
            self.is_changed = True
            return _type(CAST_TYPES.get(name, name))
        return node

    def _cast(self, node: Node) -> Node:
        type_, child = _type_name(node), node["child"]
        inner = _type_name(child) if child.get("class") == "CAST" else ""
        if type_ in TEXTS and inner in AS_TEXT:
            changed = call(AS_TEXT[inner], [child["child"]])
        elif type_ in LOOKED_UP:
            changed = call(LOOKED_UP[type_], [child])
        else:
            return node
        self.is_changed = True
        self.is_catalog |= type_ in LOOKED_UP or inner in AS_TEXT
        return {**changed, "alias": node["alias"]}

    def _from_function(self, node: Node) -> Node:
        """A function in FROM: one that makes a value is a subquery of one row."""
        name = str(node["function"]["function_name"]).lower()
        alias = node["alias"] or name
        if name in TABLE_FUNCTIONS:
            if not node["alias"] or node["column_name_alias"]:
                return node
            self.is_changed = True
            return {**node, "column_name_alias": [alias]}
        self.is_changed = True
        value = {**node["function"], "alias": (node["column_name_alias"] or [alias])[0]}
        return {
            "type": "SUBQUERY",
            "alias": alias,
            "sample": None,
            "query_location": node["query_location"],
            "subquery": {"node": _select(value), "named_param_map": []},
            "column_name_alias": [],
        }


def call(name: str, arguments: list[Node]) -> Node:
    """A call of a function, as the engine's parser makes it."""
    return {
        "class": "FUNCTION",
        "type": "FUNCTION",
        "alias": "",
        "function_name": name,
        "schema": "",
        "catalog": "",
        "arguments": [{"name": "", "expression": argument} for argument in arguments],
        "filter": None,
        "order_bys": {"type": "ORDER_MODIFIER", "orders": []},
        "distinct": False,
        "is_operator": False,
        "export_state": False,
        "qualified_name": {"path": [name]},
    }


def _select(value: Node) -> Node:
    return {
        "type": "SELECT_NODE",
        "modifiers": [],
        "cte_map": {"map": []},
        "select_list": [value],
        "from_table": {"type": "EMPTY", "alias": "", "sample": None},
        "where_clause": None,
        "group_expressions": [],
        "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING",
        "having": None,
        "sample": None,
        "qualify": None,
    }


def _name_column(item: Node) -> None:
    """What has no name is called as PostgreSQL calls it: after its function."""
    if item.get("alias"):
        return
    inner = item
    while inner.get("class") == "CAST":
        inner = inner["child"]
    if inner.get("class") == "FUNCTION" and not inner["is_operator"]:
        item["alias"] = inner["function_name"]
    elif inner.get("class") == "COLUMN_REF" and (
        inner is not item or inner["column_names"][-1].lower() in SESSION
    ):
        item["alias"] = inner["column_names"][-1]


def _type_name(node: Node) -> str:
    return str(node["type_expr"].get("type_name", "")).lower()


def _type(name: str) -> Node:
    children: list[Node] = []
    if name.endswith("[]"):
        children, name = [_type(name.removesuffix("[]"))], "list"
    return {
        "class": "TYPE",
        "type": "TYPE",
        "alias": "",
        "catalog": "",
        "schema": "",
        "type_name": name,
        "children": children,
        "qualified_name": {"path": [name]},
    }
