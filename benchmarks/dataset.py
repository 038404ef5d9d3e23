"""The inputs: generated raw zones, cached below .cache/bench."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pyarrow import csv

from benchmarks.places import CACHE
from mhealth_ops.kaggle import synthetic

RAW_MANIFEST = "manifests/raw/version=1.json"
RAW_FOLDER = "raw/version=1"
_MADE_BY = (Path(synthetic.__file__), Path(__file__))
_BLOCK = 1 << 20

Layout = Literal["per subject", "one file"]
"""Source layouts 1 and 2 of docs/design.md."""

ONE_FILE = {
    **{f"al{axis}": f"ankle_accel_{axis}" for axis in "xyz"},
    **{f"gl{axis}": f"ankle_gyro_{axis}" for axis in "xyz"},
    **{f"ar{axis}": f"arm_accel_{axis}" for axis in "xyz"},
    **{f"gr{axis}": f"arm_gyro_{axis}" for axis in "xyz"},
    "Activity": "label",
    "subject": "subject",
}
"""Layout 2: source column to raw column."""


@dataclass(frozen=True)
class Shape:
    """The shape of a dataset: `scale` times subjects with these rows, one file per subject or one file for all."""

    scale: int = 1
    rows: Sequence[int] = synthetic.ROWS
    layout: Layout = "per subject"

    @property
    def subjects(self) -> list[tuple[int, int]]:
        """The number and the rows of each subject."""
        return list(enumerate(list(self.rows) * self.scale, start=1))

    @property
    def total_rows(self) -> int:
        """The rows of all subjects."""
        return self.scale * sum(self.rows)

    @property
    def name(self) -> str:
        """The folder's name, which has a hash of the shape and of the generator's code."""
        digest = hashlib.sha256(repr((self.scale, tuple(self.rows), self.layout)).encode())
        for path in _MADE_BY:
            digest.update(path.read_bytes())
        return f"k{self.scale}-{len(self.subjects)}-{self.layout.replace(' ', '-')}-{digest.hexdigest()[:12]}"


@dataclass(frozen=True)
class Dataset:
    """A generated raw zone. `folder` has the keys of the bucket: raw/ and manifests/raw/."""

    folder: Path
    rows: int
    files: int
    raw_bytes: int

    @property
    def csv_files(self) -> list[Path]:
        """The raw files, by name."""
        return sorted((self.folder / RAW_FOLDER).glob("*.csv"))


def dataset(shape: Shape) -> Dataset:
    """The raw zone of a shape; it is generated if it does not exist."""
    folder = CACHE / "datasets" / shape.name
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}.tmp")
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / RAW_FOLDER).mkdir(parents=True)
        entries = [_one_file(unfinished, shape)] if shape.layout == "one file" else _per_subject(unfinished, shape)
        manifest = {"dataset": "synthetic/mhealth", "raw_version": 1, "files": entries, "skipped": []}
        (unfinished / RAW_MANIFEST).parent.mkdir(parents=True)
        (unfinished / RAW_MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        with contextlib.suppress(OSError):  # another process was faster
            unfinished.rename(folder)
    files = list((folder / RAW_FOLDER).glob("*.csv"))
    return Dataset(folder, shape.total_rows, len(files), sum(path.stat().st_size for path in files))


def bucket_for(data: Dataset, folder: Path) -> Path:
    """A new bucket in `folder` with links to the dataset's raw files."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / RAW_FOLDER).mkdir(parents=True)
    for path in data.csv_files:
        os.link(path, folder / RAW_FOLDER / path.name)
    (folder / RAW_MANIFEST).parent.mkdir(parents=True)
    shutil.copyfile(data.folder / RAW_MANIFEST, folder / RAW_MANIFEST)
    return folder


def one_source_file(folder: Path, shape: Shape) -> Path:
    """The source file of layout 2 with the source's header: the input of the Lambda function."""
    path = folder / "mhealth_raw_data.csv"
    with path.open("wb") as file:
        file.write(",".join(ONE_FILE).encode() + b"\n")
        for part in _layout_2(shape):
            _write(file, part)
    return path


def _per_subject(folder: Path, shape: Shape) -> list[dict[str, Any]]:
    def make(subject: int, rows: int) -> dict[str, Any]:
        path = folder / RAW_FOLDER / f"mHealth_subject{subject}.csv"
        with path.open("wb") as file:
            file.write(",".join(synthetic.COLUMNS).encode() + b"\n")
            _write(file, synthetic.recording(subject, rows))
        return _entry(path, subject, synthetic.COLUMNS, rows, header_lines=0)

    return _side_by_side(make, shape.subjects)


def _one_file(folder: Path, shape: Shape) -> dict[str, Any]:
    path = folder / RAW_FOLDER / "mhealth_raw_data.csv"
    with path.open("wb") as file:
        file.write(",".join(ONE_FILE.values()).encode() + b"\n")
        for part in _layout_2(shape):
            _write(file, part)
    return _entry(path, None, list(ONE_FILE.values()), shape.total_rows, header_lines=1)


def _layout_2(shape: Shape) -> Iterator[pa.Table]:
    for subject, rows in shape.subjects:
        named = pa.repeat(pa.scalar(f"subject{subject}"), rows)
        yield synthetic.recording(subject, rows).append_column("subject", named).select(list(ONE_FILE.values()))


def _side_by_side(make: Callable[[int, int], dict[str, Any]], subjects: Sequence[tuple[int, int]]) -> list[Any]:
    # numpy and pyarrow release the GIL, so threads use several cores.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda pair: make(*pair), subjects))


def _write(file: Any, table: pa.Table) -> None:
    csv.write_csv(table, file, csv.WriteOptions(include_header=False, quoting_style="none"))


def _entry(path: Path, subject: int | None, columns: Sequence[str], lines: int, *, header_lines: int) -> dict[str, Any]:
    """The file's entry in the raw manifest. The checksum is that of the raw file, as there is no source file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return {
        "name": path.stem,
        "source": f"{path.stem}.csv",
        "layout": "csv",
        "subject": subject,
        "columns": list(columns),
        "header_lines": header_lines,
        "sha256": digest.hexdigest(),
        "bytes": path.stat().st_size,
        "lines": lines,
        "raw_key": f"{RAW_FOLDER}/{path.name}",
    }
