"""What the drill's tests share: the seed, and the record of what was tried and seen."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.glue.conftest import aws, aws_endpoint, s3_spark, spark
from tests.interrupted import faulty
from tests.lambda_ingest.conftest import environment

from .table import Line

__all__ = ["aws", "aws_endpoint", "environment", "faulty", "s3_spark", "spark"]
DEFAULT_SEED = 20261124


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of all that is random: the same one gives the same drill. `make drill SEED=...`"""
    return int(os.environ.get("SEED") or DEFAULT_SEED)


@pytest.fixture
def drilled(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Records a line of the drill's table, and fails the test where rows were lost, doubled or mixed."""

    def record(situation: str, times: str, seen: str, *, lost: int = 0, doubled: int = 0, mixed: int = 0) -> None:
        line = Line(situation, times, seen, lost, doubled, mixed)
        record_property("drilled", line.as_text())
        assert line.is_good, line

    return record
