"""Implementations with other tools, one per module: CSV to stage Parquet, stage to the partitioned table.

Each module has `convert(raw, stage, target)` and `transform(stage, table, target)`, written as an experienced user of
the tool would. They import only `target` of this project, so that their start time is that of the tool.
"""
