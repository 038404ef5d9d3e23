from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mhealth.io.descriptions import with_comment
from mhealth.processed.sink import ParquetSink
from tests.glue.world import ANKLE, ARM

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("timestamp", pa.timestamp("us", tz="UTC")),
        ("ecg_1", pa.float64()),
        ("activity_id", pa.int32()),
    ]
)
PREFIX = "processed/snapshot=5/"


def value(sample: int) -> float:
    """A value that does not compress."""
    return random.Random(sample).random()


def batch(rows: list[tuple[int, int]], ids: list[str] | None = None) -> pa.RecordBatch:
    """Rows given as (subject, sample), as Spark hands them over."""
    return pa.RecordBatch.from_arrays(
        [
            pa.array(ids or [f"{subject}-{sample:07d}" for subject, sample in rows]),
            pa.array([sample * 20_000 for _, sample in rows], pa.timestamp("us", tz="UTC")),
            pa.array([value(sample) for _, sample in rows], pa.float64()),
            pa.array([0 for _ in rows], pa.int32()),
            pa.array([subject for subject, _ in rows], pa.int32()),
        ],
        names=[*SCHEMA.names, "subject"],
    )


def write(folder: Path, batches: list[pa.RecordBatch], limit: int = 1 << 30) -> list[dict[str, object]]:
    sink = ParquetSink(f"file://{folder}", PREFIX, SCHEMA, limit)
    return [row for reported in sink(batches) for row in reported.to_pylist()]


def test_a_subject_is_one_file_and_the_partition_columns_are_not_in_it(tmp_path: Path) -> None:
    reported = write(tmp_path, [batch([(1, 0), (1, 1)]), batch([(1, 2), (2, 0)]), batch([(2, 5)])])
    one, two = (f"{PREFIX}subject={subject}/part-00000.parquet" for subject in (1, 2))
    assert [(row["key"], row["subject"], row["rows"], row["ids_increase"]) for row in reported] == [
        (one, 1, 3, True),
        (two, 2, 2, True),
    ]
    assert [row["bytes"] for row in reported] == [(tmp_path / key).stat().st_size for key in (one, two)]
    assert pq.ParquetFile(tmp_path / two).read().to_pydict() == {
        "id": ["2-0000000", "2-0000005"],
        "timestamp": pa.array([0, 100_000], pa.timestamp("us", tz="UTC")).to_pylist(),
        "ecg_1": [value(0), value(5)],
        "activity_id": [0, 0],
    }


def test_sums_are_of_the_values_by_their_ids_however_the_rows_are_cut(tmp_path: Path) -> None:
    rows = [(1, sample) for sample in range(3, 10)]
    (whole,) = write(tmp_path, [batch(rows)])
    (cut,) = write(tmp_path, [batch(rows[:1]), batch(rows[1:5]), batch(rows[5:])])
    (other,) = write(tmp_path, [batch([(1, sample + 1) for _, sample in rows])])
    assert cut["sums"] == whole["sums"]
    assert [name for name, _ in whole["sums"]] == ["ecg_1", "activity_id"]  # type: ignore[attr-defined]
    # The same labels are another sum where they belong to other samples.
    assert dict(whole["sums"])["activity_id"] != dict(other["sums"])["activity_id"]  # type: ignore[call-overload]


def test_files_are_zstd_and_their_instants_utc_microseconds(tmp_path: Path) -> None:
    (reported,) = write(tmp_path, [batch([(1, 0)])])
    metadata = pq.read_metadata(tmp_path / str(reported["key"]))
    assert {metadata.row_group(0).column(place).compression for place in range(4)} == {"ZSTD"}
    timestamp = metadata.schema.column(1)
    assert timestamp.physical_type == "INT64"
    kind = json.loads(timestamp.logical_type.to_json())
    assert (kind["isAdjustedToUTC"], kind["timeUnit"]) == (True, "microseconds")


