"""Tables: what a notebook shows, and the same rows as data frames of three libraries."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime

import polars as pl
import pytest

from runwell.client import Table
from runwell.client.columns import Column, of_sql, of_summary
from runwell.client.table import Events, read_rows

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
COLUMNS = [
    Column("name", "text"),
    Column("total", "integer"),
    Column("share", "rate"),
    Column("when", "time"),
    Column("day", "date"),
    Column("tags", "tags"),
    Column("metrics", "metrics"),
    Column("payload", "json"),
    Column("is_good", None),
]
FULL = {
    "name": "a",
    "total": 1,
    "share": 0.5,
    "when": NOON,
    "day": date(2026, 1, 1),
    "tags": {"team": ["core", "x"]},
    "metrics": {"cpu": 1},
    "payload": {"a": ["ä"]},
    "is_good": True,
}
NONE = dict.fromkeys(FULL)


def test_arrow_has_a_type_for_every_column():
    table = Table(COLUMNS, [FULL, NONE], "Europe/Berlin").to_arrow()
    assert [str(field.type) for field in table.schema] == [
        "string",
        "int64",
        "double",
        "timestamp[us, tz=Europe/Berlin]",
        "date32[day]",
        "map<string, list<item: string>>",
        "map<string, double>",
        "string",
        "bool",
    ]
    assert table.num_rows == 2
    first, last = table.to_pylist()
    assert first["when"] == NOON
    assert first["tags"] == [("team", ["core", "x"])]
    assert first["payload"] == '{"a":["ä"]}'
    assert set(last.values()) == {None}


def test_pandas_has_times_with_a_zone_and_tags_as_dicts():
    frame = Table(COLUMNS, [FULL, NONE], "Europe/Berlin").to_pandas()
    assert list(map(str, frame.dtypes)) == [
        "str",
        "Int64",
        "float64",
        "datetime64[us, Europe/Berlin]",
        "object",
        "object",
        "object",
        "object",
        "boolean",
    ]
    assert frame["when"][0] == NOON
    assert frame["tags"][0] == {"team": ["core", "x"]}
    assert frame.isna().iloc[1].all()
    whole = Table(COLUMNS, [FULL]).to_pandas()
    assert [str(whole[name].dtype) for name in ("total", "is_good")] == ["int64", "bool"]


def test_polars_has_the_same_values_as_arrow():
    table = Table(COLUMNS, [FULL, NONE], "Europe/Berlin")
    frame = table.to_polars()
    assert frame.schema["when"] == pl.Datetime("us", "Europe/Berlin")
    assert frame["when"][0] == NOON
    assert frame["payload"].to_list() == ['{"a":["ä"]}', None]
    assert frame["tags"].to_list() == [[{"key": "team", "value": ["core", "x"]}], None]
    assert frame["metrics"].to_list() == [[{"key": "cpu", "value": 1.0}], None]
    assert frame.null_count().sum_horizontal()[0] == len(COLUMNS)


@pytest.mark.parametrize("rows", [[], [NONE]], ids=["none", "null"])
def test_a_table_without_values_has_the_same_types(rows: list[dict[str, object]]):
    table = Table(COLUMNS[:-1], rows)
    full = Table(COLUMNS[:-1], [FULL])
    assert table.columns == full.columns
    assert table.to_arrow().schema == full.to_arrow().schema
    assert table.to_polars().schema == full.to_polars().schema
    assert str(table.to_pandas()["when"].dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize(
    ("told", "values", "type_"),
    [
        (None, [True, None], "boolean"),
        (None, [1, None], "integer"),
        (None, [1, 0.5], "number"),
        (None, [1, "a"], "text"),
        (None, [None], "text"),
        (None, [{"a": 1}], "json"),
        ("integer", [1, "99999999999999999999"], "text"),
        ("integer", [1, 1e20], "number"),
        ("integer", [None], "integer"),
        ("number", [1], "number"),
    ],
)
def test_what_the_name_does_not_tell_the_values_do(told, values: list[object], type_: str):
    table = Table([Column("a", told)], [{"a": value} for value in values])
    assert table.columns == [Column("a", type_)]
    assert table.to_arrow().num_rows == len(values)


def test_a_notebook_shows_the_first_rows_and_obeys_none():
    rows = [{"name": f"<b>{number}", "value": 0.123456789} for number in range(61)]
    html = Table([Column("name", "text"), Column("value", "number")], rows)._repr_html_()
    assert "<th>name</th><th>value</th>" in html
    assert "<td>&lt;b&gt;0</td><td>0.123457</td>" in html
    assert html.count("<tr>") == 61
    assert "<p>61 rows, the first 60</p>" in html
    long = Table([Column("a", "text")], [{"a": "x" * 500}, {"a": None}])._repr_html_()
    assert f"<td>{'x' * 200}…</td>" in long
    assert "<td></td>" in long


def test_a_notebook_asks_only_for_what_it_shows():
    asked = []

    def pages():
        for number in range(10):
            asked.append(number)
            yield [{"a": number}] * 50

    found = Events([Column("a", None)], pages)
    assert "<p>the first 60 events</p>" in found._repr_html_()
    assert asked == [0, 1]
    assert repr(found) == "<Events: a>"
    assert len(found) == 500
    assert "500 rows" in found._repr_html_()
    short = Events([Column("a", None)], lambda: [[{"a": 1}]])
    assert "<p>1 events</p>" in short._repr_html_()


@pytest.mark.parametrize("name", ["pyarrow", "pandas", "polars"])
def test_a_library_that_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, name, None)
    table = Table([Column("a", "text")], [])
    with pytest.raises(ModuleNotFoundError, match=f"pip install {name}"):
        getattr(table, {"pyarrow": "to_arrow"}.get(name, f"to_{name}"))()


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("day", "time"),
        ("total", "integer"),
        ("queued", "integer"),
        ("previous queued", "integer"),
        ("success_rate", "rate"),
        ('rate(name == "a")', "rate"),
        ("p99.9(duration)", "duration"),
        ("avg(finished - started)", None),
        ("avg(attempt)", "number"),
        ("max(attempt)", "integer"),
        ("min(started)", "time"),
        ("p50(metrics.cpu)", "number"),
        ("sum(payload.a.b)", "number"),
        ("distinct(name)", "integer"),
        ("count(tags.team)", "integer"),
        ("tags.team", "text"),
        ('tags["a b"]', "text"),
        ("payload.a[0].b", "text"),
        ("metrics.cpu > 1.0", None),
        ("size(name)", None),
        ("name", "text"),
    ],
)
def test_a_column_is_what_its_name_says(name: str, type_: str | None):
    assert of_summary([name]) == [Column(name, type_)]


def test_a_field_that_is_called_like_a_measure_is_a_field_in_a_group():
    assert of_summary(["queued"], ["queued"]) == [Column("queued", "time")]


def test_types_of_sql_are_ours():
    types = ["BIGINT", "HUGEINT", "DECIMAL(18,3)", "TIMESTAMP WITH TIME ZONE", "TIME", "VARCHAR"]
    types += ["VARCHAR[]", "MAP(VARCHAR, DOUBLE)", "STRUCT(a INTEGER)", "JSON", "UUID", "BOOLEAN"]
    types += ["TIMESTAMP[]", "INTEGER[3]", "STRUCT(a DATE)", "TIMESTAMP_NS", "DATE"]
    assert [column.type for column in of_sql(("a", type_) for type_ in types)] == [
        *("integer", "integer", "number", "time", "text", "text"),
        *("json", "json", "json", "text", "text", "boolean"),
        *("json", "json", "json", "time", "date"),
    ]


def test_times_are_read_and_nulls_stay():
    columns = [Column("when", "time"), Column("day", "date"), Column("name", "text")]
    sent = [{"when": "2026-01-01T12:00:00Z", "day": "2026-01-01", "name": "2026-01-01T12:00:00Z"}]
    assert read_rows(columns, [*sent, {"when": None, "day": None, "name": ""}]) == [
        {"when": NOON, "day": date(2026, 1, 1), "name": "2026-01-01T12:00:00Z"},
        {"when": None, "day": None, "name": ""},
    ]
