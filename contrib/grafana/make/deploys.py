"""Deploys: how many, how many failed, and what got slower since which of them."""

from __future__ import annotations

from model import Choice, Dashboard, Panel
from shared import BUCKET, NOTES

CHOICES = (
    Choice(
        "service",
        "Service",
        """
SELECT DISTINCT component AS service
FROM events
WHERE kind = 'deploy' AND component <> '' AND $__timeFilter(time)
ORDER BY service
LIMIT 1000
""",
    ),
    Choice(
        "environment",
        "Environment",
        """
SELECT DISTINCT namespace AS environment
FROM events
WHERE kind = 'deploy' AND namespace <> '' AND $__timeFilter(time)
ORDER BY environment
LIMIT 1000
""",
    ),
    BUCKET,
    Choice(
        "span",
        "Before and after",
        values=dict.fromkeys(("postgresql", "infinity"), "1d,3d,7d,14d"),
        chosen=dict.fromkeys(("postgresql", "infinity"), "7d"),
    ),
)

CHOSEN = """kind = 'deploy'
  AND ('*' IN ($service) OR component IN ($service))
  AND ('*' IN ($environment) OR namespace IN ($environment))"""

# An incident is put down to the newest deploy of its service before it, up to a day.
BLAMED = f"""deploys AS (
  SELECT arrival, time, name, component, status, duration, source, scope, parent
  FROM events
  WHERE $__timeFilter(time)
    AND {CHOSEN}
),
incidents AS (
  SELECT d.arrival
  FROM events AS i
  JOIN deploys AS d ON d.component = i.component
    AND d.time <= i.time AND d.time > i.time - INTERVAL 1 DAY
  WHERE i.kind = 'incident' AND i.time >= $__timeFrom()
  QUALIFY row_number() OVER (PARTITION BY i.arrival ORDER BY d.time DESC) = 1
),
judged AS (
  SELECT *,
    status IN ('failed', 'timed_out') AS has_failed,
    arrival IN (SELECT arrival FROM incidents) AS has_incident
  FROM deploys
)"""

TOTALS = Panel(
    "In this time",
    "stat",
    f"""
WITH {BLAMED}
SELECT
  count(*) AS deploys,
  count(*) / (epoch(CAST($__timeTo() AS TIMESTAMP) - CAST($__timeFrom() AS TIMESTAMP)) / 86400)
    AS "a day",
  count(*) FILTER (WHERE has_failed OR has_incident) / nullif(count(*), 0) AS "change failure",
  quantile_cont(duration, 0.5) AS "time of a deploy",
  (
    SELECT quantile_cont(epoch(d.time) - epoch(c.time), 0.5)
    FROM deploys AS d
    JOIN events AS c ON c.source = d.source AND c.scope = d.scope AND c.id = d.parent
    WHERE c.kind = 'commit'
  ) AS "from commit to deploy"
FROM judged
""",
    {
        "deploys": "count",
        "a day": "number",
        "change failure": "share",
        "time of a deploy": "seconds",
        "from commit to deploy": "seconds",
    },
    width=24,
    height=4,
    about="A change failed if its deploy did, or an incident of its service began within a day "
    "and before the next deploy. Times are medians.",
)

