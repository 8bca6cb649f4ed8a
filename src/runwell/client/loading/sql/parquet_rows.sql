-- How many rows a Parquet file has, by its footer.
SELECT coalesce(sum(num_rows), 0)
FROM parquet_file_metadata($file)
