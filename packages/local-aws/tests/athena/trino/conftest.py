"""A local Athena on Trino, for all tests of a worker that need it: its start takes ten seconds and more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws_harness.athena_client import Athena
from local_aws_harness.athena_on_trino import on_trino


@pytest.fixture(scope="module")
def trino(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    with on_trino(tmp_path_factory.mktemp("trino")) as athena:
        athena.make_readings()
        yield athena
