"""The dashboards as Grafana reads them: ids, places, references, names of columns; no server."""

from __future__ import annotations

import json
import re
import runpy
import sys
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from tests.contrib.grafana import Query, queries_of

from runwell.app import build
from runwell.config import Config
from runwell.store.columns.sandbox import parse_sql

ROOT = Path(__file__).parents[2] / "contrib" / "grafana"
FILES = sorted(ROOT.glob("dashboards/**/*.json"))
NAMES = [str(path.relative_to(ROOT / "dashboards")) for path in FILES]
DASHBOARDS: dict[str, dict[str, Any]] = {
    name: json.loads(path.read_text("utf-8")) for name, path in zip(NAMES, FILES, strict=True)
}
TYPES = {
    "postgresql": "grafana-postgresql-datasource",
    "infinity": "yesoreyeram-infinity-datasource",
}
PANELS = {"stat", "timeseries", "table", "piechart", "barchart", "status-history"}
UNITS = {"short", "s", "percentunit", "mbytes"}
QUERIES = [query for name, dashboard in DASHBOARDS.items() for query in queries_of(name, dashboard)]
SQL = [query for query in QUERIES if query.sql]
every_dashboard = pytest.mark.parametrize("name", NAMES)
every_sql = pytest.mark.parametrize("query", SQL, ids=[query.id for query in SQL])


def read_yaml(*path: str) -> Any:
    return yaml.safe_load((ROOT.joinpath(*path)).read_text("utf-8"))


def all_of(value: Any) -> Iterator[Any]:
    """The value and everything in it."""
    yield value
    for item in value.values() if isinstance(value, Mapping) else value:
        if isinstance(item, dict | list):
            yield from all_of(item)
        else:
            yield item


def test_there_are_the_same_dashboards_for_both_data_sources():
    names = {"deploys.json", "pipeline-metrics.json", "pipelines.json", "tests.json"}
    assert set(NAMES) == names | {f"infinity/{name}" for name in names}


def test_the_files_are_what_is_described(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "make"))
    monkeypatch.setattr(sys, "modules", {**sys.modules})
    made = runpy.run_path(str(ROOT / "make" / "__main__.py"))
    assert made["files"](ROOT) == {path: path.read_text("utf-8") for path in FILES}, (
        "run `python contrib/grafana/make`"
    )


def test_each_dashboard_has_a_uid_of_its_own():
    uids = [dashboard["uid"] for dashboard in DASHBOARDS.values()]
    assert len(set(uids)) == len(uids)
    assert all(re.fullmatch(r"[a-z-]{1,40}", uid) for uid in uids)
    assert DASHBOARDS["infinity/pipeline-metrics.json"]["uid"] == "runwell-pipelines"
    titles = [dashboard["title"] for dashboard in DASHBOARDS.values()]
    assert len(set(titles)) == len(titles)


@every_dashboard
def test_it_has_what_the_model_of_a_dashboard_needs(name: str):
    dashboard = DASHBOARDS[name]
    assert dashboard["schemaVersion"] == 42
    assert "id" not in dashboard  # the database's
    assert dashboard["time"] == {"from": "now-30d", "to": "now"}
    assert dashboard["refresh"] == "1m"
    assert dashboard["timezone"] == "utc"
    for panel in dashboard["panels"]:
        assert panel["type"] in PANELS
        assert panel["title"]
        assert [target["refId"] for target in panel["targets"]] == ["A"]
        assert {"defaults", "overrides"} == set(panel["fieldConfig"])
        assert panel["fieldConfig"]["defaults"].get("unit", "s") in UNITS
    variables = [variable["name"] for variable in dashboard["templating"]["list"]]
    assert variables[0] == "datasource"
    assert len(set(variables)) == len(variables)


@every_dashboard
def test_panels_have_ids_of_their_own_and_do_not_overlap(name: str):
    panels = DASHBOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    covered: list[set[tuple[int, int]]] = []
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= 24
        columns = range(place["x"], place["x"] + place["w"])
        covered.append({(x, place["y"] + row) for x in columns for row in range(place["h"])})
    assert not any(one & other for one, other in combinations(covered, 2))


@every_dashboard
def test_every_reference_is_to_the_data_source_that_is_chosen(name: str):
    dashboard = DASHBOARDS[name]
    kind = "infinity" if name.startswith("infinity/") else "postgresql"
    found = [item["datasource"] for item in all_of(dashboard) if "datasource" in _keys(item)]
    own = {"type": "grafana", "uid": "-- Grafana --"}
    chosen = {"type": TYPES[kind], "uid": "${datasource}"}
    assert all(reference in (own, chosen) for reference in found)
    assert found.count(own) == 1
    choice = dashboard["templating"]["list"][0]
    assert (choice["type"], choice["query"]) == ("datasource", TYPES[kind])
    provisioned = read_yaml("provisioning", "datasources", "runwell.yaml")["datasources"]
    named = {source["uid"]: (source["name"], source["type"]) for source in provisioned}
    assert named[choice["current"]["value"]] == (choice["current"]["text"], TYPES[kind])


def _keys(item: Any) -> set[str]:
    return set(item) if isinstance(item, dict) else set()


@every_dashboard
def test_it_names_no_host(name: str):
    texts = [text for text in all_of(DASHBOARDS[name]) if isinstance(text, str)]
    assert not [text for text in texts if "://" in text or "localhost" in text]
    urls = [query.model["url"] for query in QUERIES if query.source == "infinity"]
    assert all(re.fullmatch(r"/-/api/(sql|series|summary)\?shape=objects", url) for url in urls)


