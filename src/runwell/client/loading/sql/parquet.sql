-- The rows of a Parquet file from one on, in their order.
SELECT * EXCLUDE (file_row_number)
FROM read_parquet($file, file_row_number = true)
WHERE file_row_number >= $first
