"""PyAthena: its cursors, its metadata, and its dialect of SQLAlchemy, which pandas.read_sql reads by."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pandas as pd
import pyathena
import pytest
from pyathena.arrow.cursor import ArrowCursor
from pyathena.arrow.result_set import AthenaArrowResultSet
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import DictCursor
from pyathena.error import OperationalError
from pyathena.pandas.cursor import PandasCursor
from sqlalchemy import Engine, MetaData, Table, create_engine, func, inspect, select
from sqlalchemy.exc import NoSuchTableError

from local_aws_harness.athena_client import Athena

SQL = 'SELECT id, "timestamp", acceleration, n FROM samples WHERE n <= 3 ORDER BY n'
START = datetime.datetime(2014, 1, 1)
ROWS = [
    ("1-0", START, 1.5, 1),
    ("1-1", START + datetime.timedelta(milliseconds=20), -2.25, 2),
    ("1-2", START + datetime.timedelta(milliseconds=40), None, 3),
]


def connected(athena: Athena, folder: str, cursor: Any = None, **more: Any) -> Any:
    given = {} if cursor is None else {"cursor_class": cursor}
    return pyathena.connect(
        s3_staging_dir=f"{folder}/",
        schema_name=athena.database,
        region_name="us-east-1",
        endpoint_url=athena.endpoint,
        poll_interval=0.05,
        **given,
        **more,
    )


def test_the_cursor_has_rows_their_types_and_what_they_cost(athena: Athena, folder: str) -> None:
    cursor = connected(athena, folder).cursor().execute(SQL)
    assert cursor.fetchall() == ROWS
    kinds = [(column[0], column[1]) for column in cursor.description]
    assert kinds == [("id", "varchar"), ("timestamp", "timestamp"), ("acceleration", "double"), ("n", "integer")]
    assert (cursor.state, cursor.statement_type, cursor.substatement_type) == ("SUCCEEDED", "DML", "SELECT")
    assert cursor.data_scanned_in_bytes > 0


def test_the_cursor_takes_parameters_of_both_kinds(athena: Athena, folder: str) -> None:
    cursor = connected(athena, folder).cursor()
    assert cursor.execute("SELECT n FROM samples WHERE id = %(id)s", {"id": "3-1"}).fetchall() == [(5,)]
    assert cursor.execute("SELECT n FROM samples WHERE id = ?", ["'3-1'"], paramstyle="qmark").fetchall() == [(5,)]
    assert [row[0] for row in cursor.execute("SHOW PARTITIONS samples")] == ["subject=1", "subject=3"]
    assert cursor.execute("SHOW TABLES 'nothing'").fetchall() == []


def test_dictionaries(athena: Athena, folder: str) -> None:
    cursor = connected(athena, folder, DictCursor).cursor().execute("SELECT id, n FROM samples WHERE n = 4")
    assert cursor.fetchall() == [{"id": "3-0", "n": 4}]


@pytest.mark.parametrize("unload", [False, True], ids=["csv", "unload"])
def test_pandas(athena: Athena, folder: str, unload: bool) -> None:
    frame = connected(athena, folder, PandasCursor).cursor(unload=unload).execute(SQL).as_pandas()
    assert list(frame.columns) == ["id", "timestamp", "acceleration", "n"]
    assert list(frame["id"]) == ["1-0", "1-1", "1-2"]
    assert list(frame["timestamp"]) == [row[1] for row in ROWS]
    assert list(frame["acceleration"].fillna(0)) == [1.5, -2.25, 0]


@pytest.mark.parametrize("unload", [False, True], ids=["csv", "unload"])
def test_arrow_with_a_file_system_of_ones_own(
    athena: Athena, folder: str, unload: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyAthena makes its S3FileSystem without the endpoint: docs/clients.md has these lines as the way around it."""
    from pyarrow.fs import S3FileSystem

    def local(*_: object) -> S3FileSystem:
        return S3FileSystem(endpoint_override=athena.endpoint, access_key="any", secret_key="any", region="us-east-1")

    monkeypatch.setattr(AthenaArrowResultSet, "_AthenaArrowResultSet__s3_file_system", local, raising=False)
    found = connected(athena, folder, ArrowCursor).cursor(unload=unload).execute(SQL).as_arrow()
    assert found.to_pylist() == [dict(zip(("id", "timestamp", "acceleration", "n"), row, strict=True)) for row in ROWS]


