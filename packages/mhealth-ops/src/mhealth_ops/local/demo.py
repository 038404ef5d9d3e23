"""`make demo`: the daily run on this machine, queries of its result, and a second run without new data.

It is an ordinary client, which uses the local AWS with boto3 as it would use AWS.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from local_aws.client import call_only
from mhealth_ops.operations.account import session
from mhealth_ops.operations.executions import Ended
from mhealth_ops.operations.formats import print_table
from mhealth_ops.operations.queries import README_QUERIES, ask, named_query
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.watching import watch
from mhealth_ops.project import STACK

REGION = "us-east-1"
FOLDER = Path(".local-aws")
KEPT = FOLDER / "demo"
"""The folder for a copy of the run's output."""

KEPT_PREFIXES = ("processed/", "manifests/", "quarantine/", "reports/")


class DemoFailed(Exception):
    """A step of the demo failed; the message says which."""


@contextlib.contextmanager
def local_aws(*options: str, folder: Path | None = None) -> Iterator[str]:
    """Run a local AWS in its own process, in `folder`; yield its endpoint.

    `options` are those of `mhealth local up`. Raises DemoFailed if it does not start.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "mhealth_ops.cli", "local", "up", "--port", "0", *options, "--region", REGION],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise DemoFailed(f"the local AWS did not start (exit status {process.wait()}): see its output above")
        yield ready[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        if process.stdout:
            process.stdout.close()


def query(console: Console, stack: Stack, name: str) -> None:
    """Run a named query of the stack and print statement, result and bytes scanned."""
    asked = named_query(stack, name)
    answer = ask(stack, asked.statement)
    if not answer.rows:
        raise DemoFailed(f"the query {name} found no rows")
    console.print(f"\n[bold]{asked.name}[/bold]: {escape(asked.description)}")
    console.print(asked.statement, style="cyan", highlight=False, markup=False)
    print_table(console, answer.columns, answer.rows)
    everything = sum(size for _, size in stack.objects("processed/"))
    console.print(f"scanned {answer.scanned / 1e6:.2f} of {everything / 1e6:.2f} MB", highlight=False)


def job_runs(stack: Stack) -> int:
    """The number of Glue job runs."""
    glue = stack.session.client("glue")
    jobs = (stack.outputs["ConvertParquetJobName"], stack.outputs["GlueTransformJobName"])
    return sum(len(glue.get_job_runs(JobName=job)["JobRuns"]) for job in jobs)


def keep(stack: Stack) -> int:
    """Copy the run's output to `KEPT`, as the local AWS keeps no data; return the number of files."""
    shutil.rmtree(KEPT, ignore_errors=True)
    s3 = stack.session.client("s3")
    keys = [key for prefix in KEPT_PREFIXES for key, _ in stack.objects(prefix)]
    for key in keys:
        (KEPT / key).parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(stack.bucket, key, str(KEPT / key))
    return len(keys)


def kept_report(ended: Ended) -> Path:
    """The copy of the run's report. Raises DemoFailed if the run wrote none."""
    uri = ended.output.get("report")
    if not uri:
        raise DemoFailed(f"the run wrote no report: {ended.output.get('message')}")
    return KEPT / "reports" / str(uri).rpartition("/")[2]


def run(console: Console, dataset: str) -> None:
    """Run the demo. Raises DemoFailed."""
    began = time.monotonic()
    console.rule("1. A local AWS, and on it the stack of cloudformation/template.yaml", align="left")
    # Spark starts while the function downloads.
    with local_aws("--dataset", dataset, "--warm-spark") as endpoint:
        # From here on, an ordinary client.
        call_only(endpoint, REGION)
        stack = Stack.named(STACK, session(REGION))
        console.print(f"  ready at {endpoint} after {time.monotonic() - began:.1f} s\n", highlight=False)

        console.rule("2. The daily run", align="left")
        first = watch(console, stack)
        if first.status != "SUCCEEDED" or first.output.get("outcome") != "published":
            raise DemoFailed(f"the execution ended with {first.status}: {first.reason or first.output}")
        console.print(f"  published after {first.seconds:.1f} s: {first.output['rows']:,} rows", highlight=False)
        report = kept_report(first)
        console.print("  a page on it is named below\n", highlight=False)

        console.rule("3. What an analyst asks", align="left")
        for name in README_QUERIES:
            query(console, stack, name)

        console.print()
        console.rule("4. The next day, nothing new on Kaggle", align="left")
        runs = job_runs(stack)
        second = watch(console, stack)
        if second.status != "SUCCEEDED" or second.output.get("outcome") != "unchanged" or job_runs(stack) != runs:
            raise DemoFailed(f"expected an unchanged second run: {second.status} {second.output} {second.reason}")
        console.print(f"  ended after {second.seconds:.1f} s without a Glue run\n", highlight=False)
        files = keep(stack)

    console.rule("Where things are", align="left")
    console.print(
        f"  the report       {report.absolute().as_uri()}\n"
        f"  the table        {KEPT}/processed/ ({files} files with manifests), as it lies in the bucket\n"
        f"  logs             {FOLDER}/logs/ (function, Glue jobs)\n"
        "  what exists      cloudformation/template.yaml, cloudformation/pipeline.asl.json\n\n"
        "  make up          leaves the local AWS running for your own client\n"
        "  make test        proves all of this\n"
        "  README.md        how to query, change and deploy it\n\n"
        f"  all of it took {time.monotonic() - began:.0f} s",
        highlight=False,
    )
