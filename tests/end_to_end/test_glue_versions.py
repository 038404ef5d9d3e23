"""The whole daily run with the jobs on each Glue version that is not the template's default."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_aws.glue.spark_runtime import SparkRuntimeError, own_runtime, runtime_of
from mhealth_ops.kaggle.synthetic import write_dataset

from . import sources
from .conftest import local_aws

pytestmark = pytest.mark.local_aws

ROWS = (1300, 700)


def test_a_stack_on_glue_6_publishes_the_sources_rows(tmp_path: Path) -> None:
    try:
        spark = runtime_of("6.0").glue.spark
    except SparkRuntimeError as missing:
        pytest.skip(str(missing))
    if own_runtime().glue.name == "6.0":
        pytest.skip("on this Python, every test runs the jobs on Glue 6.0")
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    write_dataset(dataset, rows=ROWS)
    with local_aws(dataset, tmp_path / "home", "--parameter", "GlueVersion=6.0") as world:
        assert world.publish()["rows"] == sum(ROWS)
        assert sources.of_table(world.query("SELECT * FROM mhealth")) == sources.of_logs(dataset)
        glue = world.client("glue")
        for output in ("ConvertParquetJobName", "GlueTransformJobName"):
            (run,) = glue.get_job_runs(JobName=world.outputs[output])["JobRuns"]
            assert run["GlueVersion"] == "6.0"
            (log,) = (tmp_path / "home").rglob(f"{run['Id']}.log")
            assert f"Running Spark version {spark}" in log.read_text()
