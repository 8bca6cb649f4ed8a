"""Which types the parameters of a question have, as far as its tree tells. Pure.

The engine itself tells nothing before values are bound. What a parameter is compared with, cast to,
reckoned with or stands behind (LIMIT) tells it; all else is text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runwell.errors import BadQuery

Types = Mapping[str, Mapping[str, str]]  # relation -> column -> type
TEXT = "VARCHAR"
WHOLE = "BIGINT"
CONSTANTS = {"INTEGER": WHOLE, "NUMERIC": "DOUBLE", "BOOLEAN": "BOOLEAN"}
TIMES = frozenset({"date_trunc", "time_bucket", "to_timestamp", "now", "make_timestamp"})
NUMBERS = frozenset({"epoch", "date_part", "avg", "quantile_cont", "median", "round", "floor"})
WHOLES = frozenset({"count", "count_star", "length", "strlen", "date_diff", "datediff"})
RESULTS = {
    **dict.fromkeys(TIMES, "TIMESTAMP"),
    **dict.fromkeys(NUMBERS, "DOUBLE"),
    **dict.fromkeys(WHOLES, WHOLE),
    **dict.fromkeys(("sum", "/"), "DOUBLE"),
}
CLOCKS = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE"})
ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
AS_ITS_ARGUMENT = frozenset({"+", "-", "*", "%", "min", "max", "abs", "any_value", "lag", "lead"})
TAKES = {
    **dict.fromkeys(("range", "generate_series"), WHOLE),
    **dict.fromkeys(("quantile_cont", "quantile_disc", "quantile", "approx_quantile"), "DOUBLE"),
}


def infer_types(tree: Mapping[str, Any], known: Sequence[str], types: Types) -> list[str]:
    """The engine's type of each parameter in order; `known` says what the asker knows of them."""
    keys = {str(entry["key"]) for entry in tree.get("named_param_map", [])}
    numbers = {str(number) for number in range(1, len(keys) + 1)}
    if keys != numbers:  # nor may one of a billion make a list of as many
        raise BadQuery("parameters are $1, $2 ... and none is left out", pointer="/sql")
    count = max(len(known), len(keys))
    found = dict(_uses(tree, _columns_in_view(tree, types)))
    given = [*known, *[""] * (count - len(known))]
    return [type_ or found.get(str(number)) or TEXT for number, type_ in enumerate(given, start=1)]


def _columns_in_view(tree: Mapping[str, Any], types: Types) -> dict[str, str]:
    """The columns of every relation in the question; one with two types is left out."""
    seen: dict[str, set[str]] = {}
    for node in _nodes(tree):
        if node.get("type") == "BASE_TABLE":
            for name, type_ in types.get(str(node["table_name"]).lower(), {}).items():
                seen.setdefault(name, set()).add(type_)
    return {name: found.pop() for name, found in seen.items() if len(found) == 1}


