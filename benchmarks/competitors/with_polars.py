"""Polars: lazy scans that stream to Parquet, one file at a time; Polars uses every core.

All files in one query (`collect_all`) took more CPU seconds, and a compressed stage more than half as many again.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks.competitors.target import Target, subject_of


def convert(raw: Path, stage: Path, target: Target) -> None:
    """CSV to typed Parquet, with explicit types; not compressed, as it is read once."""
    schema = {**dict.fromkeys(target.sensors, pl.Float64), "label": pl.Int32}
    for path in sorted(raw.glob("*.csv")):
        pl.scan_csv(path, schema=schema).sink_parquet(
            stage / f"{path.stem}.parquet", compression="uncompressed", statistics=False
        )


def transform(stage: Path, table: Path, target: Target) -> None:
    """Parquet to the table's files; the row index is the sample."""
    activities = pl.lit(pl.Series(target.activities))
    sample = pl.col("sample")
    micros = target.start_micros + sample.cast(pl.Int64) * target.micros_per_sample
    for path in sorted(stage.glob("*.parquet")):
        subject = subject_of(path)
        made = [
            *(pl.col(old).alias(new) for old, new in target.renamed.items()),
            pl.format(f"{subject}-{{}}", sample.cast(pl.String).str.zfill(target.id_digits)).alias("id"),
            micros.cast(pl.Datetime("us", "UTC")).alias("timestamp"),
            pl.col("label").alias("activity_id"),
            activities.gather(pl.col("label")).alias("activity"),
        ]
        folder = table / f"subject={subject}"
        folder.mkdir()
        rows = pl.scan_parquet(path).with_row_index("sample").select(made).select(target.columns)
        rows.sink_parquet(folder / "part-0.parquet", compression="zstd", compression_level=target.zstd_level)
