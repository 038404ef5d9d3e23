"""`mhealth logs`: what the components of a run wrote to CloudWatch Logs, stage by stage."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.executions import follow
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.stages import Stage, by_stage

STAGES_WITH_LOGS = ("DownloadCSV", "ConvertParquet", "GlueTransform", "RefreshCatalog", "RegisterAgain", "WriteReport")

_FUNCTIONS = {"DownloadCSV": "DownloadLogGroup", "WriteReport": "ReportLogGroup"}
_JOBS = {
    "ConvertParquet": "ConvertParquetJobName",
    "GlueTransform": "GlueTransformJobName",
    "RegisterAgain": "GlueTransformJobName",
}
_CRAWLERS = "/aws-glue/crawlers"
_LATE = timedelta(seconds=5)
"""How long after the end of a stage its last lines may have their time."""


@dataclass(frozen=True)
class Log:
    """A log of a stage: its group, the names of its streams (none: all), and its time."""

    stage: str
    group: str
    streams: tuple[str, ...]
    began: datetime
    ended: datetime


def print_logs(console: Console, stack: Stack, execution: str, *, stage: str | None, lines: int) -> None:
    """Print the last `lines` lines of each log of an execution. Raises OperationFailed if a stage did not run."""
    stages = [each for each in _stages(stack, execution) if stage in (None, each.name)]
    if stage and not stages:
        raise OperationFailed(f"The execution {execution} has no stage {stage} that has ended.")
    for log in itertools.chain.from_iterable(_logs(stack, execution, each) for each in stages):
        console.rule(f"{log.stage}  {log.group}", align="left")
        found = deque(_messages(stack, log), maxlen=lines)
        for message in found:
            console.print(message, highlight=False, markup=False, soft_wrap=True)
        if not found:
            console.print("no line; CloudWatch Logs shows a line after some seconds", style="dim", highlight=False)


def _stages(stack: Stack, execution: str) -> list[Stage]:
    sfn = stack.session.client("stepfunctions")
    if sfn.describe_execution(executionArn=execution)["status"] == "RUNNING":
        raise OperationFailed(f"The execution {execution} is still running: mhealth run --follow {execution}")
    return [each for each in by_stage(follow(sfn, execution)) if isinstance(each, Stage)]


def _logs(stack: Stack, execution: str, stage: Stage) -> Iterator[Log]:
    began, ended = stage.began, stage.began + timedelta(seconds=stage.seconds) + _LATE
    if group := _FUNCTIONS.get(stage.name):
        yield Log(stage.name, stack.resources[group].physical_id, (), began, ended)
    elif job := _JOBS.get(stage.name):
        runs = _job_runs(stack, stack.outputs[job], execution)
        groups = ["JobOutputLogGroup", *(["JobErrorLogGroup"] if stage.failed else [])]
        for each in groups:
            yield Log(stage.name, stack.resources[each].physical_id, runs, began, ended)
    elif stage.name == "RefreshCatalog":
        crawlers = tuple(stack.of_type("AWS::Glue::Crawler").values())
        yield Log(stage.name, _CRAWLERS, crawlers, began, ended)


def _job_runs(stack: Stack, job: str, execution: str) -> tuple[str, ...]:
    """The ids of the job's runs of an execution, which are the names of their streams."""
    pages = stack.session.client("glue").get_paginator("get_job_runs").paginate(JobName=job)
    runs = (run for page in pages for run in page["JobRuns"])
    return tuple(run["Id"] for run in runs if run.get("Arguments", {}).get("--execution") == execution)


def _messages(stack: Stack, log: Log) -> Iterator[str]:
    logs = stack.session.client("logs")
    asked: dict[str, Any] = {"logGroupName": log.group, "startTime": _millis(log.began), "endTime": _millis(log.ended)}
    if log.streams:
        asked["logStreamNames"] = list(log.streams)
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**asked):
            yield from (event["message"].rstrip("\n") for event in page["events"])
    except logs.exceptions.ResourceNotFoundException:  # nothing was written
        return


def _millis(time: datetime) -> int:
    return int(time.astimezone(UTC).timestamp() * 1000)


def last_execution(stack: Stack) -> str:
    """The ARN of the last execution that has ended. Raises OperationFailed if there is none."""
    sfn = stack.session.client("stepfunctions")
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=stack.outputs["StateMachineArn"])
    for page in pages:
        for each in page["executions"]:
            if each["status"] != "RUNNING":
                return each["executionArn"]
    raise OperationFailed("No execution has ended yet: mhealth run starts one.")