OVER_TIME = Panel(
    "Deploys",
    "timeseries",
    f"""
SELECT
  $__timeGroupAlias(time, '$bucket', 0),
  count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
  count(*) FILTER (WHERE status IN ('failed', 'timed_out')) AS failed,
  count(*) FILTER (WHERE status NOT IN ('succeeded', 'failed', 'timed_out')) AS other
FROM events
WHERE $__timeFilter(time)
  AND {CHOSEN}
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "succeeded": "count", "failed": "count", "other": "count"},
    is_stacked=True,
)

FAILURES = Panel(
    "Change failure",
    "timeseries",
    f"""
WITH {BLAMED}
SELECT
  $__timeGroupAlias(time, '$bucket', NULL),
  count(*) FILTER (WHERE has_failed OR has_incident) / count(*) AS "change failure"
FROM judged
GROUP BY 1
ORDER BY 1
""",
    {"time": "time", "change failure": "share"},
)

BY_SERVICE = Panel(
    "By service",
    "table",
    f"""
WITH {BLAMED}
SELECT
  component AS service,
  count(*) AS deploys,
  count(*) FILTER (WHERE has_failed) AS failed,
  count(*) FILTER (WHERE has_incident) AS "with an incident",
  count(*) FILTER (WHERE has_failed OR has_incident) / count(*) AS "change failure",
  quantile_cont(duration, 0.5) AS p50,
  max(time) AS newest
FROM judged
GROUP BY service
ORDER BY deploys DESC, service
LIMIT 50
""",
    {
        "service": "text",
        "deploys": "count",
        "failed": "count",
        "with an incident": "count",
        "change failure": "share",
        "p50": "seconds",
        "newest": "time",
    },
)

PIPELINES = Panel(
    "p95 of the slowest pipelines",
    "timeseries",
    """
WITH slowest AS (
  SELECT source, pipeline
  FROM events
  WHERE $__timeFilter(time) AND kind = 'pipeline' AND pipeline <> ''
  GROUP BY source, pipeline
  ORDER BY quantile_cont(duration, 0.95) DESC NULLS LAST
  LIMIT 8
)
SELECT
  $__timeGroupAlias(e.time, '$bucket', NULL),
  e.pipeline AS metric,
  quantile_cont(e.duration, 0.95) AS p95
FROM events AS e
JOIN slowest AS s ON s.source = e.source AND s.pipeline = e.pipeline
WHERE $__timeFilter(e.time) AND e.kind = 'pipeline'
GROUP BY 1, 2
ORDER BY 1, 2
""",
    {"time": "time", "metric": "text", "p95": "seconds"},
)

SLOWER = Panel(
    "What got slower since which deploy",
    "table",
    f"""
WITH deploys AS (
  SELECT time, name, component
  FROM events
  WHERE $__timeFilter(time)
    AND status = 'succeeded'
    AND {CHOSEN}
  ORDER BY time DESC
  LIMIT 2000
),
runs AS (
  SELECT source, pipeline, time, duration
  FROM events
  WHERE time BETWEEN CAST($__timeFrom() AS TIMESTAMP) - INTERVAL '$span'
      AND CAST($__timeTo() AS TIMESTAMP) + INTERVAL '$span'
    AND kind = 'pipeline' AND status = 'succeeded' AND pipeline <> ''
),
in_order AS (
  SELECT source, pipeline, time, duration, NULL AS deploy, NULL AS service
  FROM runs
  UNION ALL
  SELECT p.source, p.pipeline, d.time, NULL, d.name, d.component
  FROM deploys AS d
  CROSS JOIN (SELECT DISTINCT source, pipeline FROM runs) AS p
),
compared AS (
  SELECT
    source, pipeline, time, deploy, service,
    avg(duration) OVER earlier AS usual_before,
    avg(duration) OVER later AS usual_after,
    var_samp(duration) OVER earlier AS spread_before,
    var_samp(duration) OVER later AS spread_after,
    count(duration) OVER earlier AS runs_before,
    count(duration) OVER later AS runs_after
  FROM in_order
  WINDOW
    earlier AS (
      PARTITION BY source, pipeline ORDER BY time
      RANGE BETWEEN INTERVAL '$span' PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING
    ),
    later AS (
      PARTITION BY source, pipeline ORDER BY time
      RANGE BETWEEN CURRENT ROW AND INTERVAL '$span' FOLLOWING
    )
),
judged AS (
  SELECT *,
    (usual_after - usual_before) / (
      sqrt(spread_before / runs_before + spread_after / runs_after) + usual_before / 100
    ) AS clearness
  FROM compared
  WHERE deploy IS NOT NULL AND runs_before >= 3 AND runs_after >= 3 AND usual_before > 0
),
clearest AS (
  SELECT *
  FROM judged
  WHERE clearness > 3
  QUALIFY row_number() OVER (PARTITION BY source, pipeline ORDER BY clearness DESC, time) = 1
)
SELECT
  c.pipeline,
  c.time AS since,
  c.deploy,
  c.service,
  quantile_cont(r.duration, 0.95) FILTER (WHERE r.time < c.time) AS "p95 before",
  quantile_cont(r.duration, 0.95) FILTER (WHERE r.time >= c.time) AS "p95 after",
  "p95 after" / nullif("p95 before", 0) - 1 AS change,
  c.runs_before AS "runs before",
  c.runs_after AS "runs after"
FROM clearest AS c
JOIN runs AS r
  ON r.source = c.source AND r.pipeline = c.pipeline
  AND r.time BETWEEN c.time - INTERVAL '$span' AND c.time + INTERVAL '$span'
GROUP BY c.source, c.pipeline, c.time, c.deploy, c.service, c.runs_before, c.runs_after, c.clearness
ORDER BY c.clearness DESC, c.pipeline
LIMIT 25
""",
    {
        "pipeline": "text",
        "since": "time",
        "deploy": "text",
        "service": "text",
        "p95 before": "seconds",
        "p95 after": "seconds",
        "change": "share",
        "runs before": "count",
        "runs after": "count",
    },
    width=24,
    height=10,
    about="For each pipeline the one deploy at which its successful runs rose most clearly: the "
    "rise of their mean against its uncertainty. Runs on both sides are of other commits too: a "
    "deploy shortly before or after may be the cause as well.",
)

NEWEST = Panel(
    "Newest deploys",
    "table",
    f"""
SELECT
  time,
  component AS service,
  namespace AS environment,
  status,
  duration,
  name,
  tags['author'][1] AS author,
  left(sha, 10) AS commit,
  coalesce(links['log'], links['url'], map_values(links)[1]) AS link
FROM events
WHERE $__timeFilter(time)
  AND {CHOSEN}
ORDER BY time DESC
LIMIT 100
""",
    {
        "time": "time",
        "service": "text",
        "environment": "text",
        "status": "text",
        "duration": "seconds",
        "name": "text",
        "author": "text",
        "commit": "text",
        "link": "link",
    },
    width=24,
    height=10,
)

DASHBOARD = Dashboard(
    "Deploys",
    {"postgresql": "runwell-pg-deploys", "infinity": "runwell-http-deploys"},
    (TOTALS, OVER_TIME, FAILURES, BY_SERVICE, PIPELINES, SLOWER, NEWEST),
    CHOICES,
    NOTES,
    about="Deploys as they were told, and the incidents and slower runs after them.",
)
