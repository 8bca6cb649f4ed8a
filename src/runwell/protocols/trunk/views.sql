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
WHERE source = 'trunk' AND kind = 'sequence';

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
  epoch_us(e.started - e.queued) / 1e6            AS wait,
  e.metrics,
  map_concat(coalesce(s.tags, MAP {}), e.tags)    AS tags,
  e.links,
  e.client
FROM events AS e
LEFT JOIN event AS s
  ON s.source = 'trunk' AND s.kind = 'sequence'
  AND s.scope = e.scope || '/sequences' AND s.id = e.component
WHERE e.source = 'trunk';
