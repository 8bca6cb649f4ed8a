"""What the other tests of this folder take for Grafana is held to its own examples."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.contrib.grafana import All, Window, expand, interpolate, of_postgresql

WINDOW = Window(
    datetime(2018, 4, 12, 18, 0, tzinfo=UTC), datetime(2018, 4, 12, 18, 5, 0, 250_000, UTC), "1m"
)


# pkg/tsdb/grafana-postgresql-datasource/macros_test.go
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select $__time(time_column)", 'select time_column AS "time"'),
        (
            "WHERE $__timeFilter(time_column)",
            "WHERE time_column BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00.25Z'",
        ),
        ("select $__timeFrom()", "select '2018-04-12T18:00:00Z'"),
        (
            "SELECT $__timeGroup(time_column,'5m'), value",
            'SELECT floor(extract(epoch from time_column)/300)*300 AS "time", value',
        ),
        (
            "SELECT $__timeGroup(time_column,'5m') as time, value",
            "SELECT floor(extract(epoch from time_column)/300)*300 as time, value",
        ),
        (
            "$__timeGroupAlias(time_column , '5m')",
            'floor(extract(epoch from time_column)/300)*300 AS "time"',
        ),
        (
            "$__timeGroupAlias(time,$__interval)",
            'floor(extract(epoch from time)/60)*60 AS "time"',
        ),
        (
            "$__timeGroupAlias(time,'7d')",
            'floor(extract(epoch from time)/604800)*604800 AS "time"',
        ),
        (
            "select $__unixEpochFilter(time)",
            "select time >= 1523556000 AND time <= 1523556300",
        ),
        ("select $__unixEpochFrom()", "select 1523556000"),
        ("$__unixEpochGroupAlias(t,'5m')", 'floor((t)/300)*300 AS "time"'),
        ("select $__interval_ms, '$__interval'", "select 60000, '1m'"),
    ],
)
def test_macros_become_what_grafana_makes_of_them(sql: str, expected: str):
    assert expand(sql, WINDOW).sql == expected


@pytest.mark.parametrize(
    ("argument", "expected"), [("0", "0.0"), ("NULL", "NULL"), ("previous", "previous")]
)
def test_a_third_argument_fills_gaps_afterwards(argument: str, expected: str):
    expanded = expand(f"SELECT $__timeGroupAlias(t, '1d', {argument})", WINDOW)
    assert expanded.sql == 'SELECT floor(extract(epoch from t)/86400)*86400 AS "time"'
    assert expanded.fill == ("86400", expected)


def test_an_unknown_macro_is_an_error():
    with pytest.raises(ValueError, match=r'unknown macro "__timeGruop"'):
        expand("SELECT $__timeGruop(t,'5m')", WINDOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IN (${team:sqlstring})", "IN ('o''brien','b\\\"c')"),
        ("IN [${team:singlequote}]", "IN ['o\\'brien','b\"c']"),
        ("IN ($team)", "IN ('o''brien','b\"c')"),
        ("'$project'", "'o''brien'"),
        ("IN ($all)", "IN ('*')"),
        ("IN (${all:sqlstring})", "IN ('*')"),
        ("$__timeFilter(time)", "$__timeFilter(time)"),
        ("'${__from:date:iso}'", "'2018-04-12T18:00:00.000Z'"),
        ("'${__to:date:iso}'", "'2018-04-12T18:05:00.250Z'"),
    ],
)
def test_variables_are_written_as_their_format_says(text: str, expected: str):
    variables = {"team": ["o'brien", 'b"c'], "project": "o'brien", "all": All("'*'")}
    assert interpolate(text, variables, WINDOW, of_postgresql) == expected


def test_infinity_joins_several_values_if_no_format_is_told():
    variables = {"many": ["a", "b"], "one": ["a"], "all": All("", ("x", "y"))}
    assert interpolate("$many $one $all", variables, WINDOW) == "{a,b} a {x,y}"
