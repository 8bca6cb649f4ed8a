-- Owned events are found by their owner, so that both can be removed in one transaction.

-- Key of attempt 1 of the event's owner, whether or not there is one; NULL for an event without an
-- owner and for a removed one. No event had an owner before.
ALTER TABLE event ADD COLUMN owner BLOB;

CREATE INDEX event_owner ON event (owner) WHERE owner IS NOT NULL;
