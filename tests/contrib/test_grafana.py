"""The documented Grafana queries against numpy, and every query of the ready dashboard."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from runwell.protocols.pipeline_metrics import PROTOCOL
from runwell.protocols.pipeline_metrics.decode import read_report
from runwell.protocols.pipeline_metrics.translate import Rules, to_writes
from runwell.store.columns import Stopper, open_columns
from runwell.store.columns.base import Additions, SQLLimits
from runwell.store.ledger import open_ledger
from runwell.store.projector import Projector

DASHBOARDS = Path(__file__).parents[2] / "contrib" / "grafana" / "dashboards"
DASHBOARD = DASHBOARDS / "infinity" / "pipeline-metrics.json"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
FROM, TO = "2026-02-01T00:00:00Z", "2026-05-01T12:00:00Z"
PIPELINES = 5_000
LIMITS = SQLLimits(100_000, 100_000_000)

# As the original's README has them; $__timeFilter and $project are Grafana's.
COUNT = """
SELECT count(*)
FROM metrics_pipeline mp
WHERE
$__timeFilter(created_at) AND
mp.project = '$project' AND mp.is_master = true
"""
BEFORE_E2E = """
SELECT
PERCENTILE_CONT(0.5) WITHIN GROUP(ORDER by total) as p50,
PERCENTILE_CONT(0.80) WITHIN GROUP(ORDER by total) as p80,
PERCENTILE_CONT(0.95) WITHIN GROUP(ORDER by total) as p95
FROM (SELECT
created_at AS "time",
mp.duration - mp.duration_e2e as "total"
FROM metrics_pipeline mp
LEFT JOIN metrics_build mb
ON mb.pipeline_id = mp.pipeline_id
WHERE
$__timeFilter(created_at) AND
mp.project = '$project' AND mp.is_master = true
GROUP BY time, mp.duration, mp.duration_e2e
ORDER BY 1) as data
"""
E2E = """
SELECT
PERCENTILE_CONT(0.5) WITHIN GROUP(ORDER by total_e2e) as p50,
PERCENTILE_CONT(0.80) WITHIN GROUP(ORDER by total_e2e) as p80,
PERCENTILE_CONT(0.95) WITHIN GROUP(ORDER by total_e2e) as p95
FROM (SELECT
created_at AS "time",
mp.duration_e2e as "total_e2e"
FROM metrics_pipeline mp
LEFT JOIN metrics_build mb
ON mb.pipeline_id = mp.pipeline_id
WHERE
$__timeFilter(created_at) AND
mp.project = '$project' AND mp.is_master = true AND mp.has_restarts = false
GROUP BY time, mp.duration, mp.duration_e2e
ORDER BY 1) as data
"""
Ask = Callable[[str], list[tuple]]


def reports() -> list[dict]:
    chance = random.Random(42)
    made = []
    for number in range(PIPELINES):
        # few different times and durations, so that the queries' GROUP BY has something to merge
        at = BEGIN + timedelta(minutes=chance.randrange(0, 260_000, 97))
        builds = [{f"build-{n}": chance.randrange(90)} for n in range(chance.randrange(4))]
        e2e = chance.randrange(0, 600, 30)
        made.append(
            {
                "pipeline_id": number,
                "project": chance.choice(["shop/web", "shop/api"]),
                "created_at": at.isoformat(),
                "ref": chance.choice(["master", "master", "main", "feature"]),
                "duration": e2e + chance.randrange(0, 900, 30),
                "duration_e2e": e2e,
                "has_restarts": chance.random() < 0.2,
                "builds": builds,
                "jobs": [{"name": "e2e", "duration": e2e}],
                "jobs_failed": [],
            }
        )
    return made


@pytest.fixture(scope="module")
def data() -> list[dict]:
    return reports()


@pytest.fixture(scope="module")
def ask(data: list[dict], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp("grafana")
    rules = Rules(by_project=False, main_refs=frozenset({"master", "main"}))
    ledger = open_ledger(f"sqlite:///{folder}/ledger.sqlite")
    columns = open_columns(
        f"duckdb:///{folder}/columns.duckdb", ledger.identity, added=Additions([PROTOCOL.views])
    )
    texts = [json.dumps(report) for report in data]
    ledger.commit([to_writes(read_report(t.encode()), t, rules, "") for t in texts], 1)
    while Projector(ledger, columns, rows_max=10_000, delay_seconds=0).step():
        pass
    yield lambda sql: columns.sql(sql, [], LIMITS, Stopper()).rows
    columns.close()
    ledger.close()


def expanded(sql: str) -> str:
    between = f"created_at BETWEEN '{FROM}' AND '{TO}'"
    return sql.replace("$__timeFilter(created_at)", between).replace("$project", "shop/web")


def chosen(data: list[dict]) -> list[dict]:
    begin, end = datetime.fromisoformat(FROM), datetime.fromisoformat(TO)
    return [
        report
        for report in data
        if report["project"] == "shop/web"
        and report["ref"] in ("master", "main")
        and begin <= datetime.fromisoformat(report["created_at"]) <= end
    ]


def percentiles(rows: list[dict], value: Callable[[dict], int]) -> list[float]:
    # GROUP BY time, duration, duration_e2e merges pipelines that are equal in all three
    merged = {(r["created_at"], r["duration"], r["duration_e2e"]): value(r) for r in rows}
    return list(np.percentile(list(merged.values()), [50, 80, 95]))


def test_the_documented_count_runs_as_written(ask: Ask, data: list[dict]):
    assert ask(expanded(COUNT)) == [(len(chosen(data)),)]
    assert len(chosen(data)) > 500


def test_the_documented_time_to_e2e_runs_as_written(ask: Ask, data: list[dict]):
    expected = percentiles(chosen(data), lambda r: r["duration"] - r["duration_e2e"])
    assert list(ask(expanded(BEFORE_E2E))[0]) == pytest.approx(expected)


def test_the_documented_time_of_e2e_runs_as_written(ask: Ask, data: list[dict]):
    straight = [report for report in chosen(data) if not report["has_restarts"]]
    expected = percentiles(straight, lambda r: r["duration_e2e"])
    assert list(ask(expanded(E2E))[0]) == pytest.approx(expected)


def queries_of(dashboard: dict) -> list[tuple[str, dict]]:
    found = [
        (panel["title"], target) for panel in dashboard["panels"] for target in panel["targets"]
    ]
    variables = dashboard["templating"]["list"]
    return found + [
        (variable["name"], variable["query"]["infinityQuery"])
        for variable in variables
        if variable["type"] == "query"
    ]


QUERIES = queries_of(json.loads(DASHBOARD.read_text("utf-8")))


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_every_query_of_the_dashboard_answers_its_columns(title: str, query: dict, ask: Ask):
    options = query["url_options"]
    assert (query["url"], options["method"]) == ("/-/api/sql?shape=objects", "POST")
    sql = json.loads(options["data"])["sql"]
    written_out = (
        sql.replace("${__from:date:iso}", FROM)
        .replace("${__to:date:iso}", TO)
        .replace("$project", "shop/web")
    )
    assert "$" not in written_out
    rows = ask(written_out)
    assert rows, title
    assert len(rows[0]) == len(query["columns"])


def squeezed(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip()


@pytest.mark.parametrize("documented", [COUNT, BEFORE_E2E, E2E])
def test_the_dashboard_holds_the_documented_queries_word_for_word(documented: str):
    macro = "created_at BETWEEN '${__from:date:iso}' AND '${__to:date:iso}'"
    wanted = squeezed(documented.replace("$__timeFilter(created_at)", macro))
    texts = [squeezed(json.loads(query["url_options"]["data"])["sql"]) for _, query in QUERIES]
    assert wanted in texts


@pytest.mark.parametrize("documented", [COUNT, BEFORE_E2E, E2E])
def test_with_the_macros_of_postgresql_they_stand_as_documented(documented: str):
    dashboard = json.loads((DASHBOARDS / "pipeline-metrics.json").read_text("utf-8"))
    texts = [target["rawSql"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert documented.strip() in texts
