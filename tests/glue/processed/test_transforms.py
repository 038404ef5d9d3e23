from __future__ import annotations

from datetime import UTC, datetime

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from mhealth.errors import SchemaMismatch
from mhealth.io.catalog import Column, TableDefinition
from mhealth.processed.transforms import (
    conform,
    stage_rows,
    with_activity,
    with_id,
    with_timestamp,
)
from mhealth.schema import SENSORS
from mhealth.stage.spark_schema import FULL_STAGE_SCHEMA
from tests.glue.world import ANKLE, ARM, PARTITION_KEYS, TABLE_COLUMNS

START = datetime(2014, 1, 1, tzinfo=UTC)


def definition(columns: dict[str, str], keys: dict[str, str] = PARTITION_KEYS) -> TableDefinition:
    def parts(found: dict[str, str]) -> tuple[Column, ...]:
        return tuple(Column(name, kind) for name, kind in found.items())

    return TableDefinition("db.mhealth_snapshots", parts(columns), parts(keys))


def test_stage_rows_bear_the_tables_names(spark: SparkSession) -> None:
    values = [float(place) for place in range(23)]
    stage = spark.createDataFrame([(*values, 4, 7, 11, 10)], FULL_STAGE_SCHEMA)
    expected = spark.createDataFrame(
        [(*values, 4, 7, 10)],
        ", ".join(f"{name} double" for name in ["accel_x", "accel_y", "accel_z", "ecg_1", "ecg_2", *ANKLE, *ARM])
        + ", activity_id int, subject int, sample bigint",
    )
    assert_df_equality(stage.transform(stage_rows), expected)
    assert len(SENSORS) == 23


def test_with_id_pads_to_seven_digits_and_never_cuts(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [(3, 42), (10, 0), (1, 9_999_999), (1, 10_000_000), (0, 123_456_789)], "subject int, sample bigint"
    )
    expected = spark.createDataFrame(
        [
            (3, 42, "3-0000042"),
            (10, 0, "10-0000000"),
            (1, 9_999_999, "1-9999999"),
            (1, 10_000_000, "1-10000000"),
            (0, 123_456_789, "0-123456789"),
        ],
        "subject int, sample bigint, id string",
    )
    assert_df_equality(rows.transform(with_id), expected)


@pytest.mark.parametrize(
    ("start", "sample", "expected"),
    [
        pytest.param(START, 0, "2014-01-01 00:00:00", id="first"),
        pytest.param(START, 1, "2014-01-01 00:00:00.02", id="one-tick"),
        pytest.param(START, 161_279, "2014-01-01 00:53:45.58", id="end-of-subject-1"),
        pytest.param(START, 4_320_000 * 365, "2015-01-01 00:00:00", id="a-year-of-samples"),
        pytest.param(
            datetime.fromisoformat("2014-01-01T09:00:00.000001+09:00"),
            50,
            "2014-01-01 00:00:01.000001",
            id="another-zone",
        ),
        pytest.param(
            datetime.fromisoformat("1969-12-31T23:59:59.999999+00:00"),
            3,
            "1970-01-01 00:00:00.059999",
            id="before-1970",
        ),
    ],
)
def test_with_timestamp_is_exact(spark: SparkSession, start: datetime, sample: int, expected: str) -> None:
    row = spark.createDataFrame([(sample,)], "sample bigint").transform(with_timestamp(start))
    assert row.schema["timestamp"].dataType.simpleString() == "timestamp"
    assert row.select(F.col("timestamp").cast("string")).collect() == [(expected,)]


def test_with_activity_names_every_label(spark: SparkSession) -> None:
    names = [
        "null class",
        "standing still",
        "sitting and relaxing",
        "lying down",
        "walking",
        "climbing stairs",
        "waist bends forward",
        "frontal elevation of arms",
        "knees bending (crouching)",
        "cycling",
        "jogging",
        "running",
        "jump front and back",
    ]
    rows = spark.createDataFrame([(label,) for label in range(13)], "activity_id int")
    expected = spark.createDataFrame(list(enumerate(names)), "activity_id int, activity string")
    assert_df_equality(rows.transform(with_activity), expected, ignore_nullable=True)


def test_a_label_without_a_name_is_an_error(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(13,)], "activity_id int").transform(with_activity)
    with pytest.raises(Exception, match="INVALID_ARRAY_INDEX"):
        rows.collect()


def test_conform_takes_the_tables_columns_in_its_order_and_what_the_sink_goes_by(spark: SparkSession) -> None:
    rows = spark.createDataFrame(
        [(1.5, 3, "3-0000008", 7, 8)], "ecg_1 double, subject int, id string, activity_id int, sample bigint"
    )
    table = definition({"activity_id": "bigint", "id": "string"})
    expected = spark.createDataFrame([(7, "3-0000008", 3)], "activity_id bigint, id string, subject int")
    assert_df_equality(rows.transform(conform(table)), expected)
    with_sample = definition({"id": "string", "sample": "bigint"})
    expected = spark.createDataFrame([("3-0000008", 8, 3)], "id string, sample bigint, subject int")
    assert_df_equality(rows.transform(conform(with_sample)), expected)


def test_conform_tells_every_discrepancy_at_once(spark: SparkSession) -> None:
    rows = spark.createDataFrame([(1.5, 3, 7)], "ecg_1 double, subject int, activity_id int")
    columns = {"ecg_1": "float", "ecg_3": "double", "activity_id": "string"}
    with pytest.raises(SchemaMismatch) as refused:
        rows.transform(conform(definition(columns, {"subject": "string"})))
    assert str(refused.value) == (
        "the table db.mhealth_snapshots does not fit what the job makes: "
        "ecg_1 float: not one of the types string, int, bigint, double, timestamp; "
        "ecg_3 double: the job has no such column; "
        "activity_id string: the job makes int; "
        "id string: missing in the table; "
        "partition keys subject string: expected snapshot bigint, subject int. "
        "The table is defined in the template: correct it there, or the job. Not retryable."
    )


def test_the_whole_chain_fits_the_designs_table(spark: SparkSession) -> None:
    stage = spark.createDataFrame([(*([0.25] * 23), 9, 3, 43, 42)], FULL_STAGE_SCHEMA)
    (row,) = (
        stage.transform(stage_rows)
        .transform(with_id)
        .transform(with_timestamp(START))
        .transform(with_activity)
        .transform(conform(definition(TABLE_COLUMNS)))
        .withColumn("timestamp", F.col("timestamp").cast("string"))
        .collect()
    )
    assert row.asDict() == {
        "id": "3-0000042",
        "timestamp": "2014-01-01 00:00:00.84",
        **dict.fromkeys(["accel_x", "accel_y", "accel_z", "ecg_1", "ecg_2", *ANKLE, *ARM], 0.25),
        "activity_id": 9,
        "activity": "cycling",
        "subject": 3,
    }
