-- The runs of Tekton as their objects tell them. Some of it is read from columns that the protocol's
-- stored paths (vocabulary.py) put beside the payload. Times are UTC, durations in seconds.

CREATE OR REPLACE VIEW tekton_runs AS
SELECT
  arrival,
  namespace,
  split_part(event_type, '.', -1)                           AS kind,
  name,
  "payload/metadata/uid"                                    AS uid,
  pipeline,
  CASE
    WHEN split_part(event_type, '.', -1) = 'PipelineRun' THEN name
    ELSE "payload/metadata/labels/tekton.dev~1pipelineRun"
  END                                                       AS pipeline_run,
  tags['tekton.dev/pipelineTask'][1]                        AS task,
  status,
  "payload/status/conditions/0/reason"                      AS reason,
  description                                               AS message,
  created,
  started,
  finished,
  queue / 1e6                                               AS queue,
  duration / 1e6                                            AS duration,
  repo,
  ref,
  sha,
  scope                                                     AS parent,
  chain                                                     AS result,
  split_part(id, '/', -1)                                   AS record,
  tags                                                      AS labels,
  links['log']                                              AS log,
  payload                                                   AS data
FROM event
WHERE rollup IS NULL AND source = 'tekton' AND kind IN ('pipeline', 'task')
  AND split_part(event_type, '.', -1) IN ('PipelineRun', 'TaskRun');

COMMENT ON VIEW tekton_runs IS 'one row for each PipelineRun and TaskRun that Tekton Results was told of';
COMMENT ON COLUMN tekton_runs.namespace IS 'namespace of the object';
COMMENT ON COLUMN tekton_runs.kind IS 'PipelineRun or TaskRun';
COMMENT ON COLUMN tekton_runs.name IS 'name of the object';
COMMENT ON COLUMN tekton_runs.uid IS 'uid of the object';
COMMENT ON COLUMN tekton_runs.pipeline IS 'name of the Pipeline: the label tekton.dev/pipeline, or the pipelineRef';
COMMENT ON COLUMN tekton_runs.pipeline_run IS 'name of the PipelineRun that it is or belongs to; null for a TaskRun of its own';
COMMENT ON COLUMN tekton_runs.task IS 'name of the task within its pipeline; null for a PipelineRun';
COMMENT ON COLUMN tekton_runs.reason IS 'reason of its first condition: Succeeded, Failed, PipelineRunTimeout ...';
COMMENT ON COLUMN tekton_runs.message IS 'message of the condition Succeeded';
COMMENT ON COLUMN tekton_runs.created IS 'creationTimestamp of the object';
COMMENT ON COLUMN tekton_runs.started IS 'startTime of its status';
COMMENT ON COLUMN tekton_runs.finished IS 'completionTime of its status';
COMMENT ON COLUMN tekton_runs.queue IS 'seconds from its creation to its start';
COMMENT ON COLUMN tekton_runs.duration IS 'seconds from its start to its completion';
COMMENT ON COLUMN tekton_runs.repo IS 'owner/name as Pipelines as Code has it, or what its Repository is called';
COMMENT ON COLUMN tekton_runs.ref IS 'branch, as Pipelines as Code has it';
COMMENT ON COLUMN tekton_runs.sha IS 'commit, as Pipelines as Code has it';
COMMENT ON COLUMN tekton_runs.parent IS 'parent of the result in the API';
COMMENT ON COLUMN tekton_runs.result IS 'name of the result that holds its record';
COMMENT ON COLUMN tekton_runs.record IS 'name of its record within the result';
COMMENT ON COLUMN tekton_runs.labels IS 'labels of the object, each a list of one text';
COMMENT ON COLUMN tekton_runs.log IS 'address of its log, if an annotation tells it';
COMMENT ON COLUMN tekton_runs.data IS 'the object itself';
