"""Tests: how long they take, what they use, which of them pass and fail on one commit."""

from __future__ import annotations

from model import Choice, Dashboard, Panel
from shared import BUCKET, NOTES

CHOICES = (
    Choice(
        "component",
        "Component",
        """
SELECT DISTINCT component
FROM events
WHERE kind = 'test' AND component <> '' AND $__timeFilter(time)
ORDER BY component
LIMIT 1000
""",
    ),
    Choice(
        "team",
        "Team",
        """
SELECT DISTINCT value AS team
FROM tags
WHERE kind = 'session' AND name = 'team' AND $__timeFilter(time)
ORDER BY team
LIMIT 1000
""",
    ),
    BUCKET,
)

# Tests with their session; of pytest's, since its relations have what a test used.
CHOSEN = """pytest_tests AS t
JOIN pytest_sessions AS s ON s.session_h = t.session_h
WHERE $__timeFilter(t.item_start_time)
  AND t.kind = 'function'
  AND ('*' IN ($component) OR t.component IN ($component))
  AND ('*' IN ($team) OR list_has_any(s.tags['team'], [$team]))"""

# As many lines as a panel can tell apart.
LARGEST = """
    SELECT component
    FROM pytest_tests
    WHERE $__timeFilter(item_start_time)
      AND ('*' IN ($component) OR component IN ($component))
    GROUP BY component
    ORDER BY sum(total_time) DESC, component
    LIMIT 12
  """

TOTALS = Panel(
    "In this time",
    "stat",
    f"""
SELECT
  count(DISTINCT t.session_h) AS sessions,
  count(DISTINCT (t.item_path, t.item_variant)) AS tests,
  count(*) AS "runs of tests",
  quantile_cont(t.total_time, 0.95) AS p95,
  sum(t.total_time) AS "time in all",
  max(t.mem_usage) AS "most memory"
FROM {CHOSEN}
""",
    {
        "sessions": "count",
        "tests": "count",
        "runs of tests": "count",
        "p95": "seconds",
        "time in all": "seconds",
        "most memory": "MiB",
    },
    width=24,
    height=4,
)

SESSIONS = Panel(
    "Sessions",
    "timeseries",
    """
SELECT
  $__timeGroupAlias(run_date, '$bucket', 0),
  count(*) AS sessions
FROM pytest_sessions
WHERE $__timeFilter(run_date)
  AND ('*' IN ($team) OR list_has_any(tags['team'], [$team]))
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "sessions": "count"},
    is_stacked=True,
)

LENGTHS = Panel(
    "Time of a session",
    "timeseries",
    f"""
WITH sessions AS (
  SELECT s.run_date, sum(t.total_time) AS took
  FROM {CHOSEN}
  GROUP BY s.session_h, s.run_date
)
SELECT
  $__timeGroupAlias(run_date, '$bucket', NULL),
  quantile_cont(took, 0.5) AS p50,
  max(took) AS longest
FROM sessions
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "p50": "seconds", "longest": "seconds"},
    about="The chosen tests of each session one after the other.",
)

BY_COMPONENT = Panel(
    "p95 of a test, by component",
    "timeseries",
    f"""
SELECT
  $__timeGroupAlias(t.item_start_time, '$bucket', NULL),
  coalesce(nullif(t.component, ''), '(none)') AS metric,
  quantile_cont(t.total_time, 0.95) AS p95
FROM {CHOSEN}
  AND t.component IN ({LARGEST})
GROUP BY 1, 2
ORDER BY 1, 2
""",
    {"time": "time", "metric": "text", "p95": "seconds"},
)

MEMORY = Panel(
    "Memory at its peak, by component",
    "timeseries",
    f"""
SELECT
  $__timeGroupAlias(m.time, '$bucket', NULL),
  coalesce(nullif(e.component, ''), '(none)') AS metric,
  max(m.value) AS memory
FROM metrics AS m
JOIN events AS e ON e.arrival = m.arrival
WHERE $__timeFilter(m.time)
  AND m.kind = 'test'
  AND m.name = 'mem_usage'
  AND ('*' IN ($component) OR e.component IN ($component))
  AND e.component IN ({LARGEST})
GROUP BY 1, 2
ORDER BY 1, 2
""",
    {"time": "time", "metric": "text", "memory": "MiB"},
)

SLOWEST = Panel(
    "Slowest tests, beside as much time before",
    "table",
    """
WITH runs AS (
  SELECT
    t.item_path, t.item_variant, t.component, t.total_time,
    t.item_start_time >= CAST($__timeFrom() AS TIMESTAMP) AS is_now
  FROM pytest_tests AS t
  JOIN pytest_sessions AS s ON s.session_h = t.session_h
  WHERE t.item_start_time >= CAST($__timeFrom() AS TIMESTAMP)
      - (CAST($__timeTo() AS TIMESTAMP) - CAST($__timeFrom() AS TIMESTAMP))
    AND t.item_start_time <= $__timeTo()
    AND t.kind = 'function'
    AND ('*' IN ($component) OR t.component IN ($component))
    AND ('*' IN ($team) OR list_has_any(s.tags['team'], [$team]))
),
measured AS (
  SELECT
    item_variant AS test,
    item_path AS module,
    component,
    count(*) FILTER (WHERE is_now) AS runs,
    quantile_cont(total_time, 0.5) FILTER (WHERE is_now) AS p50,
    quantile_cont(total_time, 0.95) FILTER (WHERE is_now) AS p95,
    sum(total_time) FILTER (WHERE is_now) AS "time in all",
    quantile_cont(total_time, 0.5) FILTER (WHERE NOT is_now) AS p50_before
  FROM runs
  GROUP BY item_variant, item_path, component
)
SELECT
  test, module, component, runs, p50, p95, "time in all",
  p50 / nullif(p50_before, 0) - 1 AS change
FROM measured
WHERE runs > 0
ORDER BY p95 DESC, test, module
LIMIT 50
""",
    {
        "test": "text",
        "module": "text",
        "component": "text",
        "runs": "count",
        "p50": "seconds",
        "p95": "seconds",
        "time in all": "seconds",
        "change": "share",
    },
    width=24,
    height=10,
    about="`change` is that of the median.",
)