def test_asynchronously(athena: Athena, folder: str) -> None:
    cursor = connected(athena, folder, AsyncCursor).cursor()
    futures = [cursor.execute(f"SELECT id FROM samples WHERE n = {n}")[1] for n in (1, 5)]
    assert [future.result().fetchall() for future in futures] == [[("1-0",)], [("3-1",)]]
    cursor.close()


def test_the_metadata_of_the_cursor(athena: Athena, folder: str) -> None:
    cursor = connected(athena, folder).cursor()
    found = cursor.get_table_metadata("samples")
    assert [(column.name, column.type, column.comment) for column in found.columns][2] == (
        *("acceleration", "double", "m/s^2"),
    )
    assert (found.location, found.comment) == (f"s3://{athena.bucket}/samples/", "one row a sample")
    assert {"persons", "samples"} <= {table.name for table in cursor.list_table_metadata(max_results=1)}
    assert athena.database in {one.name for one in cursor.list_databases("awsdatacatalog", max_results=1)}


def test_a_failed_query_is_told_with_athenas_words(athena: Athena, folder: str) -> None:
    with pytest.raises(OperationalError, match="TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog"):
        connected(athena, folder).cursor().execute("SELECT * FROM nope")


@pytest.fixture
def engine(athena: Athena, folder: str) -> Iterator[Engine]:
    query = f"s3_staging_dir={quote_plus(folder + '/')}&endpoint_url={quote_plus(athena.endpoint)}&poll_interval=0.05"
    made = create_engine(f"awsathena+rest://:@athena.us-east-1.amazonaws.com:443/{athena.database}?{query}")
    yield made
    made.dispose()


def test_sqlalchemy_knows_what_there_is(athena: Athena, engine: Engine) -> None:
    found = inspect(engine)
    assert found.has_table("samples")
    assert found.has_table("persons")
    assert not found.has_table("nope")
    assert (found.get_table_names(), found.get_view_names()) == (["samples"], ["persons"])
    assert athena.database in found.get_schema_names()
    assert found.get_view_definition("persons").startswith(f'CREATE VIEW "{athena.database}"."persons" AS\nSELECT')
    assert found.get_table_comment("samples") == {"text": "one row a sample"}
    assert found.get_table_options("samples")["awsathena_location"] == f"s3://{athena.bucket}/samples/"
    with pytest.raises(NoSuchTableError):
        found.get_columns("nope")


def test_sqlalchemy_reflects_a_table_with_its_units(engine: Engine) -> None:
    table = Table("samples", MetaData(), autoload_with=engine)
    found = [(column.name, str(column.type), column.comment) for column in table.columns]
    assert found == [
        ("id", "VARCHAR", "subject and sample"),
        ("timestamp", "TIMESTAMP", None),
        ("acceleration", "DOUBLE", "m/s^2"),
        ("n", "INTEGER", "the person's count"),
        ("subject", "INTEGER", "a person"),
    ]
    counted = select(table.c.subject, func.count()).group_by(table.c.subject).order_by(table.c.subject)
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(counted)] == [(1, 3), (3, 2)]
        assert connection.execute(select(table.c.n).where(table.c.id == "3-1")).scalar_one() == 5


def test_pandas_reads_by_sqlalchemy(engine: Engine) -> None:
    frame = pd.read_sql("SELECT subject, samples FROM persons ORDER BY subject", engine)
    assert frame.to_dict("list") == {"subject": [1, 3], "samples": [3, 2]}
    assert sorted(pd.read_sql_table("persons", engine)["samples"]) == [2, 3]