def test_the_next_part_begins_where_a_file_would_pass_the_limit(tmp_path: Path) -> None:
    limit = 30_000
    batches = [batch([(1, sample) for sample in range(start, start + 100)]) for start in range(0, 20_000, 100)]
    reported = write(tmp_path, batches, limit)
    assert [row["key"] for row in reported] == [
        f"{PREFIX}subject=1/part-{part:05d}.parquet" for part in range(len(reported))
    ]
    assert len(reported) > 3
    assert all(int(str(row["bytes"])) <= limit for row in reported)
    ids = [name for row in reported for name in pq.ParquetFile(tmp_path / str(row["key"])).read()["id"].to_pylist()]
    assert ids == [f"1-{sample:07d}" for sample in range(20_000)]
    assert all(row["ids_increase"] for row in reported)


def test_the_footer_of_many_small_row_groups_counts_to_a_files_size(tmp_path: Path) -> None:
    """Values that are all the same take hardly a byte, and what the footer says of each column takes the most."""
    names = [*ANKLE, *ARM]
    fields = [with_comment(pa.field(name, pa.float64()), "turning rate, deg/s") for name in names]
    schema = pa.schema([("id", pa.string()), *fields])
    limit = 30_000
    sink = ParquetSink(f"file://{tmp_path}", PREFIX, schema, limit)
    same = pa.array([0.5] * 200)
    batches = [
        pa.RecordBatch.from_arrays(
            [
                pa.array([f"1-{sample:07d}" for sample in range(start, start + 200)]),
                *([same] * len(names)),
                pa.array([1] * 200, pa.int32()),
            ],
            names=["id", *names, "subject"],
        )
        for start in range(0, 10_000, 200)
    ]
    reported = [row for rows in sink(iter(batches)) for row in rows.to_pylist()]
    sizes = [(tmp_path / str(row["key"])).stat().st_size for row in reported]
    assert max(sizes) <= limit
    assert sum(row["rows"] for row in reported) == 10_000
    assert pq.read_metadata(tmp_path / str(reported[0]["key"])).num_row_groups > 2


def test_what_spark_hands_over_bit_by_bit_is_one_row_group(tmp_path: Path) -> None:
    """A reader opens row group by row group: many small ones would cost it more than the rows."""
    (reported,) = write(tmp_path, [batch([(1, sample)]) for sample in range(50)])
    metadata = pq.read_metadata(tmp_path / str(reported["key"]))
    assert (metadata.num_rows, metadata.num_row_groups) == (50, 1)


def test_no_rows_no_file(tmp_path: Path) -> None:
    assert write(tmp_path, []) == []
    assert write(tmp_path, [batch([])]) == []


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param(["1-0000001", "1-0000001"], id="doubled"),
        pytest.param(["1-0000002", "1-0000001"], id="disordered"),
        pytest.param(["1-0000001", "2-0000002"], id="of-another-subject"),
        pytest.param(["1-0000001", "1-00x"], id="no-number"),
    ],
)
def test_ids_that_do_not_increase_are_told(tmp_path: Path, ids: list[str]) -> None:
    (reported,) = write(tmp_path, [batch([(1, 0), (1, 1)], ids)])
    assert reported["ids_increase"] is False


def test_ids_increase_over_the_seventh_digit(tmp_path: Path) -> None:
    (reported,) = write(tmp_path, [batch([(1, 9_999_999), (1, 10_000_000)])])
    assert reported["ids_increase"] is True


def test_ids_are_followed_from_one_row_group_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mhealth.processed.sink.ROW_GROUP_ROWS", 2)
    (reported,) = write(tmp_path, [batch([(1, 3), (1, 4)]), batch([(1, 4), (1, 5)])])
    assert reported["ids_increase"] is False


def test_a_subject_that_comes_again_would_overwrite_itself_and_is_a_fault(tmp_path: Path) -> None:
    *_, reported = write(tmp_path, [batch([(1, 0), (2, 0), (1, 1)])])
    assert "rows of subject 1 are not together" in reported["fault"]
