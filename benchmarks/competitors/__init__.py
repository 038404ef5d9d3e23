"""What one would pick instead, one module each: CSV to stage Parquet, stage to the partitioned table.

Each module has `convert(raw, stage, target)` and `transform(stage, table, target)`, written as somebody would who
knows the tool well. They import nothing of this project but `target`, so that their start is their own.
"""
