-- The columns of the embedded engine. Everything here is derived from the ledger and may be deleted.

-- One row an event, as it stands after its newest applied change, and one for each member of a
-- roll-up: what is left of an old event, without its id. Filled by the projector.
CREATE TABLE event (
  seq         BIGINT NOT NULL,              -- number of the newest change
  arrival     BIGINT NOT NULL,              -- number of the first change: the order of arrival
  received    TIMESTAMP NOT NULL,           -- UTC, when the newest change was committed
  time        TIMESTAMP NOT NULL,           -- UTC, the first of started, created, received
  source      VARCHAR NOT NULL,             -- the protocol
  scope       VARCHAR NOT NULL,             -- what makes the id unique
  id          VARCHAR NOT NULL,
  attempt     INTEGER NOT NULL,
  uid         VARCHAR NOT NULL,             -- another name, unique everywhere
  chain       VARCHAR NOT NULL,             -- root of the run
  parent      VARCHAR NOT NULL,
  kind        VARCHAR NOT NULL,             -- pipeline, job, test ...
  event_type  VARCHAR NOT NULL,             -- the sender's own word for the kind
  name        VARCHAR NOT NULL,
  repo        VARCHAR NOT NULL,
  namespace   VARCHAR NOT NULL,
  pipeline    VARCHAR NOT NULL,
  ref         VARCHAR NOT NULL,
  sha         VARCHAR NOT NULL,
  component   VARCHAR NOT NULL,
  platform    VARCHAR NOT NULL,             -- the system that did the work
  status      VARCHAR NOT NULL,             -- queued, running, succeeded, failed ...
  created     TIMESTAMP,                    -- UTC
  queued      TIMESTAMP,                    -- UTC
  started     TIMESTAMP,                    -- UTC
  finished    TIMESTAMP,                    -- UTC
  recorded    TIMESTAMP,                    -- UTC, when the record of it was made
  updated     TIMESTAMP,                    -- UTC, when that record last changed
  duration    BIGINT,                       -- microseconds
  queue       BIGINT,                       -- microseconds from queued, or an earlier created, to started
  description VARCHAR NOT NULL,
  metrics     MAP(VARCHAR, DOUBLE) NOT NULL,
  tags        MAP(VARCHAR, VARCHAR[]) NOT NULL,
  links       MAP(VARCHAR, VARCHAR) NOT NULL,
  payload     JSON,                         -- the sender's text, byte for byte
  client      VARCHAR NOT NULL,
  rollup      BIGINT                        -- of a member of a roll-up: arrival of that; NULL for an event
);

-- One row: whose projection this is and how far it has come. Changed in the transaction that applies.
CREATE TABLE projection (
  ledger  VARCHAR NOT NULL,                 -- identity of the ledger
  version INTEGER NOT NULL,                 -- of this file
  paths   VARCHAR NOT NULL,                 -- the places in payloads that have columns of their own
  applied BIGINT NOT NULL                   -- seq of the last applied change
);
