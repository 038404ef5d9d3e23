"""The deployed code of the jobs, in an environment with only the packages of a Glue job."""

from __future__ import annotations

import io
import json
import re
import subprocess
from pathlib import Path

import pyarrow.parquet as pq

from local_aws.glue import cds_archive, spark_connector, spark_runtime
from local_aws.glue.versions import GLUE_VERSIONS
from tools.checks import environments
from tools.checks.packaging.function import SNAPSHOT, packages
from tools.checks.packaging.workshop import Workshop, size
from tools.checks.rules.settings import OF_GLUE
from tools.checks.runner import CheckFailed
from tools.waiting import HANG

RUN = {
    "--raw_manifest": "manifests/raw/version=1.json",
    "--snapshot": str(SNAPSHOT),
    "--execution": "check",
    "--allow_missing_subjects": "false",
}
"""The arguments that the state machine adds."""


def makes_the_snapshot(workshop: Workshop) -> str:
    """Run both jobs on the landed dataset, and check their snapshot."""
    _check_environment()
    shipped = sum(run_job(workshop, f"{name}Job") for name in ("ConvertParquet", "GlueTransform"))
    s3, bucket = workshop.client("s3"), workshop.resource("DataBucket")
    ids: list[str] = []
    for subject in (1, 2):
        key = f"processed/snapshot={SNAPSHOT}/subject={subject}/part-00000.parquet"
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        ids += pq.read_table(io.BytesIO(body), columns=["id"])["id"].to_pylist()
    if ids != ["1-0000000", "1-0000001", "2-0000000"]:
        raise CheckFailed(f"the snapshot has the rows {ids}")
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"manifests/snapshots/{SNAPSHOT}.json")["Body"].read())
    failed = [check for check in manifest["checks"] if not check["passed"]]
    if failed:
        raise CheckFailed(f"the jobs' own audit: {failed}")
    return f"both jobs made {len(ids)} rows; code {size(shipped)}, zip and script"


def run_job(workshop: Workshop, logical_id: str) -> int:
    """Run a job of the packaged stack in the empty environment; return the size of its code."""
    job = workshop.client("glue").get_job(JobName=workshop.resource(logical_id))["Job"]
    place = workshop.folder / logical_id
    place.mkdir()
    own_version = job["DefaultArguments"]["--deployed_code_version"]
    arguments = {**job["DefaultArguments"], **RUN, "--code_version": own_version}
    script = _fetched(workshop, job["Command"]["ScriptLocation"], place)
    package = _fetched(workshop, arguments["--extra-py-files"], place)
    own = [text for name, value in arguments.items() if name not in OF_GLUE for text in (name, value)]
    spark = _spark(job["GlueVersion"])
    jars = spark_connector.connector_jars(spark)
    quick = cds_archive.java_options(spark)
    command = spark_runtime.spark_submit_command(spark, jars, workshop.aws.endpoint, workshop.aws.region, quick)
    done = subprocess.run(
        [*command, "--py-files", str(package), str(script), *own],
        cwd=place,
        env=_environment(workshop, spark),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG,
        check=False,
    )
    if done.returncode:
        raise CheckFailed(f"{logical_id} exited with status {done.returncode}:\n{done.stdout}")
    return script.stat().st_size + package.stat().st_size


def _fetched(workshop: Workshop, uri: str, folder: Path) -> Path:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    target = folder / key.rpartition("/")[2]
    workshop.client("s3").download_file(bucket, key, str(target))
    return target


def _spark(glue_version: str) -> spark_runtime.SparkRuntime:
    """Spark in the empty environment."""
    python = environments.glue_python()
    (home,) = python.parents[1].glob("lib/python3.*/site-packages/pyspark")
    return spark_runtime.SparkRuntime(GLUE_VERSIONS[glue_version], python, home)


def _environment(workshop: Workshop, spark: spark_runtime.SparkRuntime) -> dict[str, str]:
    """Spark's environment variables, with nothing of the project on the path."""
    return {
        **spark_runtime.environment(spark),
        **workshop.aws.world.client_environment(),
        "AWS_ACCESS_KEY_ID": "anyone",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "PYTHONNOUSERSITE": "1",
    }


def _check_environment() -> None:
    """Check that the environment has its packages and their dependencies, and nothing of the project."""
    held = packages(environments.glue_python())
    ours = {name for name in held if re.search("mhealth|moto|duckdb|kaggle|powertools", name)}
    if ours or not held >= set(environments.GLUE_RUNTIME):
        raise CheckFailed(f"the environment for Glue holds {sorted(held)}")
