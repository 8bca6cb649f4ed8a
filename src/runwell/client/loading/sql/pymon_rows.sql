-- How many rows the three tables of a .pymon file have.
SELECT
  (SELECT count(*) FROM EXECUTION_CONTEXTS),
  (SELECT count(*) FROM TEST_SESSIONS),
  (SELECT count(*) FROM TEST_METRICS)
