"""The names that the function gives to raw objects mean nothing to Spark: the jobs name their objects after them."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from ingest.entries import Entry
from ingest.selection import chosen

EVERYONE = b"alx,aly,alz,glx,gly,glz,arx,ary,arz,grx,gry,grz,Activity,subject\n1,2,3,4,5,6,7,8,9,10,11,12,0,1\n"
NAMES = ["a", "1", "b_", "b-", "b.c", "part-00000", "null", "CON", "select", "x.crc", "x.gz", "x._COPYING_", "snapshot"]


def test_every_file_with_a_name_that_is_landed_is_read(spark: SparkSession, tmp_path: Path) -> None:
    files, _ = chosen(Entry(f"data/{name}.csv", len(EVERYONE), lambda: io.BytesIO(EVERYONE)) for name in NAMES)
    assert [file.name for file in files] == NAMES
    # Names that are refused: Spark passes over them, without a word.
    for name in [*NAMES, "_b", ".b"]:
        pq.write_table(pa.table({"name": [name]}), tmp_path / f"{name}.parquet")
    read = spark.read.parquet(str(tmp_path)).collect()
    assert sorted(row["name"] for row in read) == sorted(NAMES)
