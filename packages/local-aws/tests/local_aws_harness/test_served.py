"""One world at a time in a process of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.s3 import provider as s3
from local_aws_harness.served import serve


def test_a_second_world_beside_the_first_is_refused(tmp_path: Path) -> None:
    with (
        serve(tmp_path / "first", s3.install) as first,
        pytest.raises(RuntimeError, match="second: this process serves a world already"),
        serve(tmp_path / "second", s3.install),
    ):
        pass
    assert first.world.folder == tmp_path / "first"


def test_nothing_of_a_world_is_left_in_the_next(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with serve(tmp_path / name, s3.install) as served:
            assert served.client("s3").list_buckets()["Buckets"] == []
            served.client("s3").create_bucket(Bucket="left")
