-- What SQL questions see, whatever the protocol. A column without a comment here that is called as
-- a canonical field has that field's. A sequence is a name and no event, a result what is told of
-- events once more: neither is seen. A member of a roll-up counts as the event that it was.

CREATE OR REPLACE VIEW events AS
SELECT
  seq, arrival, received, time, source, scope, id, attempt, uid, chain, parent, kind, event_type, name,
  repo, namespace, pipeline, ref, sha, component, platform, status, created, queued, started,
  finished, recorded, updated, duration / 1e6 AS duration, queue / 1e6 AS queue, description,
  metrics, tags, links, payload, client, rollup IS NOT NULL AS rolled_up
FROM event
WHERE kind NOT IN ('sequence', 'result');

COMMENT ON VIEW events IS 'every event of every protocol as it stands now; times in UTC, durations in seconds';
COMMENT ON COLUMN events.rolled_up IS 'whether retention has left of it only what can be summed: it has no id and is in no list';

CREATE OR REPLACE VIEW tags AS
SELECT arrival, source, scope, id, attempt, kind, time, name, unnest(texts) AS value
FROM (
  SELECT
    arrival, source, scope, id, attempt, kind, time,
    unnest(map_keys(tags))   AS name,
    unnest(map_values(tags)) AS texts
  FROM event
  WHERE kind NOT IN ('sequence', 'result')
);

COMMENT ON VIEW tags IS 'one row for each value of each tag of an event';
COMMENT ON COLUMN tags.name IS 'name of the tag';
COMMENT ON COLUMN tags.value IS 'one of its values';

CREATE OR REPLACE VIEW metrics AS
SELECT
  arrival, source, scope, id, attempt, kind, time,
  unnest(map_keys(metrics))   AS name,
  unnest(map_values(metrics)) AS value
FROM event
WHERE kind NOT IN ('sequence', 'result');

COMMENT ON VIEW metrics IS 'one row for each number that came with an event';
COMMENT ON COLUMN metrics.name IS 'name of the metric';
COMMENT ON COLUMN metrics.value IS 'the number, in the sender''s unit';