def _uses(tree: Mapping[str, Any], columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Parameters with the type that their place tells; of two places the first counts."""
    told: dict[str, str] = {}
    for node in _nodes(tree):
        for parameter, type_ in _told_by(node, columns):
            if type_:
                told.setdefault(parameter, type_)
    yield from told.items()


def _told_by(
    node: Mapping[str, Any], columns: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    match node:
        case {"class": "CAST", "child": {"class": "PARAMETER", "identifier": name}}:
            yield name, _cast_type(node)
        case {"class": "COMPARISON", "left": left, "right": right}:
            yield from _among([left, right], columns)
        case {"class": "BETWEEN", "input": value, "lower": lower, "upper": upper}:
            yield from _among([value, lower, upper], columns)
        case {
            "type": "COMPARE_IN" | "COMPARE_NOT_IN" | "OPERATOR_COALESCE",
            "children": children,
        }:
            yield from _among(children, columns)
        case {"type": "LIMIT_MODIFIER", "limit": limit, "offset": offset}:
            for value in (limit, offset):
                if value and value.get("class") == "PARAMETER":
                    yield value["identifier"], WHOLE
        case _:
            yield from _told_by_call(node, columns)


def _told_by_call(
    node: Mapping[str, Any], columns: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    match node:
        case {"subquery_type": "ANY", "child": child, "subquery": subquery}:
            match subquery["node"].get("select_list"):  # "= ANY($1)"
                case [{"function_name": "unnest", "arguments": [{"expression": one}]}]:
                    if one["class"] == "PARAMETER":
                        yield one["identifier"], f"{_type_of(child, columns) or TEXT}[]"
        case {"class": "FUNCTION", "function_name": str(name), "arguments": arguments}:
            values = [argument["expression"] for argument in arguments]
            if name in TAKES:
                yield from _taken(name, values, columns)
            elif name in ARITHMETIC:
                yield from _reckoned(name, values, columns)


def _taken(
    name: str, values: Sequence[Mapping[str, Any]], columns: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    """Series are of what they begin or end with; the rest of a quantile is its share."""
    of = values if TAKES[name] == WHOLE else []
    types = [type_ for value in of if (type_ := _type_of(value, columns))]
    for value in values:
        if value.get("class") == "PARAMETER":
            yield value["identifier"], types[0] if types else TAKES[name]


def _reckoned(
    name: str, values: Sequence[Mapping[str, Any]], columns: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    """The other side's type, as PostgreSQL has it; times go with intervals."""
    for value, other in zip(values, reversed(values), strict=True):
        if value.get("class") != "PARAMETER" or other is value:
            continue
        type_ = _type_of(other, columns)
        if type_ in CLOCKS and name == "+":
            type_ = "INTERVAL"
        elif type_ == "INTERVAL":
            type_ = "TIMESTAMP" if name in "+-" else "DOUBLE"
        yield value["identifier"], type_


def _among(
    values: Sequence[Mapping[str, Any]], columns: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    """Values that are compared with each other have one type."""
    types = [type_ for value in values if (type_ := _type_of(value, columns))]
    for value in values:
        if value.get("class") == "PARAMETER":
            yield value["identifier"], types[0] if types else None


def _type_of(value: Mapping[str, Any], columns: Mapping[str, str]) -> str | None:
    match value.get("class"):
        case "COLUMN_REF":
            return columns.get(str(value["column_names"][-1]).lower())
        case "CAST":
            return _cast_type(value)
        case "CONSTANT":
            return CONSTANTS.get(value.get("literal", {}).get("kind", ""))
        case "FUNCTION" | "WINDOW":
            name = str(value.get("function_name", "")).lower()
            return RESULTS.get(name) or _as_its_argument(name, value.get("arguments", []), columns)
    return None


def _as_its_argument(
    name: str, arguments: Sequence[Mapping[str, Any]], columns: Mapping[str, str]
) -> str | None:
    if name not in AS_ITS_ARGUMENT:
        return None
    types = [_type_of(argument["expression"], columns) for argument in arguments]
    if name == "-" and len(types) > 1 and CLOCKS.issuperset(types):
        return "INTERVAL"
    return next((type_ for type_ in types if type_), None)


# What SQL calls the types and how the engine's answers call them.
CAST_TYPES = {
    **dict.fromkeys(("varchar", "text", "char", "bpchar", "string"), "VARCHAR"),
    **dict.fromkeys(("integer", "int", "int4"), "INTEGER"),
    **dict.fromkeys(("bigint", "int8", "long"), "BIGINT"),
    **dict.fromkeys(("smallint", "int2"), "SMALLINT"),
    **dict.fromkeys(("double", "float8", "numeric", "decimal"), "DOUBLE"),
    **dict.fromkeys(("float", "real", "float4"), "FLOAT"),
    **dict.fromkeys(("boolean", "bool"), "BOOLEAN"),
    **dict.fromkeys(("timestamp", "datetime"), "TIMESTAMP"),
    **dict.fromkeys(("timestamptz", "timestamp with time zone"), "TIMESTAMP WITH TIME ZONE"),
    **{name: name.upper() for name in ("date", "time", "interval", "uuid", "json", "uinteger")},
}


def _cast_type(node: Mapping[str, Any]) -> str | None:
    type_ = node.get("type_expr", {})
    if str(type_.get("type_name")).lower() == "list":
        members = [CAST_TYPES.get(str(child["type_name"]).lower()) for child in type_["children"]]
        return f"{members[0]}[]" if members and members[0] else None
    return CAST_TYPES.get(str(type_.get("type_name", "")).lower())


def _nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every node of the tree, in the order of the text as far as the tree keeps it."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting.extend(reversed(item.values()))
        elif isinstance(item, list):
            waiting.extend(reversed(item))
