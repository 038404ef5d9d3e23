"""Queries through the local Athena: rows as texts, and a failure by its name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws_harness.athena_client import Athena as Local
from local_aws_harness.athena_client import running
from snapshot_report.errors import ReportQueryFailed
from snapshot_report.queries import Athena, Count
from snapshot_report.storage import Bucket


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    with running(tmp_path_factory.mktemp("athena")) as made:
        made.make_readings()
        yield made


@pytest.fixture(scope="module")
def athena(local: Local) -> Athena:
    return Athena(local.client, Bucket(local.s3, local.bucket), local.database, "reports")


@pytest.fixture(scope="module", autouse=True)
def work_group(local: Local) -> None:
    location = {"OutputLocation": f"s3://{local.bucket}/athena-results/"}
    local.client.create_work_group(Name="reports", Configuration={"ResultConfiguration": location})


def test_counts_are_those_of_the_snapshot(athena: Athena) -> None:
    statement = (
        "SELECT subject, n AS activity_id, activity, count(*) AS samples FROM readings WHERE snapshot = {snapshot} "
        "GROUP BY subject, n, activity ORDER BY subject, n"
    )
    assert athena.counts(statement, 2) == [
        Count(1, 1, "walking", 1),
        Count(1, 2, "walking", 1),
        Count(1, 3, "null class", 1),
        Count(3, 4, "running", 1),
        Count(3, 5, 'jump "front", back', 1),
    ]


def test_null_is_the_empty_text(athena: Athena) -> None:
    rows = athena.rows("SELECT id, x FROM readings WHERE snapshot = 2 AND subject = 1 ORDER BY id")
    assert [row["x"] for row in rows] == ["1.5", "-2.0", ""]


def test_a_query_that_fails_is_named_with_reason_and_statement(athena: Athena) -> None:
    with pytest.raises(ReportQueryFailed, match=r"is FAILED: .*nowhere.*It was: SELECT 1 FROM nowhere"):
        athena.rows("SELECT 1 FROM nowhere")
