"""Athena made real: SQL is checked and translated by sqlglot and run by DuckDB over the catalog's partitions."""
