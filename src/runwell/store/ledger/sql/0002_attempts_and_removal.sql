-- Later attempts are found by their first one; a removed event leaves an empty document behind, so
-- that its removal has a number like every other change.

-- Key of attempt 1, on the rows of later attempts only. Nothing made such attempts before.
ALTER TABLE event ADD COLUMN first BLOB;

CREATE INDEX event_first ON event (first) WHERE first IS NOT NULL;

CREATE INDEX event_removed ON event (seq) WHERE document = '';

-- A session of pytest-monitor moves to the scope of its own hash, where its tests are.
UPDATE event
SET
  key = event_key('pytest_monitor', document ->> '$.chain', document ->> '$.chain', 1),
  document = json_set(document, '$.scope', document ->> '$.chain', '$.id', document ->> '$.chain')
WHERE document ->> '$.source' = 'pytest_monitor'
  AND document ->> '$.kind' = 'session'
  AND document ->> '$.scope' = 'sessions';
