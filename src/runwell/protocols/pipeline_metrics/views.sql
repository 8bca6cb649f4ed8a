-- The original's four tables over the canonical events, with its column names and types
-- (ids of pipelines are eight bytes wide here). `id` is the order of arrival.

CREATE OR REPLACE VIEW metrics_pipeline AS
SELECT
  arrival                                     AS id,
  CAST(id AS BIGINT)                          AS pipeline_id,
  repo                                        AS project,
  CAST(metrics['duration'] AS INTEGER)        AS duration,
  CAST(metrics['duration_e2e'] AS INTEGER)    AS duration_e2e,
  created                                     AS created_at,
  CAST(tags['is_main'][1] AS BOOLEAN)         AS is_master,
  CAST(tags['has_restarts'][1] AS BOOLEAN)    AS has_restarts
FROM events
WHERE source = 'pipeline_metrics' AND kind = 'pipeline';

CREATE OR REPLACE VIEW metrics_build AS
SELECT
  arrival                                     AS id,
  CAST(chain AS BIGINT)                       AS pipeline_id,
  name,
  CAST(metrics['duration'] AS INTEGER)        AS duration
FROM events
WHERE source = 'pipeline_metrics' AND kind = 'build';

CREATE OR REPLACE VIEW metrics_job AS
SELECT
  arrival                                                 AS id,
  CAST(chain AS BIGINT)                                   AS pipeline_id,
  name,
  CAST(metrics['duration_e2e'] AS INTEGER)                AS duration_e2e,
  CAST(metrics['duration_up'] AS INTEGER)                 AS duration_up,
  CAST(metrics['duration'] AS INTEGER)                    AS duration,
  CAST(metrics['duration_up_without_pull'] AS INTEGER)    AS duration_up_without_pull,
  CAST(metrics['duration_pull'] AS INTEGER)               AS duration_pull
FROM events
WHERE source = 'pipeline_metrics' AND kind = 'job' AND status <> 'failed';

CREATE OR REPLACE VIEW metrics_job_failed AS
SELECT
  arrival                                     AS id,
  CAST(chain AS BIGINT)                       AS pipeline_id,
  name,
  CAST(metrics['duration'] AS INTEGER)        AS duration
FROM events
WHERE source = 'pipeline_metrics' AND kind = 'job' AND status = 'failed';
