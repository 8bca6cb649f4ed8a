-- The ledger's first schema. One row an event, as it stands after its newest change.

CREATE TABLE event (
  seq      INTEGER PRIMARY KEY,   -- number of the newest change; a changed event moves to a new number
  arrival  INTEGER NOT NULL,      -- number of its first change: the order of arrival, never changes
  received INTEGER NOT NULL,      -- when the newest change was committed, microseconds UTC
  key      BLOB NOT NULL UNIQUE,  -- 16 bytes: hash of (source, scope, id, attempt)
  document TEXT NOT NULL          -- the canonical event as JSON, the sender's payload inside as text
) STRICT;

-- What the ledger knows of itself.
CREATE TABLE ledger (
  name  TEXT PRIMARY KEY,         -- 'identity'
  value TEXT NOT NULL
) STRICT;

INSERT INTO ledger (name, value)
VALUES ('identity', lower(hex(randomblob(16))));
