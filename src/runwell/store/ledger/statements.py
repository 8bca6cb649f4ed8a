"""The statements of the SQLite ledger; its schema is under sql/."""

from __future__ import annotations

# A batch is handed over as one array and stored by one statement: SQLite then runs without the
# interpreter's lock for the whole batch, and the event loop does not fight the commit for it.
STORED = """
SELECT event.key, event.document
FROM json_each(:keys) AS wanted
JOIN event ON event.key = unhex(wanted.value)
"""
LATER_ATTEMPTS = """
SELECT event.key, event.document
FROM json_each(:keys) AS wanted
JOIN event ON event.first = unhex(wanted.value)
"""
OWNED = """
SELECT event.owner, event.key
FROM json_each(:keys) AS wanted
JOIN event ON event.owner = unhex(wanted.value)
ORDER BY event.seq
"""
INSERT = """
INSERT INTO event (seq, arrival, received, key, document, first, owner)
SELECT
  :last + row.rowid,  -- counted from 1
  :last + row.rowid,
  :received,
  substr(row.value, 1, 16),
  CAST(substr(row.value, 49) AS TEXT),
  nullif(substr(row.value, 17, 16), zeroblob(16)),
  nullif(substr(row.value, 33, 16), zeroblob(16))
FROM carray(:rows) AS row
WHERE true
ON CONFLICT (key) DO UPDATE SET
  seq = excluded.seq,
  received = excluded.received,
  document = excluded.document,
  owner = excluded.owner
"""
GET = "SELECT document FROM event WHERE key = :key"
EACH = """
SELECT wanted.key, coalesce(event.document, ''), coalesce(octet_length(event.document), 0)
FROM json_each(:keys) AS wanted
LEFT JOIN event ON event.key = unhex(wanted.value)
"""
# Removed long ago, and the columns know of it. The newest change stays: its number goes on.
FORGOTTEN = """
SELECT coalesce(max(seq), 0)
FROM (
  SELECT seq, received
  FROM event
  WHERE document = '' AND seq <= :applied AND seq < (SELECT max(seq) FROM event)
  ORDER BY seq
  LIMIT :limit
)
WHERE received < :before
"""
FORGET = "DELETE FROM event WHERE document = '' AND seq <= :last"
NOTE_FORGOTTEN = """
INSERT INTO ledger (name, value)
VALUES ('forgotten', :last)
ON CONFLICT (name) DO UPDATE SET value = max(CAST(value AS INTEGER), excluded.value)
"""
COUNT = """
SELECT (SELECT count(*) FROM event) - (SELECT count(*) FROM event WHERE document = '')
"""
LAST_RECEIVED = """
SELECT coalesce((SELECT received FROM event ORDER BY seq DESC LIMIT 1), 0)
"""

CHANGES = """
SELECT seq, arrival, received, document
FROM event
WHERE seq > :after
ORDER BY seq
LIMIT :limit
"""