FLAKY = Panel(
    "Passed and failed on one commit",
    "table",
    """
WITH at_one AS (
  SELECT
    source,
    name,
    coalesce(nullif(repo, ''), nullif(component, ''), pipeline) AS place,
    coalesce(nullif(sha, ''), chain) AS commit_or_run,
    count(*) AS runs,
    count(*) FILTER (WHERE status IN ('failed', 'timed_out')) AS failed,
    count(*) FILTER (WHERE status = 'succeeded') AS passed,
    max(time) AS newest
  FROM events
  WHERE $__timeFilter(time)
    AND kind IN ('test', 'job', 'stage', 'step', 'task')
    AND ('*' IN ($component) OR component IN ($component))
  GROUP BY source, name, place, commit_or_run
)
SELECT
  name,
  place,
  source,
  count(*) FILTER (WHERE passed > 0 AND failed > 0) AS "commits with both",
  count(*) FILTER (WHERE passed > 0 AND failed > 0) / count(*) AS share,
  sum(runs) AS runs,
  max(newest) FILTER (WHERE passed > 0 AND failed > 0) AS newest
FROM at_one
GROUP BY name, place, source
HAVING count(*) FILTER (WHERE passed > 0 AND failed > 0) > 0
ORDER BY "commits with both" DESC, name, place
LIMIT 50
""",
    {
        "name": "text",
        "place": "text",
        "source": "text",
        "commits with both": "count",
        "share": "share",
        "runs": "count",
        "newest": "time",
    },
    width=24,
    about="Tests, jobs, stages and tasks; where no commit is told, within one run or session.",
)

HUNGRIEST = Panel(
    "Memory and CPU by test",
    "table",
    """
SELECT
  e.name AS test,
  e.component,
  max(m.value) FILTER (WHERE m.name = 'mem_usage') AS "most memory",
  avg(m.value) FILTER (WHERE m.name = 'mem_usage') AS "usual memory",
  avg(m.value) FILTER (WHERE m.name = 'cpu_usage') AS cores,
  sum(m.value) FILTER (WHERE m.name IN ('user_time', 'kernel_time')) AS "CPU time"
FROM metrics AS m
JOIN events AS e ON e.arrival = m.arrival
WHERE $__timeFilter(m.time)
  AND m.kind = 'test'
  AND m.name IN ('mem_usage', 'cpu_usage', 'user_time', 'kernel_time')
  AND ('*' IN ($component) OR e.component IN ($component))
GROUP BY test, e.component
ORDER BY "most memory" DESC NULLS LAST, test, e.component
LIMIT 50
""",
    {
        "test": "text",
        "component": "text",
        "most memory": "MiB",
        "usual memory": "MiB",
        "cores": "number",
        "CPU time": "seconds",
    },
    width=12,
    height=10,
)

MACHINES = Panel(
    "By machine",
    "table",
    f"""
SELECT
  c.machine_node AS machine,
  c.cpu_count AS cores,
  c.ram_total_mb AS memory,
  used.tests,
  used.p50,
  used.p95
FROM pytest_contexts AS c
JOIN (
  SELECT
    t.context_h,
    count(*) AS tests,
    quantile_cont(t.total_time, 0.5) AS p50,
    quantile_cont(t.total_time, 0.95) AS p95
  FROM {CHOSEN}
  GROUP BY t.context_h
) AS used ON used.context_h = c.env_h
ORDER BY machine
LIMIT 50
""",
    {
        "machine": "text",
        "cores": "number",
        "memory": "MiB",
        "tests": "count",
        "p50": "seconds",
        "p95": "seconds",
    },
    width=12,
    height=10,
)

NEWEST = Panel(
    "Newest sessions",
    "table",
    f"""
SELECT
  s.run_date AS time,
  left(s.scm_ref, 10) AS commit,
  s.tags['pipeline_branch'][1] AS branch,
  s.tags['pipeline_build_no'][1] AS build,
  s.tags['team'][1] AS team,
  count(*) AS tests,
  sum(t.total_time) AS took,
  max(t.mem_usage) AS "most memory"
FROM {CHOSEN}
GROUP BY s.session_h, s.run_date, s.scm_ref, s.tags
ORDER BY time DESC
LIMIT 50
""",
    {
        "time": "time",
        "commit": "text",
        "branch": "text",
        "build": "text",
        "team": "text",
        "tests": "count",
        "took": "seconds",
        "most memory": "MiB",
    },
    width=24,
)

DASHBOARD = Dashboard(
    "Tests",
    {"postgresql": "runwell-pg-tests", "infinity": "runwell-http-tests"},
    (
        TOTALS,
        SESSIONS,
        LENGTHS,
        BY_COMPONENT,
        MEMORY,
        SLOWEST,
        FLAKY,
        HUNGRIEST,
        MACHINES,
        NEWEST,
    ),
    CHOICES,
    NOTES,
    about="How long tests take, what they use, and which of them cannot be trusted.",
)
