-- Sequences as their newest event tells them, and the events with their sequence's newest name.
-- Times are UTC, durations and waits in seconds.

CREATE OR REPLACE VIEW trunk_sequences AS
SELECT
  repo,
  id                                              AS key,
  name,
  platform,
  payload ->> '$.kind'                            AS kind,
  tags,
  created                                         AS newest_event,
  scope                                           AS scope
FROM event
WHERE rollup IS NULL AND source = 'trunk' AND kind = 'sequence';

CREATE OR REPLACE VIEW trunk_events AS
SELECT
  e.repo,
  e.id,
  e.attempt,
  e.chain,
  e.parent,
  e.kind,
  coalesce(s.name, e.name)                        AS name,
  e.component                                     AS sequence_key,
  e.platform,
  e.status,
  e.started,
  e.finished,
  e.duration,
  e.queue                                         AS wait,
  e.metrics,
  map_concat(coalesce(s.tags, MAP {}), e.tags)    AS tags,
  e.links,
  e.client
FROM events AS e
LEFT JOIN event AS s
  ON s.rollup IS NULL AND s.source = 'trunk' AND s.kind = 'sequence'
  AND s.scope = e.scope || '/sequences' AND s.id = e.component
WHERE e.source = 'trunk' AND NOT e.rolled_up;

COMMENT ON VIEW trunk_sequences IS 'one row for each sequence (a pipeline, a job, a stage as such), as its newest event tells it';
COMMENT ON COLUMN trunk_sequences.key IS 'what it is known by within its repository';
COMMENT ON COLUMN trunk_sequences.name IS 'its newest name';
COMMENT ON COLUMN trunk_sequences.platform IS 'the system that runs it, as jenkins';
COMMENT ON COLUMN trunk_sequences.kind IS 'the sender''s word for what it is: pipeline, stage ...';
COMMENT ON COLUMN trunk_sequences.tags IS 'its tags, of the newest event that told any';
COMMENT ON COLUMN trunk_sequences.newest_event IS 'when its newest event began';
COMMENT ON COLUMN trunk_sequences.scope IS 'host/owner/name/sequences';

COMMENT ON VIEW trunk_events IS 'one row for each attempt of a run, a job or a stage, with its sequence';
COMMENT ON COLUMN trunk_events.name IS 'newest name of its sequence, else its own';
COMMENT ON COLUMN trunk_events.sequence_key IS 'its sequence: key of trunk_sequences';
COMMENT ON COLUMN trunk_events.wait IS 'seconds it waited for its start, as wait_ms, queue_ms or init_ms tell it';
COMMENT ON COLUMN trunk_events.tags IS 'its tags, and those of its sequence that it has none of itself';
