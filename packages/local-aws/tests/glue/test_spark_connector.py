"""The S3 connector's jars: fetched once, into a cache that need not be there."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from local_aws.glue import spark_connector
from local_aws.glue.spark_connector import connector_jars
from local_aws.glue.spark_runtime import SparkRuntimeError, own_runtime


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home" / ".cache" / "local-aws"
    monkeypatch.setattr(spark_connector, "CACHE", folder)
    return folder


def resolver(status: int, calls: list[list[str]]) -> Any:
    """In place of subprocess.run: Spark's resolver, which leaves jars in the folder that it is given."""

    real = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        ivy = next((word.partition("=")[2] for word in command if str(word).startswith("spark.jars.ivy=")), None)
        if ivy is None:
            return real(command, **options)
        calls.append(command)
        (Path(ivy) / "jars").mkdir(parents=True)
        (Path(ivy) / "jars" / "hadoop-aws.jar").touch()
        return subprocess.CompletedProcess(command, status, "", "no route to host")

    return run


def test_the_jars_are_fetched_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(spark_connector.subprocess, "run", resolver(0, calls))
    for _ in range(2):
        jars = connector_jars(own_runtime())
        assert jars.is_relative_to(cache)
        assert [jar.name for jar in jars.iterdir()] == ["hadoop-aws.jar"]
    assert len(calls) == 1


def test_a_machine_that_is_offline_is_told_and_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_connector.subprocess, "run", resolver(1, []))
    with pytest.raises(SparkRuntimeError, match=r"(?s)could not be downloaded from Maven Central .*no route to host"):
        connector_jars(own_runtime())
    assert list(cache.iterdir()) == []
