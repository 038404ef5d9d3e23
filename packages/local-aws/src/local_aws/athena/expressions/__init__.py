"""Trino's types and functions: every expression is typed by Trino's rules and translated to DuckDB, or refused."""
