"""Start of an execution, and its steps as they run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape

from mhealth_ops.operations.executions import Ended, Entered, Left, follow
from mhealth_ops.operations.stacks import Stack


def start(stack: Stack, dataset_version: int | None = None) -> str:
    """Start an execution, for `version` of the dataset if given; return its ARN."""
    given = {} if dataset_version is None else {"dataset_version": dataset_version}
    sfn = stack.session.client("stepfunctions")
    return sfn.start_execution(stateMachineArn=stack.outputs["StateMachineArn"], input=json.dumps(given))[
        "executionArn"
    ]


def watch(console: Console, stack: Stack) -> Ended:
    """Start an execution and watch it to its end."""
    return watch_execution(console, stack, start(stack))


def watch_execution(console: Console, stack: Stack, execution: str) -> Ended:
    """Print each step of the execution with that ARN as it ends; return the execution's end."""
    sfn = stack.session.client("stepfunctions")
    began: dict[str, float] = {}
    # On a terminal a line shows the state at work; elsewhere only the finished steps are printed.
    with console.status("starting") as status:
        for event in follow(sfn, execution):
            match event:
                case Entered(state):
                    status.update(f"{state} ...")
                    began.setdefault(state, time.monotonic())
                case Left(state, seconds, output) if state in _TELL:
                    step, tell = _TELL[state]
                    # The crawl is a loop of states: its time is from its first state to now. Without a crawler this
                    # state has its own time.
                    if step not in began:
                        step = state
                    elif step != state:
                        seconds = time.monotonic() - began[step]
                    reported = "[red]failed[/red]" if "failure" in output else escape(tell(stack, output))
                    line = f"  [bold]{step:<16}[/bold]{seconds:6.1f} s  {reported}"
                    console.print(line, highlight=False, soft_wrap=True)
                case Ended() as ended:
                    return ended
    raise AssertionError("an execution that is followed ends")


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


def _tell_seen(_: Stack, output: dict[str, Any]) -> str:
    return (
        f"{int(output['counted']['rows']):,} rows that readers see, {int(output['download']['rows']):,} in the manifest"
    )


def _tell_record(_: Stack, output: dict[str, Any]) -> str:
    return f"manifests/publications/{output['download']['snapshot']}.json written"


_TELL: dict[str, tuple[str, Callable[[Stack, dict[str, Any]], str]]] = {
    "DownloadCSV": ("DownloadCSV", _tell_download),
    "ReadCountForReaders": ("CountForReaders", _tell_seen),
    "ConvertParquet": ("ConvertParquet", _tell_convert),
    "GlueTransform": ("GlueTransform", _tell_transform),
    # The crawler is polled in a loop of states; this state follows it.
    "ReadSnapshotSummary": ("RefreshCatalog", _tell_crawl),
    "ReadVerifiedCounts": ("VerifySnapshot", _tell_verify),
    "PublishSnapshot": ("PublishSnapshot", _tell_publish),
    "RecordSuccess": ("RecordSuccess", _tell_record),
}
"""The states whose end is printed: name, and the function for the details."""


def megabytes(objects: list[tuple[str, int]]) -> str:
    """The total size of objects (key, size) in MB."""
    return f"{sum(size for _, size in objects) / 1e6:.0f} MB"
