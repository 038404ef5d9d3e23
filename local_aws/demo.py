"""`make demo`: the daily run on this machine, watched, queried, and run again to show that nothing new costs nothing.

Everything here is an ordinary client: it talks to the local AWS with boto3 as it would to AWS.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.table import Table

from local_aws.follow import Ended, Entered, Left, follow

STACK = "mhealth"
REGION = "us-east-1"
QUERIES = ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity")
FOLDER = Path(".local-aws")
KEPT = FOLDER / "demo"
"""Where the demo leaves a copy of what the run made."""

QUERY_SECONDS = 120
"""A query that takes longer here is stuck."""


class DemoFailed(Exception):
    """Something that the demo shows did not hold; the message says what."""


@dataclass(frozen=True)
class Stack:
    """The deployed stack: its outputs, and clients for the services."""

    session: boto3.Session
    outputs: dict[str, str]

    @classmethod
    def named(cls, name: str) -> Stack:
        """The stack that CloudFormation knows under `name`."""
        session = boto3.Session()
        (stack,) = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return cls(session, {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]})

    def objects(self, prefix: str) -> list[tuple[str, int]]:
        """Key and bytes of every object of the data bucket below `prefix`."""
        pages = (
            self.session.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.outputs["DataBucketName"], Prefix=prefix)
        )
        return [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]

    def document(self, key: str) -> dict[str, Any]:
        """The JSON document under `key` in the data bucket."""
        body = self.session.client("s3").get_object(Bucket=self.outputs["DataBucketName"], Key=key)["Body"]
        document: dict[str, Any] = json.loads(body.read())
        return document

    def job_runs(self) -> int:
        """How many Glue job runs there have been."""
        glue = self.session.client("glue")
        jobs = (self.outputs["ConvertParquetJobName"], self.outputs["GlueTransformJobName"])
        return sum(len(glue.get_job_runs(JobName=job)["JobRuns"]) for job in jobs)


@contextlib.contextmanager
def local_aws(dataset: str) -> Iterator[str]:
    """Start a local AWS with `dataset` as a process of its own; yields its endpoint, ends it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local_aws.cli", "up", "--port", "0", "--dataset", dataset, "--region", REGION],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        if ready[:1] != ["ready"]:
            raise DemoFailed(f"the local AWS did not start (exit status {process.wait()}): its own words are above")
        yield ready[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def watch(console: Console, stack: Stack) -> Ended:
    """Start an execution and tell each step as it ends."""
    sfn = stack.session.client("stepfunctions")
    execution = sfn.start_execution(stateMachineArn=stack.outputs["StateMachineArn"])["executionArn"]
    began: dict[str, float] = {}
    # On a terminal a line shows the state at work; elsewhere only the finished steps are printed.
    with console.status("starting") as status:
        for event in follow(sfn, execution):
            match event:
                case Entered(state):
                    status.update(f"{state} ...")
                    began.setdefault(state, time.monotonic())
                case Left(state, seconds, output) if state in TELL:
                    step, tell = TELL[state]
                    # The crawl is a loop of states: it took from its first state to now.
                    if step != state and step in began:
                        seconds = time.monotonic() - began[step]
                    told = "[red]failed[/red]" if "failure" in output else tell(stack, output)
                    line = f"  [bold]{step:<16}[/bold]{seconds:6.1f} s  {told}"
                    console.print(line, highlight=False, soft_wrap=True)
                case Ended() as ended:
                    return ended
    raise DemoFailed("the execution was lost")


def _tell_download(_: Stack, output: dict[str, Any]) -> str:
    return str(output["download"]["message"])


def _tell_convert(stack: Stack, _: dict[str, Any]) -> str:
    stage = stack.objects("stage/")
    rejected = len(stack.objects("quarantine/"))
    return f"{len(stage)} Parquet objects in stage/, {megabytes(stage)}; {rejected} files with rejected lines"


def _tell_transform(stack: Stack, output: dict[str, Any]) -> str:
    snapshot = output["download"]["snapshot"]
    manifest = stack.document(f"manifests/snapshots/{snapshot}.json")
    files = stack.objects(f"processed/snapshot={snapshot}/")
    rows = sum(file["rows"] for file in manifest["files"])
    checks = [check["passed"] for check in manifest["checks"]]
    made = f"snapshot {snapshot}: {rows:,} rows, {len(files)} files, {megabytes(files)}"
    return f"{made}; {sum(checks)} of {len(checks)} checks passed"


def _tell_crawl(stack: Stack, _: dict[str, Any]) -> str:
    pages = (
        stack.session.client("glue")
        .get_paginator("get_partitions")
        .paginate(DatabaseName=stack.outputs["DatabaseName"], TableName="mhealth_snapshots")
    )
    return f"{sum(len(page['Partitions']) for page in pages)} partitions in the catalog"


def _tell_verify(_: Stack, output: dict[str, Any]) -> str:
    verified, summary = output["verified"], output["summary"]
    return f"{int(verified['rows']):,} rows counted through Athena, {int(summary['rows']):,} in the manifest"


def _tell_publish(_: Stack, output: dict[str, Any]) -> str:
    return f"the view mhealth shows snapshot {output['download']['snapshot']}"


def _tell_record(_stack: Stack, _output: dict[str, Any]) -> str:
    return "manifests/current.json written"


TELL: dict[str, tuple[str, Callable[[Stack, dict[str, Any]], str]]] = {
    "DownloadCSV": ("DownloadCSV", _tell_download),
    "ConvertParquet": ("ConvertParquet", _tell_convert),
    "GlueTransform": ("GlueTransform", _tell_transform),
    "HasCrawlerFinished": ("RefreshCatalog", _tell_crawl),
    "ReadVerifiedCounts": ("VerifySnapshot", _tell_verify),
    "PublishSnapshot": ("PublishSnapshot", _tell_publish),
    "RecordSuccess": ("RecordSuccess", _tell_record),
}
"""The states whose end is told: under which name, and what about."""


def megabytes(objects: list[tuple[str, int]]) -> str:
    """The size of objects (key, bytes) for people."""
    return f"{sum(size for _, size in objects) / 1e6:.0f} MB"


def query(console: Console, stack: Stack, name: str) -> None:
    """Run a named query of the stack and print statement, result and bytes scanned."""
    athena = stack.session.client("athena")
    group = stack.outputs["WorkGroupName"]
    ids = athena.list_named_queries(WorkGroup=group)["NamedQueryIds"]
    named = {query["Name"]: query for query in athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]}[name]
    started = athena.start_query_execution(
        QueryString=named["QueryString"],
        QueryExecutionContext={"Database": stack.outputs["DatabaseName"]},
        WorkGroup=group,
    )["QueryExecutionId"]
    deadline = time.monotonic() + QUERY_SECONDS
    while True:
        execution = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        state = execution["Status"]["State"]
        if state == "SUCCEEDED":
            break
        if state in {"FAILED", "CANCELLED"} or time.monotonic() > deadline:
            reason = execution["Status"].get("StateChangeReason", "no reason told")
            raise DemoFailed(f"the query {name} is {state}: {reason}")
        time.sleep(0.1)
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    header, *body = [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows]
    if not body:
        raise DemoFailed(f"the query {name} found no rows")
    console.print()
    console.print(f"[bold]{name}[/bold]: {named['Description']}")
    console.print(named["QueryString"], style="cyan", highlight=False, markup=False)
    table = Table(*header)
    for cells in body:
        table.add_row(*cells)
    console.print(table)
    scanned = execution["Statistics"]["DataScannedInBytes"]
    everything = sum(size for _, size in stack.objects("processed/"))
    console.print(f"scanned {scanned / 1e6:.2f} of {everything / 1e6:.2f} MB", highlight=False)


