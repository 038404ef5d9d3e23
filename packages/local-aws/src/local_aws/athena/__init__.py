"""Athena: sqlglot checks and translates the SQL, and DuckDB runs it on the partitions of the catalog."""
