-- The machines of a .pymon file.
SELECT * FROM EXECUTION_CONTEXTS ORDER BY rowid LIMIT -1 OFFSET :first
