"""A local AWS in its own process, and executions on it with the times of their states."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3

from benchmarks.measure import RunFailed
from local_aws.client import call_only
from mhealth_ops.local.demo import REGION, local_aws
from mhealth_ops.operations.executions import Ended, Entered, Left, follow
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.project import STACK


@dataclass(frozen=True)
class Execution:
    """A succeeded execution: its seconds, those of each state in the order of the first start, its output."""

    seconds: float
    states: Mapping[str, float]
    output: Mapping[str, Any]


@contextlib.contextmanager
def stack_on(folder: Path, *options: str) -> Iterator[Stack]:
    """Start a local AWS in `folder` with `options` of `mhealth local up`; yield the deployed stack.

    Raises DemoFailed if it does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with local_aws(*options, folder=folder) as endpoint:
        call_only(endpoint, REGION)
        yield Stack.named(STACK, boto3.Session())


def execute(stack: Stack) -> Execution:
    """Run the state machine once. Raises RunFailed where the execution fails."""
    sfn = stack.session.client("stepfunctions")
    arn = sfn.start_execution(stateMachineArn=stack.outputs["StateMachineArn"])["executionArn"]
    states: dict[str, float] = {}
    entered: dict[str, datetime] = {}
    for event in follow(sfn, arn):
        if isinstance(event, Entered):
            entered[event.state] = event.at
        if isinstance(event, Left):
            seconds = (event.at - entered[event.state]).total_seconds()
            states[event.state] = round(states.get(event.state, 0.0) + seconds, 3)
        if isinstance(event, Ended):
            if event.status != "SUCCEEDED":
                raise RunFailed(f"the execution ended with {event.status} {event.error}: {event.cause}")
            return Execution(round(event.seconds, 3), states, event.output)
    raise AssertionError("an execution that is followed ends")


def job_spans(log: str) -> dict[str, float]:
    """The seconds of each span in a job's log, in order."""
    spans: dict[str, float] = {}
    for line in log.splitlines():
        with contextlib.suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict) and found.get("event") != "file" and "seconds" in found:
                spans[found["event"]] = float(found["seconds"])
    return spans


def job_runs(stack: Stack, folder: Path) -> dict[str, dict[str, Any]]:
    """For each job of the stack: Glue's seconds of its latest run, and its spans."""
    glue = stack.session.client("glue")
    found = {}
    for title, output in (("ConvertParquet", "ConvertParquetJobName"), ("GlueTransform", "GlueTransformJobName")):
        runs = glue.get_job_runs(JobName=stack.outputs[output])["JobRuns"]
        if not runs:
            continue
        run = runs[0]
        (log,) = folder.rglob(f"{run['Id']}.log")
        took = (run["CompletedOn"] - run["StartedOn"]).total_seconds()
        found[title] = {"seconds": round(took, 3), "spans": job_spans(log.read_text(encoding="utf-8"))}
    return found


def waited(what: str, since: float) -> None:
    """Print that a step is done."""
    print(f"{time.strftime('%H:%M:%S')} {what}: {time.monotonic() - since:.1f} s", flush=True)
