-- Events with the fields of their API, and what their tags mean beside them. Times are UTC.

CREATE OR REPLACE VIEW ets_events AS
SELECT
  arrival,
  id,
  coalesce(tags['source_id'][1], '')                        AS source_id,
  parent                                                    AS parent_id,
  started                                                   AS start_time,
  finished                                                  AS end_time,
  description,
  links                                                     AS detail_urls,
  map_from_entries(
    list_filter(map_entries(tags), lambda entry: entry.key <> 'source_id')
  )                                                         AS tags,
  kind,
  tags['type'][1]                                           AS type,
  status,
  component                                                 AS service,
  namespace                                                 AS environment,
  tags['author'][1]                                         AS author,
  duration / 1e6                                            AS duration,
  received                                                  AS update_time
FROM event
WHERE rollup IS NULL AND source = 'ets';

COMMENT ON VIEW ets_events IS 'one row for each ETS event as its merges and updates left it';
COMMENT ON COLUMN ets_events.id IS 'id of the event';
COMMENT ON COLUMN ets_events.source_id IS 'id of it at its source, empty if there is none';
COMMENT ON COLUMN ets_events.parent_id IS 'id of the event that caused it, empty if there is none';
COMMENT ON COLUMN ets_events.start_time IS 'when it began';
COMMENT ON COLUMN ets_events.end_time IS 'when it ended, as it was last told';
COMMENT ON COLUMN ets_events.description IS 'its description; each merge adds to it';
COMMENT ON COLUMN ets_events.detail_urls IS 'addresses by name';
COMMENT ON COLUMN ets_events.tags IS 'texts by name, in the order of arrival';
COMMENT ON COLUMN ets_events.type IS 'first value of the tag type';
COMMENT ON COLUMN ets_events.status IS 'what the last value of the tag status means: running, succeeded, failed ...';
COMMENT ON COLUMN ets_events.service IS 'first value of the tag service';
COMMENT ON COLUMN ets_events.environment IS 'first value of the tag environment';
COMMENT ON COLUMN ets_events.author IS 'first value of the tag author';
COMMENT ON COLUMN ets_events.duration IS 'seconds from start to end; null while it is pending';
COMMENT ON COLUMN ets_events.update_time IS 'when it last changed';
