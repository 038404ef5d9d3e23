"""The way that the table's rows take, and that both ways lead to the same rows."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from chispa import assert_df_equality
from pyspark.sql import DataFrame, SparkSession

from mhealth.errors import SchemaMismatch
from mhealth.io.catalog import TableDefinition
from mhealth.processed import arrow_rows, transforms
from mhealth.processed.pipeline import Step, table_steps, twins_of
from mhealth.schema import ACTIVITIES, LABEL, SAMPLE, SENSORS, SUBJECT
from mhealth.stage.spark_schema import FULL_STAGE_SCHEMA
from tests.glue.processed.test_spark_rows import stage_file
from tests.glue.processed.test_transforms import definition
from tests.glue.world import TABLE_COLUMNS

START = datetime(2014, 1, 1, tzinfo=UTC)
TABLE = definition(TABLE_COLUMNS)
VALUES = [0.0, -9.8184, 1e-310, 1.7976931348623157e308, math.pi, 0.1]
SAMPLES = [0, 1, 42, 9_999_998, 9_999_999, 10_000_000, 99_999_999, 4_320_000 * 365, 123_456_789_012]


def stage_of(*, without: tuple[str, ...] = ()) -> pa.Table:
    """Stage rows of every label, with samples around each number of digits."""
    rows = range(len(ACTIVITIES) * len(SAMPLES))
    columns: dict[str, Any] = {
        name: pa.array([VALUES[(row + place) % len(VALUES)] for row in rows])
        for place, name in enumerate(SENSORS)
        if name not in without
    }
    columns[LABEL] = pa.array([row % len(ACTIVITIES) for row in rows], pa.int32())
    columns[SUBJECT] = pa.array([(1, 10, 999_999_999)[row % 3] for row in rows], pa.int32())
    columns["line"] = pa.array(rows, pa.int64())
    columns[SAMPLE] = pa.array([SAMPLES[row % len(SAMPLES)] for row in rows], pa.int64())
    return pa.table(columns)


def as_frame(spark: SparkSession, rows: pa.Table, schema: Any) -> DataFrame:
    names = [field.name for field in schema]
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows.to_pylist()], schema)


@pytest.mark.parametrize("start", [START, datetime.fromisoformat("1969-12-31T23:59:59.999999+09:00")], ids=str)
@pytest.mark.parametrize("without", [(), SENSORS[:5], SENSORS], ids=["all-sensors", "no-chest", "none"])
def test_arrow_makes_the_rows_of_the_dataframes_step_by_step(
    spark: SparkSession, start: datetime, without: tuple[str, ...]
) -> None:
    stage = stage_of(without=without)
    by_spark = transforms.stage_rows(as_frame(spark, stage, FULL_STAGE_SCHEMA))
    by_arrow = arrow_rows.stage_rows(stage)
    assert by_arrow.schema.names == by_spark.columns
    for step in table_steps(TABLE, start):
        assert step.twin is not None
        by_spark, by_arrow = by_spark.transform(step.transform), step.twin(by_arrow)
        assert by_arrow.schema.names == by_spark.columns
    assert_df_equality(as_frame(spark, by_arrow, by_spark.schema), by_spark, ignore_nullable=True)


def test_each_twin_bears_its_steps_name() -> None:
    for step in table_steps(TABLE, START):
        assert step.twin is not None
        assert step.twin.__qualname__.partition(".")[0] == step.transform.__qualname__.partition(".")[0]


@pytest.mark.parametrize("label", [13, -1])
def test_a_label_without_a_name_is_an_error(label: int) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        arrow_rows.with_activity(pa.table({"activity_id": pa.array([label], pa.int32())}))


@pytest.mark.parametrize("table", [definition({"id": "string", "ecg_3": "double"}), definition({"id": "bigint"})])
def test_arrow_refuses_a_table_in_the_same_words(spark: SparkSession, table: TableDefinition) -> None:
    messages = []
    rows = arrow_rows.with_id(arrow_rows.stage_rows(stage_of()))
    for refuse in (
        lambda: arrow_rows.conform(table)(rows),
        lambda: transforms.conform(table)(
            transforms.with_id(transforms.stage_rows(spark.createDataFrame([], FULL_STAGE_SCHEMA)))
        ),
    ):
        with pytest.raises(SchemaMismatch) as refused:
            refuse()
        messages.append(str(refused.value))
    assert messages[0] == messages[1]


def added(rows: DataFrame) -> DataFrame:
    return rows


def test_a_step_without_a_twin_goes_through_spark_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [stage_file(tmp_path, f"f{subject}", [(subject, 0)]) for subject in (1, 2)]
    steps = table_steps(TABLE, START)
    assert len(twins_of(steps, sources)) == len(steps)
    assert capsys.readouterr().out == ""
    assert twins_of([*steps, Step(added)], sources) == []
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["reason"]) == ("rows_through_spark", "without an Arrow twin: added")


def test_a_file_of_several_subjects_goes_through_spark_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [stage_file(tmp_path, "one", [(3, 0)]), stage_file(tmp_path, "all", [(1, 0), (2, 0)])]
    assert twins_of(table_steps(TABLE, START), sources) == []
    told = json.loads(capsys.readouterr().out)
    assert (told["reason"], told["files"]) == ("several subjects in one file: all.log", 1)
