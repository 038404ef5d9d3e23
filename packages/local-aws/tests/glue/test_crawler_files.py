"""What a crawler makes of files: tables, partitions, formats, columns; and what it says of files it cannot read."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_aws.glue.crawler_files import FoundTable, Shape, tables_below
from local_aws.glue.crawler_partitions import CrawlError


def found(prefix: str, **files: str | bytes) -> list[FoundTable]:
    content = {name: body.encode() if isinstance(body, str) else body for name, body in files.items()}
    return tables_below(prefix, sorted(content), lambda name, size: content[name][:size])


def parquet(**columns: pa.Array) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


CSV = Shape("csv", (("a", "bigint"), ("b", "string")), ",", has_header=True)


def test_a_folder_with_files_is_a_table() -> None:
    (table,) = found("in/", **{"in/x.csv": "A,B\n1,x\n2,y\n"})
    assert table == FoundTable("in/", CSV, (), {})


def test_folders_of_one_shape_are_partitions() -> None:
    (table,) = found("in/", **{"in/one/x.csv": "a,b\n1,x\n", "in/two/x.csv": "a,b\n2,y\n"})
    assert (table.folder, table.keys) == ("in/", ("partition_0",))
    assert table.partitions == {("one",): "one/", ("two",): "two/"}


def test_folders_of_different_shapes_are_tables() -> None:
    tables = found("in/", **{"in/one/x.csv": "a,b\n1,x\n", "in/two/k=1/x.csv": "c,d\n2,3\n"})
    assert [(table.folder, table.keys) for table in tables] == [("in/one/", ()), ("in/two/", ("k",))]


def test_partitions_have_their_values_as_the_folders_say() -> None:
    (table,) = found("", **{"Year=2024/month=01/x.csv": "a,b\n1,x\n", "Year=2024/month=02/x.csv": "a,b\n1,x\n"})
    assert table.keys == ("year", "month")
    assert table.partitions[("2024", "02")] == "Year=2024/month=02/"


def test_a_csv_file_without_a_header() -> None:
    (table,) = found("in/", **{"in/x.csv": "1|2.5|x\n2|3.5|y\n"})
    assert table.shape == Shape("csv", (("col0", "bigint"), ("col1", "double"), ("col2", "string")), "|", False)


def test_a_parquet_file() -> None:
    body = parquet(Id=pa.array([1], pa.int32()), at=pa.array([0], pa.timestamp("ms")), ok=pa.array([True]))
    (table,) = found("in/", **{"in/x.parquet": body})
    assert table.shape == Shape("parquet", (("id", "int"), ("at", "timestamp"), ("ok", "boolean")))


@pytest.mark.parametrize(
    ("files", "reported"),
    [
        ({"in/x.csv.gz": gzip.compress(b"a,b\n")}, "no compressed text"),
        ({"in/x.parquet": parquet(a=pa.array([[1]]))}, "no nested columns"),
        ({"in/x.parquet": b"PAR1 and no more"}, "x.parquet could not be read"),
        ({"in/x.json": '{"Name": 1}\n'}, "capital letters"),
        ({"in/x.csv": "a,b\n1,x\n", "in/deep/x.csv": "a,b\n1,x\n"}, "several depths"),
    ],
)
def test_what_cannot_be_read_is_told(files: dict[str, str | bytes], reported: str) -> None:
    with pytest.raises(CrawlError, match=reported):
        found("in/", **files)