@every_dashboard
def test_what_it_uses_as_a_variable_is_one(name: str):
    dashboard = DASHBOARDS[name]
    known = {variable["name"] for variable in dashboard["templating"]["list"]}
    texts = [text for text in all_of(dashboard) if isinstance(text, str)]
    found = {
        plain or braced
        for text in texts
        for plain, braced in re.findall(r"\$(?:(\w+)|\{(\w+)[:}])", text)
    }
    assert {name for name in found if not name.startswith("_")} <= known
    assert {name for name in found if name.startswith("_")} <= {
        *("__from", "__to", "__all", "__field", "__value"),
        *("__timeFilter", "__timeFrom", "__timeTo", "__timeGroupAlias"),
    }


@pytest.mark.parametrize(
    "query", [q for q in QUERIES if q.source == "infinity"], ids=lambda q: q.id
)
def test_infinity_is_asked_without_macros_that_it_does_not_know(query: Query):
    assert "$__" not in json.dumps(query.model)
    assert query.model["parser"] == "backend"
    assert query.model["type"] == "json"
    names = [column["text"] for column in query.model["columns"]]
    assert len(set(names)) == len(names) > 0
    types = {column["type"] for column in query.model["columns"]}
    assert types <= {"string", "number", "timestamp"}


@every_dashboard
def test_overrides_and_options_name_columns_that_are_there(name: str):
    kind = "infinity" if name.startswith("infinity/") else "postgresql"
    same = DASHBOARDS[f"infinity/{name.removeprefix('infinity/')}"]["panels"]
    for panel, described in zip(DASHBOARDS[name]["panels"], same, strict=True):
        columns = [column["text"] for column in described["targets"][0]["columns"]]
        for override in panel["fieldConfig"]["overrides"]:
            assert override["matcher"]["id"] == "byName"
            assert override["matcher"]["options"] in columns, (kind, panel["title"])
        assert panel["options"].get("xField", columns[0]) in columns
        assert "transformations" not in panel


# --- the schema ---


@pytest.fixture(scope="module")
def relations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """The columns of every relation that SQL may read."""
    app = build(Config(data=str(tmp_path_factory.mktemp("relations"))))
    yield {
        name: {column.name for column in relation.columns}
        for name, relation in app.store.columns.relations().items()
    }
    app.store.close()


@pytest.fixture(scope="module")
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    yield connection
    connection.close()


def parsable(sql: str) -> str:
    """The SQL with something in the place of macros and variables, that the parser takes."""
    sql = re.sub(r"\$__timeFilter\(([^)]*)\)", r"\1 IS NOT NULL", sql)
    sql = re.sub(r"\$__timeGroupAlias\(([^,)]*)[^)]*\)", r'\1 AS "time"', sql)
    sql = re.sub(r"\$__time(From|To)\(\)", "'2026-01-01'", sql)
    sql = re.sub(r"INTERVAL '\$\w+'", "INTERVAL '1d'", sql)
    sql = re.sub(r"'\$\w+'|'\$\{\w+(:[\w:]+)?\}'", "'x'", sql)
    return re.sub(r"\$\w+|\$\{\w+(:[\w:]+)?\}", "'x'", sql)


def unknown_names(tree: Any, relations: Mapping[str, set[str]]) -> list[str]:
    """Relations and columns of a statement that are not in the schema and not its own."""
    nodes = [node for node in all_of(tree) if isinstance(node, dict)]
    own = {entry["key"] for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    tables = [node for node in nodes if node.get("type") == "BASE_TABLE"]
    read = {table["table_name"] for table in tables} - own
    missing = sorted(read - set(relations))
    aliases = {table["alias"] or table["table_name"]: table["table_name"] for table in tables}
    named = {node["alias"] for node in nodes if node.get("alias")}
    open_to_all = named.union(*(relations.get(name, set()) for name in read))
    for node in nodes:
        if node.get("class") != "COLUMN_REF":
            continue
        *qualifier, column = node["column_names"]
        table = aliases.get(qualifier[0], "") if qualifier else ""
        if table in relations and table not in own:
            if column not in relations[table]:
                missing.append(f"{table}.{column}")
        elif column not in open_to_all:
            missing.append(column)
    return missing


@every_sql
def test_it_reads_relations_and_columns_that_there_are(
    query: Query, relations: dict[str, set[str]], cursor: duckdb.DuckDBPyConnection
):
    assert unknown_names(parse_sql(cursor, parsable(query.sql)), relations) == []


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT e.nmae FROM events e", ["events.nmae"]),
        ("SELECT nmae FROM events", ["nmae"]),
        ("SELECT t.x FROM test AS t", ["test", "t.x"]),
        ("WITH a AS (SELECT name AS n FROM tags) SELECT n, m FROM a", ["m"]),
        ("SELECT name FROM events WHERE arrival IN (SELECT arival FROM tags)", ["arival"]),
        ("SELECT total_time AS took FROM pytest_tests ORDER BY took", []),
    ],
)
def test_a_column_that_is_not_there_is_told_by_its_name(
    sql: str, expected: list[str], relations: dict[str, set[str]], cursor: duckdb.DuckDBPyConnection
):
    found = unknown_names(parse_sql(cursor, sql), relations)
    assert found == [name.removeprefix("t.") for name in expected]
