"""The Lambda function on one large file, compared with an upload of the same file: peak memory, seconds; its start."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from benchmarks import machine, measure
from benchmarks.dataset import Shape, one_source_file
from benchmarks.local_stack import waited
from benchmarks.markdown import megabytes, seconds, table
from benchmarks.places import CACHE, ROOT
from mhealth_ops.kaggle.api import KaggleApi
from tools.cost.stack import Stack

LIMIT_SECONDS = 900
STARTS = 5
_BUCKET = "measured"
_BYTES_OF_A_ROW = 110


def run(gigabytes: float = 2.0) -> dict[str, Any]:
    """Measure one invocation that downloads a file from a loopback Kaggle to a local S3."""
    folder = CACHE / "ingest"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "dataset").mkdir(parents=True)
    rounds = max(1, round(gigabytes * 1e9 / _BYTES_OF_A_ROW / Shape().total_rows))
    began = time.monotonic()
    source = one_source_file(folder / "dataset", Shape(rounds, layout="one file"))
    size = source.stat().st_size
    waited(f"made a source file of {megabytes(size)}", began)
    with _services(folder) as variables:
        usage, summary = _invoked(folder, variables, "handler")
        upload, told_of_it = _invoked(folder, variables, "upload", str(source))
        starts = [_import_seconds(folder, variables) for _ in range(STARTS)]
    shutil.rmtree(folder)
    figures = {
        **machine.about(),
        "source_bytes": size,
        "rows": rounds * Shape().total_rows,
        "peak_bytes": usage.peak_bytes,
        "cpu_seconds": usage.cpu_seconds,
        "handler_seconds": summary["call_seconds"],
        "upload_alone": {"seconds": told_of_it["call_seconds"], "peak_bytes": upload.peak_bytes},
        "cold_import_seconds": {"least": min(starts), "median": median(starts)},
    }
    machine.save("ingest", figures, published=gigabytes >= 2)
    print(ingest_table(figures))
    return figures


@contextmanager
def _services(folder: Path) -> Iterator[dict[str, str]]:
    """Run a loopback Kaggle and a local S3; yield the function's environment variables."""
    # The services' temporary files must not be measured.
    os.environ["TMPDIR"] = str(folder)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs every request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    own = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "BUCKET_NAME": _BUCKET,
        "CODE_VERSION": "measured",
        "METRICS_NAMESPACE": "measured",
        "STACK_NAME": "measured",
        "SOURCE_URI": "kaggle://measured/mhealth",
        "DATABASE_NAME": "measured",
        "TABLE_NAME": "mhealth_snapshots",
        "MAX_SOURCE_BYTES": str(1 << 40),
        "KAGGLE_SECRET_ARN": "",
        **{name: str(folder / "tmp") for name in ("HOME", "KAGGLEHUB_CACHE", "KAGGLE_CONFIG_DIR", "TMPDIR")},
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": f"{ROOT / 'lambda_ingest'}{os.pathsep}{ROOT}",
    }
    (folder / "tmp").mkdir()
    try:
        boto3.client("s3", **_client_options(own)).create_bucket(Bucket=_BUCKET)
        glue = boto3.client("glue", **_client_options(own))
        glue.create_database(DatabaseInput={"Name": own["DATABASE_NAME"]})
        glue.create_table(DatabaseName=own["DATABASE_NAME"], TableInput={"Name": own["TABLE_NAME"]})
        with KaggleApi(folder / "dataset", folder / "archives") as api:
            variables = {**_of_the_template(), **own, **api.environment}
            _pack(folder, variables)
            yield variables
    finally:
        server.stop()


def _pack(folder: Path, variables: Mapping[str, str]) -> None:
    """Request the version once, so that the creation of the archive is not measured."""
    script = (
        "import os; from ingest.sources import kaggle; "
        "kaggle.current_version(os.environ['SOURCE_URI'].removeprefix('kaggle://'))"
    )
    command = [sys.executable, "-c", script]
    measure.run(command, environment=variables, folder=folder, log=folder / "pack.log", limit_seconds=LIMIT_SECONDS)


def _client_options(own: Mapping[str, str]) -> dict[str, Any]:
    return {
        "endpoint_url": own["AWS_ENDPOINT_URL"],
        "aws_access_key_id": own["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": own["AWS_SECRET_ACCESS_KEY"],
        "region_name": own["AWS_DEFAULT_REGION"],
    }


def _of_the_template() -> dict[str, str]:
    """The function's environment variables with literal values in the template."""
    variables = Stack.read().properties("DownloadFunction")["Environment"]["Variables"]
    return {name: str(value) for name, value in variables.items() if not isinstance(value, Mapping)}


def _invoked(folder: Path, variables: Mapping[str, str], *what: str) -> tuple[measure.Usage, dict[str, float]]:
    log = folder / f"{what[0]}.log"
    command = [sys.executable, "-m", "benchmarks.invoke", *what]
    usage = measure.run(command, environment=variables, folder=folder, log=log, limit_seconds=LIMIT_SECONDS)
    summary: dict[str, float] = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    print(f"{what[0]}: {summary['call_seconds']:.1f} s, peak {megabytes(usage.peak_bytes)}", flush=True)
    return usage, summary


def _import_seconds(folder: Path, variables: Mapping[str, str]) -> float:
    """Seconds from the start of a process until the handler is imported."""
    command = [sys.executable, "-c", "import download_and_upload"]
    log = folder / "import.log"
    return measure.run(command, environment=variables, folder=folder, log=log, limit_seconds=60).seconds


def ingest_table(figures: Mapping[str, Any]) -> str:
    """The function and the upload, as a Markdown table."""
    upload, start = figures["upload_alone"], figures["cold_import_seconds"]
    rows = [
        (
            f"the function: download, check, convert, upload {megabytes(figures['source_bytes'])}",
            seconds(figures["handler_seconds"]),
            megabytes(figures["peak_bytes"]),
        ),
        ("boto3 uploads the same file, nothing else", seconds(upload["seconds"]), megabytes(upload["peak_bytes"])),
        ("a cold process until the handler is imported", seconds(start["median"]), ""),
    ]
    return table(("what", "duration", "peak memory"), rows)
