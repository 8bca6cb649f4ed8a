"""Runs of pipelines, whatever protocol told of them."""

from __future__ import annotations

from model import Asked, Choice, Dashboard, Panel
from shared import BUCKET, NOTES

CHOICES = (
    Choice(
        "source",
        "Source",
        """
SELECT DISTINCT source
FROM events
WHERE kind = 'pipeline' AND $__timeFilter(time)
ORDER BY source
""",
    ),
    Choice(
        "pipeline",
        "Pipeline",
        """
SELECT DISTINCT pipeline
FROM events
WHERE kind = 'pipeline' AND pipeline <> '' AND $__timeFilter(time)
ORDER BY pipeline
LIMIT 1000
""",
    ),
    Choice(
        "team",
        "Team",
        """
SELECT DISTINCT value AS team
FROM tags
WHERE kind = 'pipeline' AND name = 'team' AND $__timeFilter(time)
ORDER BY team
LIMIT 1000
""",
    ),
    Choice(
        "branch",
        "Branch",
        """
SELECT DISTINCT ref AS branch
FROM events
WHERE kind = 'pipeline' AND ref <> '' AND $__timeFilter(time)
ORDER BY branch
LIMIT 1000
""",
    ),
    BUCKET,
)

# The same choice in each language.
CHOSEN = """kind = 'pipeline'
  AND ('*' IN ($source) OR source IN ($source))
  AND ('*' IN ($pipeline) OR pipeline IN ($pipeline))
  AND ('*' IN ($team) OR list_has_any(tags['team'], [$team]))
  AND ('*' IN ($branch) OR ref IN ($branch))"""
FILTER = (
    "kind == 'pipeline'"
    " && ('*' in [${source:singlequote}] || source in [${source:singlequote}])"
    " && ('*' in [${pipeline:singlequote}] || pipeline in [${pipeline:singlequote}])"
    " && ('*' in [${team:singlequote}] || tags.team in [${team:singlequote}])"
    " && ('*' in [${branch:singlequote}] || ref in [${branch:singlequote}])"
)
WITHIN = (
    FILTER + " && time >= timestamp('${__from:date:iso}') && time <= timestamp('${__to:date:iso}')"
)
# Of the runs that came to an end of their own.
RATE = """count(*) FILTER (WHERE status IN ('failed', 'timed_out'))
    / nullif(count(*) FILTER (WHERE status IN ('succeeded', 'failed', 'timed_out')), 0)"""


def _series(*measures: str) -> Asked:
    parameters = {
        "bucket": "$bucket",
        "from": "${__from:date:iso}",
        "to": "${__to:date:iso}",
        "summary": ",".join(measures),
        "filter": FILTER,
    }
    return Asked("/-/api/series", parameters, ("time", *measures))


def _summary(*measures: str) -> Asked:
    parameters = {"summary": ",".join(measures), "filter": WITHIN}
    return Asked("/-/api/summary", parameters, measures)


TOTALS = Panel(
    "In this time",
    "stat",
    f"""
SELECT
  count(*) AS runs,
  {RATE} AS "failure rate",
  quantile_cont(duration, 0.5) AS p50,
  quantile_cont(duration, 0.95) AS p95,
  quantile_cont(queue, 0.95) AS "queue p95"
FROM events
WHERE $__timeFilter(time)
  AND {CHOSEN}
""",
    {
        "runs": "count",
        "failure rate": "share",
        "p50": "seconds",
        "p95": "seconds",
        "queue p95": "seconds",
    },
    width=24,
    height=4,
    about="The failure rate is of the runs that came to an end of their own.",
    asked=_summary("total", "failure_rate", "p50_duration", "p95_duration", "p95(queue)"),
)

RUNS = Panel(
    "Runs",
    "timeseries",
    f"""
SELECT
  $__timeGroupAlias(time, '$bucket', 0),
  count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
  count(*) FILTER (WHERE status = 'failed') AS failed,
  count(*) FILTER (WHERE status = 'timed_out') AS timed_out,
  count(*) FILTER (WHERE status = 'cancelled') AS cancelled
FROM events
WHERE $__timeFilter(time)
  AND {CHOSEN}
GROUP BY 1
ORDER BY 1
""",
    {
        "time": "time",
        "succeeded": "count",
        "failed": "count",
        "timed_out": "count",
        "cancelled": "count",
    },
    is_stacked=True,
    asked=_series("succeeded", "failed", "timed_out", "cancelled"),
)

FAILURES = Panel(
    "Failure rate",
    "timeseries",
    f"""
SELECT
  $__timeGroupAlias(time, '$bucket', NULL),
  {RATE} AS "failure rate"
FROM events
WHERE $__timeFilter(time)
  AND {CHOSEN}
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "failure rate": "share"},
    asked=_series("failure_rate"),
)

DURATIONS = Panel(
    "Duration",
    "timeseries",
    f"""
SELECT
  $__timeGroupAlias(time, '$bucket', NULL),
  quantile_cont(duration, 0.5) AS p50,
  quantile_cont(duration, 0.95) AS p95
FROM events
WHERE $__timeFilter(time)
  AND {CHOSEN}
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "p50": "seconds", "p95": "seconds"},
    asked=_series("p50_duration", "p95_duration"),
)

