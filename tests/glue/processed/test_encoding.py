from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from mhealth.io.descriptions import with_comment
from mhealth.processed.encoding import open_writer

ROWS = 40_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A column of few values, one of ever new ones, one of nulls, and what else the table has."""
    path = tmp_path_factory.mktemp("encoding") / "part.parquet"
    random = np.random.default_rng(5)
    table = pa.table(
        {
            "id": [f"3-{sample:07d}" for sample in range(ROWS)],
            "timestamp": pa.array(np.arange(ROWS) * 20_000, pa.timestamp("us", tz="UTC")),
            "coarse": random.integers(0, 300, ROWS) / 100,
            "fine": random.standard_normal(ROWS),
            "absent": pa.nulls(ROWS, pa.float64()),
            "activity": ["walking"] * ROWS,
        }
    )
    with open_writer(path, table) as writer:
        writer.write_table(table)
    return path


def encodings(path: Path) -> dict[str, set[str]]:
    group = pq.read_metadata(path).row_group(0)
    chunks = [group.column(place) for place in range(group.num_columns)]
    return {chunk.path_in_schema: set(chunk.encodings) for chunk in chunks}


def test_what_repeats_gets_a_dictionary_and_what_does_not_is_plain(written: Path) -> None:
    found = encodings(written)
    assert {name for name, kinds in found.items() if "RLE_DICTIONARY" in kinds} == {"coarse", "absent", "activity"}
    assert "DELTA_BINARY_PACKED" in found["timestamp"]


def test_instants_that_are_equally_spaced_take_next_to_nothing(written: Path) -> None:
    group = pq.read_metadata(written).row_group(0)
    assert group.column(1).path_in_schema == "timestamp"
    assert group.column(1).total_compressed_size < ROWS / 100


def test_other_readers_see_the_same_values(written: Path, spark: SparkSession) -> None:
    expected = pq.ParquetFile(written).read().to_pydict()
    sevenths = list(range(0, ROWS, 7))
    last = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=20 * sevenths[-1])
    rows = spark.read.parquet(f"file://{written}").toLocalIterator()
    by_spark = [row for place, row in enumerate(rows) if place % 7 == 0]
    duck = duckdb.sql(f"SELECT id, fine, coarse, absent, activity, epoch_us(timestamp) FROM '{written}'").fetchall()
    for place, row in zip(sevenths, by_spark, strict=True):
        reported = (row.id, row.fine, row.coarse, row.absent, row.activity)
        assert (
            reported
            == duck[place][:5]
            == tuple(expected[name][place] for name in ("id", "fine", "coarse", "absent", "activity"))
        )
    assert by_spark[-1].timestamp.astimezone(UTC) == last
    assert [row[5] for row in duck] == [sample * 20_000 for sample in range(ROWS)]


def test_spark_reads_comments_and_units_of_columns(tmp_path: Path, spark: SparkSession) -> None:
    comments = {"id": "unique", "ecg_1": "ECG lead 1, mV", "activity_id": "0..12"}
    kinds = {"id": pa.string(), "ecg_1": pa.float64(), "activity_id": pa.int32()}
    schema = pa.schema([with_comment(pa.field(name, kinds[name]), text) for name, text in comments.items()])
    table = pa.Table.from_pylist([{"id": "3-0", "ecg_1": 0.5, "activity_id": 4}], schema)
    with open_writer(tmp_path / "part.parquet", table) as writer:
        writer.write_table(table)
    frame = spark.read.parquet(f"file://{tmp_path}/part.parquet")
    described = {field.name: (field.dataType.simpleString(), field.metadata) for field in frame.schema}
    assert described == {
        "id": ("string", {"comment": "unique"}),
        "ecg_1": ("double", {"comment": "ECG lead 1, mV", "unit": "mV"}),
        "activity_id": ("int", {"comment": "0..12"}),
    }
    frame.createOrReplaceTempView("described")
    assert {row.col_name: row.comment for row in spark.sql("DESCRIBE described").collect()} == comments
    assert [tuple(row) for row in frame.collect()] == [("3-0", 0.5, 4)]
