"""pandas, one file after another, as in a plain Lambda function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.competitors.target import Target, subject_of


def convert(raw: Path, stage: Path, target: Target) -> None:
    """CSV to typed Parquet."""
    types = {**dict.fromkeys(target.sensors, "float64"), "label": "int32"}
    for path in sorted(raw.glob("*.csv")):
        frame = pd.read_csv(path, dtype=types)
        frame.to_parquet(stage / f"{path.stem}.parquet", compression="zstd", index=False)


def transform(stage: Path, table: Path, target: Target) -> None:
    """Parquet to the table's files; the row number is the sample."""
    for path in sorted(stage.glob("*.parquet")):
        subject = subject_of(path)
        frame = pd.read_parquet(path).rename(columns={**target.renamed, "label": "activity_id"})
        samples = np.arange(len(frame))
        frame["id"] = [f"{subject}-{sample:0{target.id_digits}d}" for sample in samples]
        micros = target.start_micros + samples * target.micros_per_sample
        frame["timestamp"] = pd.DatetimeIndex(micros.astype("datetime64[us]")).tz_localize("UTC")
        frame["activity"] = np.array(target.activities, dtype=object)[frame["activity_id"]]
        folder = table / f"subject={subject}"
        folder.mkdir()
        frame[list(target.columns)].to_parquet(folder / "part-0.parquet", compression="zstd", index=False)
