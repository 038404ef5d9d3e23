"""A local Athena for each module, and in it what a test has to itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local_aws_harness.athena_client import Athena, running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    with running(tmp_path_factory.mktemp("athena")) as made:
        yield made


@pytest.fixture
def athena(shared: Athena) -> Athena:
    """A database and a bucket of the test's own."""
    made = Athena(shared.endpoint)
    made.make_readings()
    return made
