-- The tests of a .pymon file.
SELECT * FROM TEST_METRICS ORDER BY rowid LIMIT -1 OFFSET :first
