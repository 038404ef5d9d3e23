"""The measured implementations: this project and its competitors, each step in its own process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import template
from benchmarks.competitors.target import Target
from benchmarks.dataset import RAW_FOLDER, RAW_MANIFEST, Dataset, bucket_for
from benchmarks.places import JAVA_OPTIONS, ROOT
from benchmarks.reference import EPOCH, columns, recording_start
from local_aws.glue import spark_runtime
from local_aws.glue.spark_connector import connector_jars
from mhealth.processed.columns import ID_DIGITS
from mhealth.schema import ACTIVITIES, SAMPLES_PER_SECOND, SENSORS, table_name

SNAPSHOT = 20260101000000
ZSTD_LEVEL = 3
"""Of the competitors' tables. The jobs write columns with a dictionary at level 3, the others at 5."""

CORES = 2
"""The cores that each implementation may use, so that figures of different machines are comparable."""


@dataclass(frozen=True)
class Hop:
    """A command, and the folder of its result."""

    command: Sequence[str]
    result: Path


_ANY = 99


@dataclass(frozen=True)
class Implementation:
    """An implementation of both steps. `hops` makes the commands for an empty folder and a dataset.

    `most_rounds`: the most rounds of a slow one. `slope`: whether it also runs at a larger scale, which tells the CPU
    seconds of a row without those of the starts.
    """

    name: str
    title: str
    hops: Callable[[Dataset, Path, int], tuple[Hop, Hop]]
    most_rounds: int = _ANY
    slope: bool = False

    @property
    def is_slow(self) -> bool:
        """Whether its later rounds run last."""
        return self.most_rounds < _ANY


def environment() -> dict[str, str]:
    """The environment variables of every measured process."""
    return {**spark_runtime.environment(spark_runtime.own_runtime()), "PYTHONPATH": str(ROOT)}


def table_folder(implementation: str, folder: Path) -> Path:
    """The folder of the table (subject=N/ below it) of a competitor that ran in `folder`."""
    return folder / "processed" / f"snapshot={SNAPSHOT}" if implementation in (OURS.name, FLOOR) else folder / "table"


def target_file(path: Path) -> Path:
    """Write the competitors' target to a file."""
    return Target(
        columns=tuple(columns()),
        sensors=SENSORS,
        renamed={name: table_name(name) for name in SENSORS},
        activities=ACTIVITIES,
        start_micros=int((recording_start() - EPOCH).total_seconds()) * 1_000_000,
        micros_per_sample=1_000_000 // SAMPLES_PER_SECOND,
        id_digits=ID_DIGITS,
        zstd_level=ZSTD_LEVEL,
        threads=CORES,
    ).write(path)


def submit(script: Path, arguments: Sequence[str], packages: Sequence[Path] = (), cores: int = CORES) -> list[str]:
    """The command with which the local AWS starts a Glue job, on `cores` cores, with Glue's Java options.

    A trial has its own options of Java: `JAVA_OPTIONS`.
    """
    runtime = spark_runtime.own_runtime()
    # Measured jobs do not use S3.
    options = os.environ.get(JAVA_OPTIONS, "")
    command = spark_runtime.spark_submit_command(
        runtime, connector_jars(runtime), spark_runtime.NOWHERE, "us-east-1", options
    )
    command[command.index("--master") + 1] = f"local[{cores}]"
    zipped = ["--py-files", ",".join(map(str, packages))] if packages else []
    return [*command, *zipped, str(script), *arguments]


def job_hops(
    bucket: Path,
    table: str,
    package: Path,
    *,
    cores: int = CORES,
    snapshot: int = SNAPSHOT,
    manifest: str = RAW_MANIFEST,
) -> tuple[Hop, Hop]:
    """Both jobs of this project on a folder as the bucket, with the template's arguments."""

    def command(job: str, arguments: Sequence[str]) -> list[str]:
        return submit(ROOT / "glue" / f"{job}.py", arguments, [package], cores)

    return _hops(bucket, table, command, snapshot, manifest)


def _hops(
    bucket: Path, table: str, command: Callable[[str, Sequence[str]], list[str]], snapshot: int, manifest: str
) -> tuple[Hop, Hop]:
    own = {
        "data_uri": f"file://{bucket}",
        "raw_manifest": manifest,
        "code_version": "measured",
        "snapshot": snapshot,
        "execution": "arn:aws:states:us-east-1:123456789012:execution:mhealth:measured",
    }
    convert = template.job_arguments("ConvertParquetJob", own)
    transform = template.job_arguments("GlueTransformJob", own | {"table": table, "allow_missing_subjects": "false"})
    return (
        Hop(command("convert_parquet", convert), bucket / "stage"),
        Hop(command("glue_transform", transform), bucket / "processed" / f"snapshot={snapshot}"),
    )


def package_in(folder: Path) -> Path:
    """The zip of the jobs' package, as on Glue."""
    return Path(shutil.make_archive(str(folder / "mhealth"), "zip", ROOT / "glue", "mhealth"))


def _ours(data: Dataset, folder: Path, cores: int) -> tuple[Hop, Hop]:
    bucket_for(data, folder)
    table = template.write_table(folder / "table.json")
    return job_hops(folder, table, package_in(folder), cores=cores)


def _floor(data: Dataset, folder: Path, cores: int) -> tuple[Hop, Hop]:
    def command(job: str, arguments: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "benchmarks.floor", job, str(cores), *arguments]

    bucket_for(data, folder)
    return _hops(folder, template.write_table(folder / "table.json"), command, SNAPSHOT, RAW_MANIFEST)


def _python(module: str) -> Callable[[Dataset, Path, int], tuple[Hop, Hop]]:
    def hops(data: Dataset, folder: Path, cores: int) -> tuple[Hop, Hop]:  # noqa: ARG001
        command = [sys.executable, "-m", "benchmarks.competitors", module]
        return _two(command, data, folder)

    return hops


def _spark(module: str) -> Callable[[Dataset, Path, int], tuple[Hop, Hop]]:
    def hops(data: Dataset, folder: Path, cores: int) -> tuple[Hop, Hop]:
        command = submit(ROOT / "benchmarks" / "competitors" / "__main__.py", [module], cores=cores)
        return _two(command, data, folder)

    return hops


def _two(command: Sequence[str], data: Dataset, folder: Path) -> tuple[Hop, Hop]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    target = str(target_file(folder / "target.json"))
    raw, stage, table = data.folder / RAW_FOLDER, folder / "stage", folder / "table"
    return (
        Hop([*command, "convert", str(raw), str(stage), target], stage),
        Hop([*command, "transform", str(stage), str(table), target], table),
    )


OURS = Implementation("ours", "this project's two jobs", _ours, slope=True)
FLOOR = "floor"
USUAL = "spark_usual"
EXPERT = "spark_expert"
DUCKDB = "with_duckdb"
POLARS = "with_polars"
IMPLEMENTATIONS: Mapping[str, Implementation] = {
    each.name: each
    for each in (
        OURS,
        Implementation(FLOOR, "the jobs' functions without Spark", _floor, slope=True),
        Implementation(DUCKDB, "DuckDB, a COPY per file", _python(DUCKDB), slope=True),
        Implementation(POLARS, "Polars, streaming per file", _python(POLARS), slope=True),
        Implementation("with_pandas", "pandas per file", _python("with_pandas"), most_rounds=1),
        Implementation(EXPERT, "Spark, a partition per subject", _spark(EXPERT), most_rounds=2),
        Implementation(USUAL, "Spark as usually written", _spark(USUAL), most_rounds=1),
    )
}
