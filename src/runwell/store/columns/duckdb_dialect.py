"""DuckDB's words for what a query may ask."""

from __future__ import annotations

from runwell.filter.functions import (
    FIRST_US,
    INTEGER_PATTERN,
    LAST_US,
    NUMBER_PATTERN,
    TIME_PATTERN,
)
from runwell.filter.tree import Sort
from runwell.store.columns.dialect import Dialect


def _extract(pattern: str) -> str:
    """The text itself where the pattern fits, else an empty one, which is nothing's text."""
    escaped = pattern.replace("{", "{{").replace("}", "}}")
    return f"regexp_extract({{0}}, '{escaped}')"


# A time outside of what a clock can show becomes its border, and the border NULL.
IN_BOUNDS = (
    f"make_timestamp(nullif(nullif(greatest(least({{us}}, {LAST_US + 1}), {FIRST_US - 1}), "
    f"{LAST_US + 1}), {FIRST_US - 1}))"
)
ADDED = "TRY(epoch_us({0}) + {1})"
COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
WHOLE = {"add": "+", "subtract": "-", "multiply": "*", "divide": "//", "modulo": "%"}
FLOATS = {"float_add": "+", "float_subtract": "-", "float_multiply": "*"}

FUNCTIONS = {
    "and": "({0} AND {1})",
    "or": "({0} OR {1})",
    "not": "(NOT {0})",
    "if": "CASE {0} WHEN true THEN {1} WHEN false THEN {2} END",
    "is_null": "({0} IS NULL)",
    "text_or_empty": "coalesce({0}, '')",
    "false_unless": "coalesce({0}, CASE WHEN {1} THEN false END)",
    **{name: f"({{0}} {sign} {{1}})" for name, sign in COMPARISONS.items()},
    "one_of": "list_contains({1}, {0})",
    "contains": "contains({0}, {1})",
    "starts_with": "starts_with({0}, {1})",
    "ends_with": "ends_with({0}, {1})",
    "matches": "regexp_matches({0}, {1})",
    "concat": "({0} || {1})",
    "text_length": "length({0})",
    "last_segment": "split_part({0}, '/', -1)",
    "count": "len({0})",
    "first": "{0}[1]",
    **{name: f"TRY({{0}} {sign} {{1}})" for name, sign in WHOLE.items()},
    "negate": "TRY(CAST(0 AS BIGINT) - {0})",  # minus before a constant may give a wider integer
    **{name: f"({{0}} {sign} {{1}})" for name, sign in FLOATS.items()},
    "float_divide": "({0} / nullif({1}, 0))",
    "float_negate": "(-({0}))",
    "between_times": "(epoch_us({0}) - epoch_us({1}))",
    "time_plus": IN_BOUNDS.format(us=ADDED),
    "time_of_text": f"(TRY_CAST({_extract(TIME_PATTERN)} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')",
    "time_of_seconds": IN_BOUNDS.format(us="TRY({0} * 1000000)"),
    "seconds_of_time": "(epoch_us(date_trunc('second', {0})) // 1000000)",
    "at_zone": "timezone({1}, CAST({0} AS TIMESTAMPTZ))",
    "year": "year({0})",
    "month": "month({0})",
    "day": "day({0})",
    "day_of_week": "dayofweek({0})",
    "day_of_year": "dayofyear({0})",
    "hour": "hour({0})",
    "minute": "minute({0})",
    "second": "second({0})",
    "millisecond": "(microsecond({0}) % 1000000 // 1000)",
    "int_of_text": f"TRY_CAST({_extract(INTEGER_PATTERN)} AS BIGINT)",
    "int_of_number": "TRY_CAST(trunc({0}) AS BIGINT)",
    "number_of_text": f"TRY_CAST({_extract(NUMBER_PATTERN)} AS DOUBLE)",
    "number_of_int": "CAST({0} AS DOUBLE)",
    "text_of_int": "CAST({0} AS VARCHAR)",
    "text_of_boolean": "CAST({0} AS VARCHAR)",
    "text_of_time": "(rtrim(rtrim(strftime({0}, '%Y-%m-%dT%H:%M:%S.%f'), '0'), '.') || 'Z')",
    "text_of_duration": (
        "(CASE WHEN {0} < 0 THEN '-' ELSE '' END || rtrim(rtrim(format('{{:d}}.{{:06d}}', "
        "abs(CAST({0} AS HUGEINT)) // 1000000, abs(CAST({0} AS HUGEINT)) % 1000000), "
        "'0'), '.') || 's')"
    ),
}
AFTER_NOON = "(timezone({zone}, {x} - INTERVAL 12 HOUR) + INTERVAL 12 HOUR)"

