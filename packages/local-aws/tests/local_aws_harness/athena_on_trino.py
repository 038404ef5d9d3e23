"""A local Athena whose engine is Trino; tests that need it are skipped where Trino has not been downloaded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local_aws.athena import provider as athena
from local_aws.athena.trino.distribution import TrinoMissingError, distribution
from local_aws.core.world import World
from local_aws_harness.athena_client import Athena
from local_aws_harness.served import serve


def _missing() -> bool:
    try:
        distribution()
    except TrinoMissingError:
        return True
    return False


needs_trino = [
    pytest.mark.trino,
    pytest.mark.skipif(_missing(), reason="needs Trino: make setup-trino"),
]
"""The marks of a test that needs it: pytestmark, or a decorator each."""


@contextlib.contextmanager
def on_trino(folder: Path) -> Iterator[Athena]:
    """A local Athena on Trino, on a free port, in an empty AWS."""

    def install(world: World) -> None:
        athena.install(replace(world, athena="trino"))

    with serve(folder, install) as served:
        try:
            yield Athena(served.world.endpoint)
        finally:
            athena.close()
