from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mhealth.io.connect import storage_at
from mhealth.processed.planner import Source
from mhealth.processed.spark_rows import read_stage, sorted_by_subject
from mhealth.raw.manifest import RawFile
from mhealth.session import LISTING_TASKS
from mhealth.stage.metadata import StagedSubject, StageMetadata
from mhealth.stage.spark_schema import FULL_STAGE_SCHEMA


def stage_file(folder: Path, name: str, rows: list[tuple[int, int]], row_group: int = 1000) -> Source:
    """A stage file of (subject, sample) rows with no sensor but ecg_1."""
    path = folder / f"stage/version=1/{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    subjects, samples = (list(column) for column in zip(*rows, strict=True))
    columns = {
        "ecg_1": pa.array([sample + 0.5 for sample in samples]),
        "label": pa.array([0] * len(rows), pa.int32()),
        "subject": pa.array(subjects, pa.int32()),
        "line": pa.array(range(1, len(rows) + 1), pa.int64()),
        "sample": pa.array(samples, pa.int64()),
    }
    pq.write_table(pa.table(columns), path, row_group_size=row_group)
    staged = tuple(StagedSubject(subject, 1, subjects.count(subject)) for subject in sorted(set(subjects)))
    raw = RawFile(
        name, f"{name}.log", None, ("ecg_1", "label", "subject"), 1, "ab", len(rows), f"raw/version=1/{name}.csv"
    )
    metadata = StageMetadata("c0de", raw.raw_key, "ab", len(rows), len(rows), 0, staged)
    return Source(raw, f"stage/version=1/{name}.parquet", metadata)


def test_each_file_is_one_partition_however_small_or_large(spark: SparkSession, tmp_path: Path) -> None:
    sources = [
        stage_file(tmp_path, f"f{subject}", [(subject, sample) for sample in range(9000)]) for subject in (1, 2, 3)
    ]
    sources.append(stage_file(tmp_path, "large", [(4, sample) for sample in range(200_000)]))
    rows = read_stage(spark, storage_at(f"file://{tmp_path}"), sources)
    found = rows.select("subject").rdd.mapPartitions(lambda part: [sorted({row.subject for row in part})]).collect()
    assert sorted(found) == [[1], [2], [3], [4]]


def test_many_files_are_found_by_few_tasks(spark: SparkSession, tmp_path: Path) -> None:
    sources = [stage_file(tmp_path, f"f{subject}", [(subject, 0)]) for subject in range(40)]
    context, tracker = spark.sparkContext, spark.sparkContext.statusTracker()
    context.setJobGroup("finding", "the stage files")
    rows = read_stage(spark, storage_at(f"file://{tmp_path}"), sources)
    context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]
    (job,) = (tracker.getJobInfo(number) for number in tracker.getJobIdsForGroup("finding"))
    assert job is not None
    (stage,) = (tracker.getStageInfo(number) for number in job.stageIds)
    assert stage is not None
    assert stage.numTasks == LISTING_TASKS
    assert rows.count() == 40


def test_absent_sensors_are_null_and_no_column_comes_from_the_path(spark: SparkSession, tmp_path: Path) -> None:
    rows = read_stage(spark, storage_at(f"file://{tmp_path}"), [stage_file(tmp_path, "one", [(1, 0)])])
    assert rows.schema == FULL_STAGE_SCHEMA
    (row,) = rows.collect()
    assert (row.ecg_1, row.ecg_2, row.subject) == (0.5, None, 1)


def test_files_of_one_subject_are_not_shuffled(spark: SparkSession, tmp_path: Path) -> None:
    sources = [stage_file(tmp_path, f"f{subject}", [(subject, 0), (subject, 1)]) for subject in (1, 2)]
    rows = read_stage(spark, storage_at(f"file://{tmp_path}"), sources)
    assert sorted_by_subject(rows, sources) is rows


def test_a_file_of_several_subjects_is_read_by_several_workers(spark: SparkSession, tmp_path: Path) -> None:
    read_stage(spark, storage_at(f"file://{tmp_path}"), [stage_file(tmp_path, "all", [(1, 0), (2, 0)])])
    assert spark.conf.get("spark.sql.files.maxPartitionBytes") == str(128 * 1024 * 1024)
    read_stage(spark, storage_at(f"file://{tmp_path}"), [stage_file(tmp_path, "f1", [(1, 0)])])
    assert spark.conf.get("spark.sql.files.maxPartitionBytes") == str(1 << 50)


def test_a_file_of_many_subjects_is_brought_together_in_order(spark: SparkSession, tmp_path: Path) -> None:
    mixed = [(subject, sample) for sample in range(50) for subject in (3, 1, 2)]
    sources = [stage_file(tmp_path, "all", mixed)]
    rows = sorted_by_subject(read_stage(spark, storage_at(f"file://{tmp_path}"), sources), sources)
    parts = rows.select("subject", "sample").rdd.glom().collect()
    found = [[(row.subject, row.sample) for row in part] for part in parts if part]
    assert sorted(pair for part in found for pair in part) == sorted(mixed)
    assert all(part == sorted(part) for part in found)
    owners = [{subject for subject, _ in part} for part in found]
    assert sum(len(subjects) for subjects in owners) == 3


@pytest.mark.parametrize("name", ["a [1]", "{x,y}", "what?*", "back\\slash", "100%20", "é"])
def test_a_name_is_never_a_pattern(spark: SparkSession, tmp_path: Path, name: str) -> None:
    stage_file(tmp_path, "a 1", [(9, 0)])
    source = stage_file(tmp_path, name, [(1, 0)])
    rows = read_stage(spark, storage_at(f"file://{tmp_path}"), [source])
    assert [row.subject for row in rows.collect()] == [1]