DUCKDB = Dialect(
    micros="epoch_us({x})",
    instant="make_timestamp({x})",
    metric="metrics[{name}]",
    tag="tags[{name}]",
    tag_any="len(list_filter({x}, lambda v: {condition})) > 0",
    one_of="{x} IN (SELECT unnest({value}::VARCHAR[]))",
    starts_with="starts_with({x}, {value})",
    contains="contains({x}, {value})",
    # date_trunc: an ISO week, which starts on Monday
    truncate={
        bucket: f"date_trunc('{bucket}', {{x}})"
        for bucket in ("minute", "hour", "day", "week", "month", "quarter", "year")
    },
    at_zone="timezone({zone}, CAST({x} AS TIMESTAMPTZ))",
    # The engine takes the second of two midnights: the first is half a day after noon.
    from_zone=(
        f"CASE WHEN timezone({{zone}}, {AFTER_NOON}) = {{x}} THEN {AFTER_NOON} "
        "ELSE timezone({zone}, {x}) END"
    ),
    quantiles="quantile_cont({x}, [{qs}])",
    quantile_at="{x}[{n}]",
    link="links[{name}]",
    keys="unnest(map_keys({x}))",
    each="unnest({x})",
    any_of="CASE WHEN len({x}) > 0 THEN len(list_filter({x}, lambda v: {condition})) > 0 END",
    text_in="json_extract_string({x}, {path})",
    text_of="({x} ->> '$')",
    readings={
        "number": "TRY_CAST(CAST(json_extract({x}, {path}) AS VARCHAR) AS DOUBLE)",
        "truth": (
            "CASE CAST(json_extract({x}, {path}) AS VARCHAR) "
            "WHEN 'true' THEN true WHEN 'false' THEN false END"
        ),
        "length": (
            "CASE json_type({x}, {path}) "
            "WHEN 'OBJECT' THEN list_unique(json_keys({x}, {path})) "
            "WHEN 'ARRAY' THEN json_array_length({x}, {path}) "
            "WHEN 'VARCHAR' THEN length(json_extract_string({x}, {path})) END"
        ),
        "is_there": "coalesce(json_type({x}, {path}) <> 'NULL', false)",
    },
    has_member=(
        "CASE json_type({x}, {path}) "
        "WHEN 'OBJECT' THEN list_contains(json_keys({x}, {path}), {member}) "
        "WHEN 'ARRAY' THEN list_contains("
        "from_json(json_extract({x}, {path}), '[\"VARCHAR\"]'), {member}) END"
    ),
    constants={
        Sort.BOOLEAN: "CAST({x} AS BOOLEAN)",
        Sort.INTEGER: "CAST({x} AS BIGINT)",
        Sort.NUMBER: "CAST({x} AS DOUBLE)",
        Sort.TEXT: "CAST({x} AS VARCHAR)",
        Sort.TEXTS: "CAST({x} AS VARCHAR[])",
        Sort.TIME: "make_timestamp(CAST({x} AS BIGINT))",
        Sort.DURATION: "CAST({x} AS BIGINT)",
    },
    functions=FUNCTIONS,
)
