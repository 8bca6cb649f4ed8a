-- The runs of a .pymon file.
SELECT * FROM TEST_SESSIONS ORDER BY rowid LIMIT -1 OFFSET :first
