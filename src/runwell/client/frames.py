"""Rows as data frames of pyarrow, pandas and polars, each of which is only imported when asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from runwell.client.columns import Column

MAPS = ("metrics", "tags", "links")

Rows = Sequence[Mapping[str, Any]]


def to_arrow(columns: Sequence[Column], rows: Rows, zone: str) -> Any:
    """A `pyarrow.Table`."""
    arrow = _module("pyarrow")
    text = arrow.string()
    types = {
        "text": text,
        "integer": arrow.int64(),
        "boolean": arrow.bool_(),
        "time": arrow.timestamp("us", zone),
        "date": arrow.date32(),
        "metrics": arrow.map_(text, arrow.float64()),
        "tags": arrow.map_(text, arrow.list_(text)),
        "links": arrow.map_(text, text),
        "json": text,
    }
    schema = arrow.schema(
        [(column.name, types.get(column.type or "text", arrow.float64())) for column in columns]
    )
    arrays = [
        arrow.array(_plain(column, rows), type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return arrow.Table.from_arrays(arrays, schema=schema)


def to_pandas(columns: Sequence[Column], rows: Rows, zone: str) -> Any:
    """A `pandas.DataFrame`."""
    pandas = _module("pandas")
    return pandas.DataFrame(
        {column.name: _series(pandas, column, rows, zone) for column in columns}
    )


def _series(pandas: Any, column: Column, rows: Rows, zone: str) -> Any:
    values = [row[column.name] for row in rows]
    match column.type:
        case "time":
            times = pandas.to_datetime(pandas.Series(values, dtype=object), utc=True)
            return times.dt.tz_convert(zone).dt.as_unit("us")
        case "integer":
            return pandas.Series(values, dtype="Int64" if None in values else "int64")
        case "number" | "duration" | "rate":
            return pandas.Series(values, dtype="float64")
        case "boolean":
            return pandas.Series(values, dtype="boolean" if None in values else "bool")
        case "text":
            return pandas.Series(values, dtype="str")
        case _:
            return pandas.Series(values, dtype=object)


def to_polars(columns: Sequence[Column], rows: Rows, zone: str) -> Any:
    """A `polars.DataFrame`."""
    polars = _module("polars")

    def pairs(value: Any) -> Any:
        return polars.List(polars.Struct({"key": polars.String, "value": value}))

    types = {
        "text": polars.String,
        "integer": polars.Int64,
        "boolean": polars.Boolean,
        "time": polars.Datetime("us", zone),
        "date": polars.Date,
        "metrics": pairs(polars.Float64),
        "tags": pairs(polars.List(polars.String)),
        "links": pairs(polars.String),
        "json": polars.String,
    }
    series = []
    for column in columns:
        values: Iterable[Any] = _plain(column, rows)
        if column.type in MAPS:
            values = [_keyed(value) for value in values]
        dtype = types.get(column.type or "text", polars.Float64)
        series.append(polars.Series(column.name, values, dtype=dtype, strict=False))
    return polars.DataFrame(series)


def _keyed(pairs: list[tuple[str, Any]] | None) -> list[dict[str, Any]] | None:
    return None if pairs is None else [{"key": key, "value": value} for key, value in pairs]


def _plain(column: Column, rows: Rows) -> list[Any]:
    """The values of a column: maps as pairs, JSON as its text."""
    values = [row[column.name] for row in rows]
    if column.type in MAPS:
        return [None if value is None else list(value.items()) for value in values]
    if column.type == "json":
        return [None if value is None else compact(value) for value in values]
    if column.type == "text":  # a whole number beyond 64 bits comes as a text, others do not
        return [value if value is None else str(value) for value in values]
    return values


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{name} is not installed here: `pip install {name}`", name=name
        ) from error