def keep(stack: Stack) -> int:
    """Copy what the run made to `KEPT`: the local AWS forgets it when it ends. Returns the number of files."""
    shutil.rmtree(KEPT, ignore_errors=True)
    s3 = stack.session.client("s3")
    keys = [key for prefix in ("processed/", "manifests/", "quarantine/") for key, _ in stack.objects(prefix)]
    for key in keys:
        (KEPT / key).parent.mkdir(parents=True, exist_ok=True)
        s3.download_file(stack.outputs["DataBucketName"], key, str(KEPT / key))
    return len(keys)


def run(console: Console, dataset: str) -> None:
    """The demo. Raises DemoFailed when something it shows does not hold."""
    began = time.monotonic()
    console.rule("1. A local AWS, and on it the stack of cloudformation/template.yaml", align="left")
    with local_aws(dataset) as endpoint:
        # From here on this is a client like any other.
        os.environ |= {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "demo",
            "AWS_SECRET_ACCESS_KEY": "demo",
        }
        stack = Stack.named(STACK)
        console.print(f"  ready at {endpoint} after {time.monotonic() - began:.1f} s\n", highlight=False)

        console.rule("2. The daily run", align="left")
        first = watch(console, stack)
        if first.status != "SUCCEEDED" or first.output.get("outcome") != "published":
            raise DemoFailed(f"the execution ended with {first.status} {first.error}: {first.cause or first.output}")
        console.print(f"  published after {first.seconds:.1f} s: {first.output['rows']:,} rows\n", highlight=False)

        console.rule("3. What an analyst asks", align="left")
        for name in QUERIES:
            query(console, stack, name)

        console.print()
        console.rule("4. The next day, nothing new on Kaggle", align="left")
        runs = stack.job_runs()
        second = watch(console, stack)
        if second.status != "SUCCEEDED" or second.output.get("outcome") != "unchanged" or stack.job_runs() != runs:
            raise DemoFailed(f"unchanged data was not left alone: {second.status} {second.output} {second.cause}")
        console.print(f"  ended after {second.seconds:.1f} s without a Glue run\n", highlight=False)
        files = keep(stack)

    console.rule("Where things are", align="left")
    console.print(
        f"  the table        {KEPT}/processed/ ({files} files with manifests), as it lies in the bucket\n"
        f"  logs             {FOLDER}/logs/ (function, Glue jobs)\n"
        "  what exists      cloudformation/template.yaml, cloudformation/pipeline.asl.json\n\n"
        "  make up          leaves the local AWS running for your own client\n"
        "  make test        proves all of this\n"
        "  README.md        how to query, change and deploy it\n\n"
        f"  all of it took {time.monotonic() - began:.0f} s",
        highlight=False,
    )


app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    dataset: Annotated[str, typer.Option(help="synthetic, kaggle, or a folder with source files")] = "synthetic",
) -> None:
    """Run the demo; the exit status is 0 only when everything it shows held."""
    # A log file or a pipe has no width of its own.
    console = Console(width=None if sys.stdout.isatty() else 120)
    try:
        run(console, dataset)
    except DemoFailed as failure:
        console.print(f"The demo failed: {failure}", style="red", markup=False)
        raise typer.Exit(1) from failure
    except KeyboardInterrupt as interrupt:
        raise typer.Exit(130) from interrupt


if __name__ == "__main__":
    app()
