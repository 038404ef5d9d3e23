"""Where the jobs' data and the table's definition lie: storage (S3 or a folder) and catalog (Glue or a file)."""
