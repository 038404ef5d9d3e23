"""An asynchronous invocation that outlives its local AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.core.world import World
from local_aws.lambda_.provider import _run_asynchronously


class Failing:
    def run(self) -> None:
        raise RuntimeError("the local AWS is stopping: no new process is started")


def test_its_errors_are_ignored_after_the_end_only(tmp_path: Path) -> None:
    world = World("http://127.0.0.1:9", "us-east-1", tmp_path)
    with pytest.raises(RuntimeError, match="stopping"):
        _run_asynchronously(Failing(), world)  # type: ignore[arg-type]
    world.children.end_all()
    _run_asynchronously(Failing(), world)  # type: ignore[arg-type]
