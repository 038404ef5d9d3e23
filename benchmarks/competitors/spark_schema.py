"""Spark with an explicit schema, so that the CSV is read once; otherwise as spark_usual."""

from __future__ import annotations

from pathlib import Path

from benchmarks.competitors.spark_usual import session, transform, write_stage
from benchmarks.competitors.target import Target

__all__ = ["convert", "transform"]


def convert(raw: Path, stage: Path, target: Target) -> None:
    """CSV to typed Parquet."""
    schema = ", ".join([*(f"{name} double" for name in target.sensors), "label int"])
    write_stage(session().read.csv(str(raw), header=True, schema=schema), stage)
