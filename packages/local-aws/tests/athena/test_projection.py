"""Partition projection: which folders are partitions, by the parameters of the table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws.athena.errors import QueryFailedError
from local_aws.athena.files import s3
from local_aws.athena.projection import projected

BUCKET = "lake"


@pytest.fixture(autouse=True)
def _bucket() -> Iterator[None]:
    backend = s3("us-east-1")
    backend.create_bucket(BUCKET, "us-east-1")
    yield
    backend.reset()


def partitions(keys: list[str], **column: str) -> list[str]:
    """The values of `k` in a bucket with the objects `t/KEY/x`."""
    for key in keys:
        s3("us-east-1").put_object(BUCKET, f"t/{key}/x", b"x")
    given = {f"projection.k.{name}": value for name, value in column.items() if name != "template"}
    template = column.get("template", f"s3://{BUCKET}/t/${{k}}/")
    table = {
        "PartitionKeys": [{"Name": "k", "Type": "string"}],
        "Parameters": {"storage.location.template": template, **given},
        "StorageDescriptor": {"Location": f"s3://{BUCKET}/t/"},
    }
    return [value for (value,), _ in projected(table, "us-east-1")]


@pytest.mark.parametrize(
    ("given", "column", "expected"),
    [
        (["a", "b", "c"], {"type": "enum", "values": "a, c"}, ["a", "c"]),
        (["0", "3", "4", "6", "9"], {"type": "integer", "range": "0,6", "interval": "3"}, ["0", "3", "6"]),
        (["7", "07", "007"], {"type": "integer", "range": "0,9", "digits": "2"}, ["07"]),
        (["2023", "2024", "2025"], {"type": "date", "range": "2024,NOW-1YEARS", "format": "yyyy"}, ["2024", "2025"]),
        (["2024-01-31", "2024-02-30", "2024-02-01"],
         {"type": "date", "range": "2024-01-31,NOW", "format": "yyyy-MM-dd"}, ["2024-01-31", "2024-02-01"]),
        (["2024/01/01/00", "2024/01/01/06", "2024/01/01/07"],
         {"type": "date", "range": "2024/01/01/00,NOW", "format": "yyyy/MM/dd/HH", "interval": "6",
          "interval.unit": "HOURS"},
         ["2024/01/01/00", "2024/01/01/06"]),
        (["2024-01", "2024-02", "2024-04"],
         {"type": "date", "range": "2024-01,2025-01", "format": "yyyy-MM", "interval": "3", "interval.unit": "MONTHS"},
         ["2024-01", "2024-04"]),
        (["2999-01-01"], {"type": "date", "range": "2024-01-01,NOW", "format": "yyyy-MM-dd"}, []),
    ],
)  # fmt: skip
def test_values(given: list[str], column: dict[str, str], expected: list[str]) -> None:
    assert partitions(given, **column) == expected


@pytest.mark.parametrize(
    ("column", "reported"),
    [
        ({"type": "injected"}, "partition projection of type injected"),
        ({"type": "enum"}, "projection.k.values is missing"),
        ({"type": "guess"}, "projection.k.type is 'guess'"),
        ({"type": "date", "range": "2024,NOW", "format": "EEE"}, "EEE in projection.k.format"),
        ({"type": "date", "range": "soon,NOW", "format": "yyyy"}, "projection.k.range"),
        ({"type": "enum", "values": "a", "template": f"s3://{BUCKET}/t/${{other}}/"}, "names .*other"),
        ({"type": "enum", "values": "a", "template": f"s3://{BUCKET}/t/"}, "does not name k"),
    ],
)
def test_parameters_that_cannot_be_fail_the_query(column: dict[str, str], reported: str) -> None:
    with pytest.raises(QueryFailedError, match=reported):
        partitions([], **column)
