"""Start of an execution, and its steps as they run."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from mhealth_ops.operations.executions import Ended, follow
from mhealth_ops.operations.snapshots import table_folder
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.stages import Stage, by_stage
from mhealth_ops.operations.telling import print_wrapped
from mhealth_ops.operations.zones import count_lines, quarantine_objects, stage_objects


def start(stack: Stack, dataset_version: int | None = None, *, allow_missing_subjects: bool = False) -> str:
    """Start an execution, for `version` of the dataset if given; return its ARN."""
    given: dict[str, Any] = {} if dataset_version is None else {"dataset_version": dataset_version}
    if allow_missing_subjects:
        given["allow_missing_subjects"] = True
    sfn = stack.session.client("stepfunctions")
    return sfn.start_execution(stateMachineArn=stack.outputs["StateMachineArn"], input=json.dumps(given))[
        "executionArn"
    ]


def watch(console: Console, stack: Stack) -> Ended:
    """Start an execution and watch it to its end."""
    return watch_execution(console, stack, start(stack))


def watch_execution(console: Console, stack: Stack, execution: str) -> Ended:
    """Print each stage of the execution with that ARN as it ends; return the execution's end."""
    sfn = stack.session.client("stepfunctions")
    # On a terminal a line shows the state at work; elsewhere only the finished stages are printed.
    with console.status("starting") as status:
        for event in by_stage(follow(sfn, execution)):
            match event:
                case Stage() as stage:
                    reported = "[red]failed[/red]" if stage.failed else escape(_TELL[stage.name](stack, stage.output))
                    line = f"  [bold]{stage.name:<16}[/bold]{stage.seconds:6.1f} s  {reported}"
                    print_wrapped(console, Text.from_markup(line), 28)
                case Ended() as ended:
                    return ended
                case state:
                    status.update(f"{state} ...")
    raise AssertionError("an execution that is followed ends")


def _tell_download(_: Stack, output: dict[str, Any]) -> str:
    return str(output["download"]["message"])


def _tell_convert(stack: Stack, output: dict[str, Any]) -> str:
    files = stack.document(output["download"]["raw_manifest"])["files"]
    stage, quarantine = stage_objects(stack, files), quarantine_objects(stack, files)
    lines = count_lines(stack, quarantine)
    rejected = "more rejected lines than are counted here" if lines is None else _plural(lines, "rejected line")
    where = f" in {_plural(len(quarantine), 'file')}" if quarantine else ""
    return f"{_plural(len(stage), 'Parquet object')} in stage/, {megabytes(stage)}; {rejected}{where}"


def _plural(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _tell_transform(stack: Stack, output: dict[str, Any]) -> str:
    snapshot = output["download"]["snapshot"]
    manifest = stack.document(f"manifests/snapshots/{snapshot}.json")
    files = stack.objects(table_folder(snapshot))
    rows = sum(file["rows"] for file in manifest["files"])
    checks = [check["passed"] for check in manifest["checks"]]
    made = f"snapshot {snapshot}: {rows:,} rows, {_plural(len(files), 'file')}, {megabytes(files)}"
    return f"{made}; {sum(checks)} of {len(checks)} checks passed"


def _tell_catalog(stack: Stack, output: dict[str, Any]) -> str:
    snapshot = output["download"]["snapshot"]
    pages = (
        stack.session.client("glue")
        .get_paginator("get_partitions")
        .paginate(
            DatabaseName=stack.outputs["DatabaseName"],
            TableName="mhealth_snapshots",
            Expression=f"snapshot = {snapshot}",
        )
    )
    return f"{_plural(sum(len(page['Partitions']) for page in pages), 'partition')} of the snapshot in the catalog"


def _tell_verify(_: Stack, output: dict[str, Any]) -> str:
    verified, summary = output["verified"], output["summary"]
    return f"{int(verified['rows']):,} rows counted through Athena, {int(summary['rows']):,} in the manifest"


def _tell_publish(_: Stack, output: dict[str, Any]) -> str:
    return f"the view mhealth shows snapshot {output['download']['snapshot']}"


def _tell_seen(_: Stack, output: dict[str, Any]) -> str:
    if "counted" not in output:
        return "readers cannot query the view: the snapshot is published again"
    return (
        f"{int(output['counted']['rows']):,} rows that readers see, {int(output['download']['rows']):,} in the manifest"
    )


def _tell_record(_: Stack, output: dict[str, Any]) -> str:
    return f"manifests/publications/{output['download']['snapshot']}.json written"


def _tell_report(_: Stack, output: dict[str, Any]) -> str:
    if "unreported" in output:
        return f"no report, {output['unreported'].get('Error')}: the run succeeds without it"
    return f"{output['report']['uri']} written"


_TELL: dict[str, Callable[[Stack, dict[str, Any]], str]] = {
    "DownloadCSV": _tell_download,
    "CountForReaders": _tell_seen,
    "ConvertParquet": _tell_convert,
    "GlueTransform": _tell_transform,
    "RefreshCatalog": _tell_catalog,
    "RegisterAgain": _tell_catalog,
    "VerifySnapshot": _tell_verify,
    "PublishSnapshot": _tell_publish,
    "RecordSuccess": _tell_record,
    "WriteReport": _tell_report,
}
"""The details of each stage."""


def megabytes(objects: list[tuple[str, int]]) -> str:
    """The total size of objects (key, size) in MB; in kB below 1 MB."""
    size = sum(size for _, size in objects)
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
