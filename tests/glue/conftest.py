"""One Spark for all tests of the jobs, and the places they work in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer
from pyspark.sql import SparkSession

from local_aws.glue.cds_archive import java_options
from local_aws.glue.quick_python import PREPARED_WORKERS, quick
from local_aws.glue.spark_connector import connector_jars
from local_aws.glue.spark_runtime import environment, own_runtime
from mhealth.session import spark_session
from tests.glue.world import GLUE, World, write_table


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A Spark with the jobs' own settings; its Python workers find the package as they do on Glue."""
    before = dict(os.environ)
    runtime = quick(own_runtime())
    os.environ.update(environment(runtime))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = str(GLUE)
    scratch = tmp_path_factory.mktemp("spark")
    builder = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .config("spark.local.dir", str(scratch))
        .config("spark.driver.extraJavaOptions", java_options(runtime))
        .config(map=PREPARED_WORKERS)
    )
    if not runtime.reads_s3:
        builder = builder.config("spark.driver.extraClassPath", f"{connector_jars(runtime)}/*")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield spark_session("tests")
    session.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An empty bucket in a folder, and a table definition."""
    return World(tmp_path / "bucket", write_table(tmp_path / "table.json"))


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """An in-process AWS on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The environment of a process on that AWS, which is empty at first."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    from mhealth.io.connect import storage_at

    moto_api_backend.reset()  # moto is this process's, with what tests before left in it
    storage_at.cache_clear()
    boto3.DEFAULT_SESSION = None
    yield aws_endpoint
    storage_at.cache_clear()
    boto3.DEFAULT_SESSION = None
    moto_api_backend.reset()


@pytest.fixture
def s3_spark(spark: SparkSession, aws: str) -> Iterator[SparkSession]:
    """The Spark of the tests, its driver and workers led to this process's AWS."""
    context = spark.sparkContext
    hadoop = context._jsc.hadoopConfiguration()
    for name, value in {
        "fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.endpoint": aws,
        "fs.s3a.endpoint.region": "us-east-1",
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
        "fs.s3a.access.key": "testing",
        "fs.s3a.secret.key": "testing",
        "fs.s3a.retry.interval": "10ms",
        "fs.s3a.retry.throttle.interval": "10ms",
    }.items():
        hadoop.set(name, value)
    names = ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    context.environment.update({name: os.environ[name] for name in names})
    yield spark
    for name in names:
        del context.environment[name]
