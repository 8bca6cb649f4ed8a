-- The original's three tables over the canonical events, with its column names. What is a text of
-- local time there is an instant in UTC here, and frequencies keep their fraction.

CREATE OR REPLACE VIEW pytest_sessions AS
SELECT
  id                                              AS session_h,
  started                                         AS run_date,
  sha                                             AS scm_ref,
  coalesce(payload -> '$.description', '{}')      AS description,
  tags
FROM event
WHERE rollup IS NULL AND source = 'pytest_monitor' AND kind = 'session';

COMMENT ON VIEW pytest_sessions IS 'pytest-monitor''s TEST_SESSIONS: one row for each run of pytest';
COMMENT ON COLUMN pytest_sessions.session_h IS 'hash of the session';
COMMENT ON COLUMN pytest_sessions.run_date IS 'when the session began';
COMMENT ON COLUMN pytest_sessions.scm_ref IS 'commit, empty where pytest-monitor found none';
COMMENT ON COLUMN pytest_sessions.description IS 'keys of the CI system, --description and each --tag';
COMMENT ON COLUMN pytest_sessions.tags IS 'the same as tags: texts by name';

CREATE OR REPLACE VIEW pytest_tests AS
SELECT
  arrival                                         AS item_pk,
  chain                                           AS session_h,
  tags['context_h'][1]                            AS context_h,
  started                                         AS item_start_time,
  tags['item_path'][1]                            AS item_path,
  tags['item'][1]                                 AS item,
  name                                            AS item_variant,
  tags['item_fs_loc'][1]                          AS item_fs_loc,
  tags['item_kind'][1]                            AS kind,
  component,
  metrics['total_time']                           AS total_time,
  metrics['user_time']                            AS user_time,
  metrics['kernel_time']                          AS kernel_time,
  metrics['cpu_usage']                            AS cpu_usage,
  metrics['mem_usage']                            AS mem_usage
FROM event
WHERE rollup IS NULL AND source = 'pytest_monitor' AND kind = 'test';

COMMENT ON VIEW pytest_tests IS 'pytest-monitor''s TEST_METRICS: one row for each run of a test or module';
COMMENT ON COLUMN pytest_tests.item_pk IS 'order of arrival';
COMMENT ON COLUMN pytest_tests.session_h IS 'hash of its session';
COMMENT ON COLUMN pytest_tests.context_h IS 'hash of its context: env_h of pytest_contexts';
COMMENT ON COLUMN pytest_tests.item_start_time IS 'when it began';
COMMENT ON COLUMN pytest_tests.item_path IS 'its module, with dots';
COMMENT ON COLUMN pytest_tests.item IS 'name of the test function';
COMMENT ON COLUMN pytest_tests.item_variant IS 'that name with its parameters; empty for a module';
COMMENT ON COLUMN pytest_tests.item_fs_loc IS 'its file';
COMMENT ON COLUMN pytest_tests.kind IS 'function or module';
COMMENT ON COLUMN pytest_tests.component IS 'its component, often empty';
COMMENT ON COLUMN pytest_tests.total_time IS 'seconds it took';
COMMENT ON COLUMN pytest_tests.user_time IS 'seconds of CPU for the test itself';
COMMENT ON COLUMN pytest_tests.kernel_time IS 'seconds of CPU in the kernel';
COMMENT ON COLUMN pytest_tests.cpu_usage IS 'CPU used, in cores: 1.0 is one of them';
COMMENT ON COLUMN pytest_tests.mem_usage IS 'memory at its peak, in MiB';

CREATE OR REPLACE VIEW pytest_contexts AS
SELECT
  chain                                           AS env_h,
  TRY_CAST(metrics['cpu_count'] AS BIGINT)        AS cpu_count,
  metrics['cpu_frequency']                        AS cpu_frequency_mhz,
  tags['cpu_type'][1]                             AS cpu_type,
  nullif(tags['cpu_vendor'][1], '')               AS cpu_vendor,
  TRY_CAST(metrics['ram_total'] AS BIGINT)        AS ram_total_mb,
  name                                            AS machine_node,
  tags['machine_type'][1]                         AS machine_type,
  tags['machine_arch'][1]                         AS machine_arch,
  tags['system_info'][1]                          AS system_info,
  tags['python_info'][1]                          AS python_info
FROM event
WHERE rollup IS NULL AND source = 'pytest_monitor' AND kind = 'context';

COMMENT ON VIEW pytest_contexts IS 'pytest-monitor''s EXECUTION_CONTEXTS: one row for each machine with its Python';
COMMENT ON COLUMN pytest_contexts.env_h IS 'hash of the context';
COMMENT ON COLUMN pytest_contexts.cpu_count IS 'number of CPUs';
COMMENT ON COLUMN pytest_contexts.cpu_frequency_mhz IS 'frequency of its CPUs, in MHz';
COMMENT ON COLUMN pytest_contexts.cpu_type IS 'processor, often empty';
COMMENT ON COLUMN pytest_contexts.cpu_vendor IS 'model of the processor';
COMMENT ON COLUMN pytest_contexts.ram_total_mb IS 'memory, in MiB';
COMMENT ON COLUMN pytest_contexts.machine_node IS 'name of the machine';
COMMENT ON COLUMN pytest_contexts.machine_type IS 'hardware, as x86_64';
COMMENT ON COLUMN pytest_contexts.machine_arch IS 'width of the machine, as 64bit';
COMMENT ON COLUMN pytest_contexts.system_info IS 'operating system and its release';
COMMENT ON COLUMN pytest_contexts.python_info IS 'version of Python in full';
