"""Every query of every dashboard against a server with the demo's data, over each way to ask."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.contrib.asking import Asked, Table, pg_port
from tests.contrib.grafana import Query, Value, Window, defaults_of, queries_of
from tests.serving import Server

from runwell.demo import ets, tekton
from runwell.demo.load import samples, send

ROOT = Path(__file__).parents[2] / "contrib" / "grafana" / "dashboards"
DASHBOARDS = {
    str(path.relative_to(ROOT)): json.loads(path.read_text("utf-8"))
    for path in sorted(ROOT.glob("**/*.json"))
}
QUERIES = [query for name, dashboard in DASHBOARDS.items() for query in queries_of(name, dashboard)]
PG_NAMES = {"count_star()": "count"}
# The types that Grafana reads as numbers, texts and times: getFieldTypesFromDescriptions.
NUMBERS, TEXTS, TIMES = {20, 21, 23, 700, 701, 1700}, {25, 1042, 1043}, {1082, 1114, 1184}
DAY = date(2026, 3, 20)
NOW = datetime(
    2026, 3, 20, 16, 30, 15, 250_000, UTC
)  # the first day is in two, for what was before
WINDOW = Window(NOW - timedelta(days=30), NOW)
# Jobs that failed and passed have no component.
EMPTY_IF_NARROWED = {"Passed and failed on one commit"}
# What stands for the project, which its dashboard has no choice for before it is asked.
OWN = {"project": "shop/web"}
CHOSEN: dict[str, Value] = {
    "source": ["tekton", "trunk"],
    "pipeline": ["web-push", "web-check", "webshop-ci", 'it\'s "none"'],
    "team": ["growth", "core"],
    "branch": ["main"],
    "component": ["billing", "search"],
    "service": ["web", "search"],
    "environment": ["production"],
    "span": "14d",
    "project": "shop/api",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    folder = tmp_path_factory.mktemp("grafana")
    with Server(folder / "data", ("--pg-port", "0")) as server:
        send(server.url, samples(DAY, 1))
        server.until_ready()
        yield Asked(server, f"host=127.0.0.1 port={pg_port(server)} user=runwell dbname=runwell")


def ways(query: Query) -> tuple[str, ...]:
    return ("http",) if query.source == "infinity" else ("sql", "wire")


EACH = [(query, way) for query in QUERIES for way in ways(query)]
each = pytest.mark.parametrize(
    ("query", "way"), EACH, ids=[f"{query.id}-{way}" for query, way in EACH]
)


def ask(
    asked: Asked, query: Query, way: str, more: dict[str, Value] | None = None, **buckets: str
) -> Table:
    defaults = defaults_of(DASHBOARDS[query.dashboard])
    known = {variable["name"] for variable in DASHBOARDS[query.dashboard]["templating"]["list"]}
    chosen = {name: value for name, value in (more or {}).items() if name in known}
    variables = {**OWN, **defaults, **chosen, **buckets}
    return getattr(asked, way)(query, variables, WINDOW)


@each
def test_it_answers_what_its_panel_needs(asked: Asked, query: Query, way: str):
    table = ask(asked, query, way)
    assert table.rows, query.id
    if not query.panel:
        check_choice(query, table) if query.title[0] == "$" else check_annotation(table)
        return
    assert table.columns == tuple(columns_of(query, way))
    check_columns(query, table)
    if table.oids:
        check_types(query, table)
    if query.is_series:
        check_series(table)


def described(query: Query) -> list[dict[str, Any]]:
    """The columns as the Infinity dashboard of the same name lists them."""
    name = f"infinity/{query.dashboard.removeprefix('infinity/')}"
    panels = DASHBOARDS[name]["panels"]
    panel = next(panel for panel in panels if panel["title"] == query.title)
    return panel["targets"][0]["columns"]


def columns_of(query: Query, way: str) -> list[str]:
    names = [column["text"] for column in described(query)]
    return [PG_NAMES.get(name, name) for name in names] if way == "wire" else names


def check_columns(query: Query, table: Table) -> None:
    """Each is of its kind, and has a value somewhere."""
    for place, column in enumerate(described(query)):
        values = [row[place] for row in table.rows if row[place] is not None]
        assert values, (query.id, column["text"])
        for value in values:
            match column["type"]:
                case "number":
                    assert not isinstance(value, bool)
                    assert float(value) == float(value), (query.id, column["text"])  # no NaN
                case "string":
                    assert isinstance(value, str), (query.id, column["text"], value)
                case "timestamp":
                    assert isinstance(value, datetime) or (column["text"] == "time" and value > 0)


def check_types(query: Query, table: Table) -> None:
    """On the wire, whatever the rows are: an empty answer has types as well."""
    allowed = {"number": NUMBERS, "string": TEXTS, "timestamp": TIMES}
    for column, oid in zip(described(query), table.oids, strict=True):
        if column["text"] == "time":
            assert oid in TIMES | NUMBERS, query.id
        else:
            assert oid in allowed[column["type"]], (query.id, column["text"], oid)


def check_series(table: Table) -> None:
    """As sql_engine.go wants it: a column `time` without nulls, ascending, and numbers."""
    times = table.of("time")
    assert None not in times
    assert all(one <= other for one, other in pairwise(times))
    if "metric" in table.columns:
        names = table.of("metric")
        assert all(names), "a series without a name"
        keys = list(zip(times, names, strict=True))
        assert len(set(keys)) == len(keys)
    else:
        assert len(set(times)) == len(times)


def check_choice(query: Query, table: Table) -> None:
    assert len(table.columns) == 1
    values = table.of(table.columns[0])
    assert all(values)
    assert values == sorted(set(values))


def check_annotation(table: Table) -> None:
    assert tuple(name.lower() for name in table.columns) == ("time", "timeend", "text", "tags")
    for begin, end, text, tags in table.rows:
        assert begin <= end
        assert text
        assert tags.split(",")[0] in {"deploy", "incident"}


@each
def test_it_can_be_narrowed(asked: Asked, query: Query, way: str):
    chosen = ask(asked, query, way, CHOSEN)
    assert bool(chosen.rows) is (query.title not in EMPTY_IF_NARROWED)


@pytest.mark.parametrize("bucket", ["1h", "6h", "1d", "7d"])
def test_buckets_of_any_width_count_the_same_runs(asked: Asked, bucket: str):
    query = found("pipelines.json", "Runs")
    table = ask(asked, query, "sql", bucket=bucket)
    whole = ask(asked, found("pipelines.json", "In this time"), "sql").of("runs")[0]
    assert sum(sum(row[1:]) for row in table.rows) == whole


@pytest.mark.parametrize("bucket", ["hour", "day", "week", "month"])
@pytest.mark.parametrize(
    "query",
    [q for q in QUERIES if q.source == "infinity" and q.is_series],
    ids=lambda q: q.id,
)
def test_infinity_takes_each_of_its_buckets(asked: Asked, query: Query, bucket: str):
    table = ask(asked, query, "http", bucket=bucket)
    check_series(table)
    assert table.rows


def found(dashboard: str, title: str) -> Query:
    return next(q for q in QUERIES if (q.dashboard, q.title) == (dashboard, title))


SHARED = [
    query
    for query in QUERIES
    if query.source == "postgresql"
    and query.panel
    and not query.is_series
    and found(f"infinity/{query.dashboard}", query.title)
]


@pytest.mark.parametrize("query", SHARED, ids=lambda q: q.id)
def test_both_data_sources_tell_the_same(asked: Asked, query: Query):
    one = ask(asked, query, "sql")
    other = ask(asked, found(f"infinity/{query.dashboard}", query.title), "http")
    assert len(one.rows) == len(other.rows)
    for row, same in zip(one.rows, other.rows, strict=True):
        for value, equal in zip(row, same, strict=True):
            expected = pytest.approx(equal) if isinstance(equal, float) else equal
            assert value == expected, query.id


def test_choosing_all_is_to_choose_each(asked: Asked):
    query = found("pipelines.json", "In this time")
    pipelines = ask(asked, found("pipelines.json", "$pipeline"), "sql").of("pipeline")
    everything = ask(asked, query, "sql")
    assert ask(asked, query, "sql", {"pipeline": pipelines}).rows == everything.rows
    assert ask(asked, query, "sql", {"pipeline": []}).rows[0][0] == 0


def test_what_got_slower_is_put_down_to_the_deploy_since_which_it_is(asked: Asked):
    table = ask(asked, found("deploys.json", "What got slower since which deploy"), "sql")
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    slower = rows["web-check"]
    guilty = next(
        deploy
        for deploy in ets.deploys(DAY, 1)
        if deploy.service == "web" and deploy.ended == tekton._slower_since(DAY, 1, 1.0)
    )
    assert slower["since"] == guilty.began
    assert slower["service"] == "web"
    assert slower["change"] > 0.4
    assert {"shop/web", "webshop-ci"} < set(rows)  # these slowed down as well
    assert len(rows) < 8
    assert not {"load-nightly", "billing-push", "search-check"} & set(rows)


def test_an_incident_is_put_down_to_the_deploy_before_it(asked: Asked):
    table = ask(asked, found("deploys.json", "By service"), "sql")
    blamed = dict(zip(table.of("service"), table.of("with an incident"), strict=True))
    assert sum(blamed.values()) <= 1
    assert blamed["billing"] == blamed["search"] == 0


def test_a_time_without_anything_is_empty_and_no_error(asked: Asked):
    past = replace(
        WINDOW, begin=datetime(2001, 1, 1, tzinfo=UTC), end=datetime(2001, 1, 8, tzinfo=UTC)
    )
    for query in QUERIES:
        defaults = {**OWN, **defaults_of(DASHBOARDS[query.dashboard])}
        way = "http" if query.source == "infinity" else "sql"
        table = getattr(asked, way)(query, defaults, past)
        if query.panel.get("type") in {"table", "piechart", "barchart", "status-history"}:
            assert table.rows == [], query.id


def test_all_panels_of_a_dashboard_may_ask_at_once(asked: Asked):
    panels = [q for q in QUERIES if q.source == "postgresql" and q.panel]
    with ThreadPoolExecutor(8) as pool:
        tables = list(pool.map(lambda query: ask(asked, query, "wire"), panels))
    assert all(table.rows for table in tables)