QUEUE = Panel(
    "Time in the queue",
    "timeseries",
    f"""
SELECT
  $__timeGroupAlias(time, '$bucket', NULL),
  quantile_cont(queue, 0.5) AS p50,
  quantile_cont(queue, 0.95) AS p95
FROM events
WHERE $__timeFilter(time)
  AND {CHOSEN}
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "p50": "seconds", "p95": "seconds"},
    about="From being queued, or created, to the start. Not every protocol tells it.",
    asked=_series("p50(queue)", "p95(queue)"),
)

SLOWEST = Panel(
    "Slowest pipelines, beside as much time before",
    "table",
    f"""
WITH runs AS (
  SELECT pipeline, source, status, duration, time >= CAST($__timeFrom() AS TIMESTAMP) AS is_now
  FROM events
  WHERE time >= CAST($__timeFrom() AS TIMESTAMP)
      - (CAST($__timeTo() AS TIMESTAMP) - CAST($__timeFrom() AS TIMESTAMP))
  AND time <= $__timeTo()
  AND pipeline <> ''
  AND {CHOSEN}
),
measured AS (
  SELECT
    pipeline,
    source,
    count(*) FILTER (WHERE is_now) AS runs,
    count(*) FILTER (WHERE is_now AND status IN ('failed', 'timed_out')) AS failed,
    quantile_cont(duration, 0.5) FILTER (WHERE is_now) AS p50,
    quantile_cont(duration, 0.95) FILTER (WHERE is_now) AS p95,
    quantile_cont(duration, 0.95) FILTER (WHERE NOT is_now) AS p95_before
  FROM runs
  GROUP BY pipeline, source
)
SELECT
  pipeline, source, runs, failed, p50, p95,
  p95_before AS "p95 before",
  p95 / nullif(p95_before, 0) - 1 AS change
FROM measured
WHERE runs > 0
ORDER BY p95 DESC NULLS LAST
LIMIT 25
""",
    {
        "pipeline": "text",
        "source": "text",
        "runs": "count",
        "failed": "count",
        "p50": "seconds",
        "p95": "seconds",
        "p95 before": "seconds",
        "change": "share",
    },
    width=24,
    height=9,
)

BY_TEAM = Panel(
    "By team",
    "table",
    f"""
SELECT
  t.value AS team,
  count(*) AS runs,
  {RATE} AS "failure rate",
  quantile_cont(e.duration, 0.5) AS p50,
  quantile_cont(e.duration, 0.95) AS p95,
  sum(e.duration) AS "time in all"
FROM tags AS t
JOIN (
  SELECT arrival, status, duration
  FROM events
  WHERE $__timeFilter(time)
    AND {CHOSEN}
) AS e ON e.arrival = t.arrival
WHERE t.name = 'team'
GROUP BY team
ORDER BY runs DESC, team
LIMIT 50
""",
    {
        "team": "text",
        "runs": "count",
        "failure rate": "share",
        "p50": "seconds",
        "p95": "seconds",
        "time in all": "seconds",
    },
    about="By the tag `team`; what has several teams counts for each.",
)

STEPS = Panel(
    "Slowest steps",
    "table",
    """
SELECT
  coalesce(tags['tekton.dev/pipelineTask'][1], name) AS step,
  pipeline,
  count(*) AS runs,
  count(*) FILTER (WHERE status IN ('failed', 'timed_out')) AS failed,
  quantile_cont(duration, 0.95) AS p95,
  sum(duration) AS "time in all"
FROM events
WHERE $__timeFilter(time)
  AND kind IN ('job', 'stage', 'step', 'task', 'build')
  AND ('*' IN ($source) OR source IN ($source))
  AND ('*' IN ($pipeline) OR pipeline IN ($pipeline))
GROUP BY step, pipeline
ORDER BY p95 DESC NULLS LAST, step, pipeline
LIMIT 25
""",
    {
        "step": "text",
        "pipeline": "text",
        "runs": "count",
        "failed": "count",
        "p95": "seconds",
        "time in all": "seconds",
    },
    about="Jobs, stages, tasks and builds within the chosen pipelines.",
)

BY_DAY = Panel(
    "Failure rate of each pipeline by day",
    "status-history",
    f"""
WITH runs AS (
  SELECT time, pipeline, status IN ('failed', 'timed_out') AS has_failed
  FROM events
  WHERE $__timeFilter(time)
    AND status IN ('succeeded', 'failed', 'timed_out')
    AND pipeline <> ''
    AND {CHOSEN}
),
shown AS (
  SELECT pipeline
  FROM runs
  GROUP BY pipeline
  ORDER BY count(*) FILTER (WHERE has_failed) DESC, pipeline
  LIMIT 30
)
SELECT
  date_trunc('day', time) AS "time",
  pipeline AS metric,
  count(*) FILTER (WHERE has_failed) / count(*) AS "failure rate"
FROM runs
WHERE pipeline IN (SELECT pipeline FROM shown)
GROUP BY 1, 2
ORDER BY 1, 2
""",
    {"time": "time", "metric": "text", "failure rate": "share"},
    width=24,
    height=10,
    about="The thirty that failed most often.",
)

NEWEST = Panel(
    "Newest failures",
    "table",
    f"""
SELECT
  time,
  pipeline,
  name,
  status,
  ref AS branch,
  left(sha, 10) AS commit,
  duration,
  description,
  coalesce(links['log'], links['url'], map_values(links)[1]) AS link
FROM events
WHERE $__timeFilter(time)
  AND status IN ('failed', 'timed_out')
  AND {CHOSEN}
ORDER BY time DESC
LIMIT 50
""",
    {
        "time": "time",
        "pipeline": "text",
        "name": "text",
        "status": "text",
        "branch": "text",
        "commit": "text",
        "duration": "seconds",
        "description": "text",
        "link": "link",
    },
    width=24,
    height=10,
)

DASHBOARD = Dashboard(
    "Pipelines",
    {"postgresql": "runwell-pg-pipelines", "infinity": "runwell-http-pipelines"},
    (TOTALS, RUNS, FAILURES, DURATIONS, QUEUE, SLOWEST, BY_TEAM, STEPS, BY_DAY, NEWEST),
    CHOICES,
    NOTES,
    about="Runs of all protocols: how many, how they ended, how long they took and waited.",
)
