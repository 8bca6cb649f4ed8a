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
WHERE NOT rolled_up AND source = 'pipeline_metrics' AND kind = 'pipeline';

CREATE OR REPLACE VIEW metrics_build AS
SELECT
  arrival                                     AS id,
  CAST(chain AS BIGINT)                       AS pipeline_id,
  name,
  CAST(metrics['duration'] AS INTEGER)        AS duration
FROM events
WHERE NOT rolled_up AND source = 'pipeline_metrics' AND kind = 'build';

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
WHERE NOT rolled_up AND source = 'pipeline_metrics' AND kind = 'job' AND status <> 'failed';

CREATE OR REPLACE VIEW metrics_job_failed AS
SELECT
  arrival                                     AS id,
  CAST(chain AS BIGINT)                       AS pipeline_id,
  name,
  CAST(metrics['duration'] AS INTEGER)        AS duration
FROM events
WHERE NOT rolled_up AND source = 'pipeline_metrics' AND kind = 'job' AND status = 'failed';

COMMENT ON VIEW metrics_pipeline IS 'one row for each pipeline that was reported';
COMMENT ON COLUMN metrics_pipeline.id IS 'order of arrival';
COMMENT ON COLUMN metrics_pipeline.pipeline_id IS 'GitLab''s number of the pipeline';
COMMENT ON COLUMN metrics_pipeline.project IS 'project, as it was reported';
COMMENT ON COLUMN metrics_pipeline.duration IS 'seconds from its creation to the end of its last end-to-end job';
COMMENT ON COLUMN metrics_pipeline.duration_e2e IS 'seconds from the start of its first end-to-end job to the end of the last';
COMMENT ON COLUMN metrics_pipeline.created_at IS 'when it was made';
COMMENT ON COLUMN metrics_pipeline.is_master IS 'whether its ref is one of the setting main_refs';
COMMENT ON COLUMN metrics_pipeline.has_restarts IS 'whether jobs of it failed and were started again';

COMMENT ON VIEW metrics_build IS 'one row for each build of a pipeline';
COMMENT ON COLUMN metrics_build.id IS 'order of arrival';
COMMENT ON COLUMN metrics_build.pipeline_id IS 'pipeline that it belongs to';
COMMENT ON COLUMN metrics_build.name IS 'name of the build';
COMMENT ON COLUMN metrics_build.duration IS 'seconds it ran';

COMMENT ON VIEW metrics_job IS 'one row for each end-to-end job of a pipeline that did not fail';
COMMENT ON COLUMN metrics_job.id IS 'order of arrival';
COMMENT ON COLUMN metrics_job.pipeline_id IS 'pipeline that it belongs to';
COMMENT ON COLUMN metrics_job.name IS 'name of the job';
COMMENT ON COLUMN metrics_job.duration_e2e IS 'seconds of the tests in it';
COMMENT ON COLUMN metrics_job.duration_up IS 'seconds to bring its environment up, images included';
COMMENT ON COLUMN metrics_job.duration IS 'seconds it ran';
COMMENT ON COLUMN metrics_job.duration_up_without_pull IS 'seconds to bring its environment up, without images';
COMMENT ON COLUMN metrics_job.duration_pull IS 'seconds to pull images';

COMMENT ON VIEW metrics_job_failed IS 'one row for each end-to-end job of a pipeline that failed, one that was started again included';
COMMENT ON COLUMN metrics_job_failed.id IS 'order of arrival';
COMMENT ON COLUMN metrics_job_failed.pipeline_id IS 'pipeline that it belongs to';
COMMENT ON COLUMN metrics_job_failed.name IS 'name of the job';
COMMENT ON COLUMN metrics_job_failed.duration IS 'seconds it ran';
