"""The panels of pipeline-metrics-collector, its three documented queries word for word."""

from __future__ import annotations

from model import Choice, Dashboard, Panel

PROJECT = Choice(
    "project",
    "Project",
    "SELECT DISTINCT project FROM metrics_pipeline ORDER BY project",
    is_many=False,
)

CHOSEN = "$__timeFilter(created_at) AND mp.project = '$project' AND mp.is_master = true"

COUNT = Panel(
    "Pipelines on the main branch",
    "stat",
    """
SELECT count(*)
FROM metrics_pipeline mp
WHERE
$__timeFilter(created_at) AND
mp.project = '$project' AND mp.is_master = true
""",
    {"count_star()": "count"},
    width=4,
    height=6,
)

KINDS = Panel(
    "By restarts",
    "piechart",
    f"""
SELECT CASE WHEN mp.has_restarts THEN 'restarted' ELSE 'straight' END AS kind, count(*) AS pipelines
FROM metrics_pipeline mp
WHERE {CHOSEN}
GROUP BY 1
ORDER BY 1
""",
    {"kind": "text", "pipelines": "count"},
    width=5,
    height=6,
)

RESTARTS = Panel(
    "Restarts over time",
    "timeseries",
    f"""
SELECT date_trunc('day', mp.created_at) AS "time",
count(*) FILTER (WHERE mp.has_restarts) AS restarted,
count(*) FILTER (WHERE NOT mp.has_restarts) AS straight
FROM metrics_pipeline mp
WHERE {CHOSEN}
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "restarted": "count", "straight": "count"},
    width=15,
    height=6,
    is_stacked=True,
)

BEFORE_E2E = Panel(
    "Time to the start of E2E",
    "stat",
    """
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
""",
    {"p50": "seconds", "p80": "seconds", "p95": "seconds"},
    height=6,
)

E2E = Panel(
    "Time of E2E without restarts",
    "stat",
    """
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
""",
    {"p50": "seconds", "p80": "seconds", "p95": "seconds"},
    height=6,
)

EACH_BEFORE = Panel(
    "Time to the first E2E job, each pipeline",
    "barchart",
    f"""
SELECT mp.created_at AS "time", mp.duration - mp.duration_e2e AS before_e2e
FROM metrics_pipeline mp
WHERE {CHOSEN}
ORDER BY 1
""",
    {"time": "time", "before_e2e": "seconds"},
    width=24,
)

EACH = Panel(
    "Total, E2E and build of E2E, each pipeline",
    "barchart",
    f"""
SELECT mp.created_at AS "time", mp.duration AS total, mp.duration_e2e AS e2e,
(SELECT sum(mb.duration) FROM metrics_build mb
WHERE mb.pipeline_id = mp.pipeline_id AND mb.name = 'build-e2e') AS build_e2e
FROM metrics_pipeline mp
WHERE {CHOSEN}
ORDER BY 1
""",
    {"time": "time", "total": "seconds", "e2e": "seconds", "build_e2e": "seconds"},
    width=24,
)

DASHBOARD = Dashboard(
    "Pipeline metrics",
    {"postgresql": "runwell-pg-pipeline-metrics", "infinity": "runwell-pipelines"},
    (COUNT, KINDS, RESTARTS, BEFORE_E2E, E2E, EACH_BEFORE, EACH),
    (PROJECT,),
    about="What pipeline-metrics-collector's users look at, of its own relations.",
)
