"""What several dashboards have in common: the choices beside them and the marks on them."""

from __future__ import annotations

from model import Choice, Note

BUCKET = Choice(
    "bucket",
    "Bucket",
    values={"postgresql": "1h,6h,1d,7d", "infinity": "hour,day,week,month"},
    chosen={"postgresql": "1d", "infinity": "day"},
)

DEPLOYS = Note(
    "Deploys",
    """
SELECT
  time,
  finished AS timeend,
  concat_ws(' ', name, status) AS text,
  concat_ws(',', 'deploy', nullif(component, ''), nullif(namespace, '')) AS tags
FROM events
WHERE kind = 'deploy' AND $__timeFilter(time)
ORDER BY time DESC
LIMIT 1000
""",
    "blue",
)

INCIDENTS = Note(
    "Incidents",
    """
SELECT
  time,
  finished AS timeend,
  name AS text,
  concat_ws(',', 'incident', nullif(component, '')) AS tags
FROM events
WHERE kind = 'incident' AND $__timeFilter(time)
ORDER BY time DESC
LIMIT 1000
""",
    "red",
)

NOTES = (DEPLOYS, INCIDENTS)
