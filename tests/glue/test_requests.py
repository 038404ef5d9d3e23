"""What the jobs ask of S3 for each file, counted: a request more for each file is seen here, on whatever machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

import convert_parquet
import glue_transform
from mhealth.io.connect import storage_at
from mhealth.processed import pipeline
from tests.glue.world import World, log_line

Requests = Counter[tuple[str, str]]
"""How often an operation was asked for, by the first folder of its key or prefix."""

FEW, MANY = 3, 8


@dataclass
class Here:
    """The part of SparkContext that the jobs use, with this process as the only worker."""

    items: Sequence[Any] = ()
    defaultParallelism: int = 2  # noqa: N815 - SparkContext's name for it

    def parallelize(self, items: Sequence[Any], _: int) -> Here:
        return Here(items)

    def map(self, work: Callable[[Any], Any]) -> Here:
        return Here([work(item) for item in self.items])

    def collect(self) -> list[Any]:
        return list(self.items)


def requests_of(world: World, bucket: str, files: int) -> tuple[Requests, Requests]:
    """Run both jobs on a bucket with so many files."""
    for subject in range(1, files + 1):
        world.add(f"mHealth_subject{subject}", log_line(subject), subject=subject)
    world.publish()
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket)
    for key in world.keys(""):
        s3.upload_file(str(world.folder / key), bucket, key)
    uri = f"s3://{bucket}"
    client = storage_at(uri)._client  # type: ignore[attr-defined]
    found: list[Requests] = []

    def count(params: dict[str, str], model: Any, **_: Any) -> None:
        of = params.get("Key") or params.get("Prefix") or "?"
        found[-1][model.name, of.partition("/")[0]] += 1

    client.meta.events.register("provide-client-params.s3", count)
    for job, arguments in (
        (convert_parquet, world.convert_arguments(data_uri=uri)),
        (glue_transform, world.transform_arguments(data_uri=uri)),
    ):
        found.append(Counter())
        job.main(arguments)
    return found[0], found[1]


def test_the_requests_of_a_file(world: World, tmp_path: Path, aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (convert_parquet, pipeline):
        monkeypatch.setattr(module, "spark_context", lambda _: Here())
    few = requests_of(World(tmp_path / "few", world.table), "few", FEW)
    many = requests_of(World(tmp_path / "many", world.table), "many", MANY)
    added = [more - less for more, less in zip(many, few, strict=True)]
    files = MANY - FEW
    assert added == [
        {("GetObject", "raw"): files, ("PutObject", "stage"): files},
        # A stage object's footer, then all of it.
        {("GetObject", "stage"): 2 * files, ("PutObject", "processed"): files},
    ]
    assert many[0]["ListObjectsV2", "stage"] == 1
    assert many[1]["ListObjectsV2", "processed"] <= 3
