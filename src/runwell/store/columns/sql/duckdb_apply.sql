-- Take in a batch: parallel lists of seq, arrival, received, the events as JSON, and rollup.
-- One statement parses and stores them all. The marks are where the stored paths come in.
INSERT INTO event
SELECT
  seq,
  arrival,
  make_timestamp(received),
  make_timestamp(coalesce(e.started, e.created, received)),
  e.source,
  e.scope,
  e.id,
  coalesce(e.attempt, 1),
  coalesce(e.uid, ''),
  coalesce(e.chain, ''),
  coalesce(e.parent, ''),
  coalesce(e.kind, 'event'),
  coalesce(e.event_type, ''),
  coalesce(e.name, ''),
  coalesce(e.repo, ''),
  coalesce(e.namespace, ''),
  coalesce(e.pipeline, ''),
  coalesce(e.ref, ''),
  coalesce(e.sha, ''),
  coalesce(e.component, ''),
  coalesce(e.platform, ''),
  coalesce(e.status, 'unknown'),
  make_timestamp(e.created),
  make_timestamp(e.queued),
  make_timestamp(e.started),
  make_timestamp(e.finished),
  make_timestamp(e.recorded),
  make_timestamp(e.updated),
  e.duration,
  -- as `queue` of the model's event
  CASE
    WHEN e.started >= e.queued THEN e.started - e.queued
    WHEN e.queued IS NULL AND e.started > e.created THEN e.started - e.created
  END,
  coalesce(e.description, ''),
  coalesce(e.metrics, MAP {}),
  coalesce(e.tags, MAP {}),
  coalesce(e.links, MAP {}),
  payload,
  coalesce(e.client, ''),
  rollup
  /* columns of the stored paths */
FROM (
  SELECT
    *,
    TRY_CAST(e.payload AS JSON) AS payload  -- what is no JSON must not stop the projector
    /* values at the stored paths */
  FROM (
  SELECT
    seq,
    arrival,
    received,
    rollup,
    json_transform(document, '{
      "source": "VARCHAR", "scope": "VARCHAR", "id": "VARCHAR", "attempt": "INTEGER",
      "uid": "VARCHAR", "event_type": "VARCHAR", "recorded": "BIGINT", "updated": "BIGINT",
      "chain": "VARCHAR", "parent": "VARCHAR", "kind": "VARCHAR", "name": "VARCHAR",
      "repo": "VARCHAR", "namespace": "VARCHAR", "pipeline": "VARCHAR", "ref": "VARCHAR",
      "sha": "VARCHAR", "component": "VARCHAR", "platform": "VARCHAR", "status": "VARCHAR",
      "created": "BIGINT", "queued": "BIGINT", "started": "BIGINT", "finished": "BIGINT",
      "duration": "BIGINT", "description": "VARCHAR",
      "metrics": "MAP(VARCHAR, DOUBLE)", "tags": "MAP(VARCHAR, VARCHAR[])",
      "links": "MAP(VARCHAR, VARCHAR)", "payload": "VARCHAR", "client": "VARCHAR"
    }') AS e
  FROM (
    SELECT
      unnest($seq::BIGINT[]) AS seq,
      unnest($arrival::BIGINT[]) AS arrival,
      unnest($received::BIGINT[]) AS received,
      unnest($document::VARCHAR[]) AS document,
      unnest($rollup::BIGINT[]) AS rollup
  )
  )
)
