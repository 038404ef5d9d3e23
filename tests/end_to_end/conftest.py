"""Fixtures of end-to-end tests: `mhealth local up` as a process, and boto3 clients."""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tools.waiting import HANG

if TYPE_CHECKING:
    from local_aws.server import LocalAws


@dataclass(frozen=True)
class World:
    """A running local AWS with the deployed stack, and a client's view of it."""

    session: boto3.Session
    endpoint: str
    process: subprocess.Popen[str] | None = None
    stack: str = "mhealth"

    @functools.cache  # noqa: B019 - there are a few worlds, and making a client takes longer than most of its calls
    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.endpoint)

    @property
    def outputs(self) -> dict[str, str]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def resources(self) -> dict[str, str]:
        """Physical ids by logical id."""
        listed = self.client("cloudformation").describe_stack_resources(StackName=self.stack)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    def start(self, **execution_input: Any) -> str:
        """Start an execution; its ARN."""
        arn: str = self.client("stepfunctions").start_execution(
            stateMachineArn=self.outputs["StateMachineArn"], input=json.dumps(execution_input)
        )["executionArn"]
        return arn

    def execute(self, **execution_input: Any) -> dict[str, Any]:
        """Start an execution and wait for its end; the description of the ended execution."""
        return self.ended(self.start(**execution_input))

    def ended(self, arn: str) -> dict[str, Any]:
        """Wait for the end of an execution; its description."""
        sfn = self.client("stepfunctions")
        deadline = time.monotonic() + HANG
        while (execution := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < deadline, "the execution does not end"
            time.sleep(0.5)
        return execution

    def states(self, arn: str) -> list[str]:
        """The states that an execution has entered so far."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event for page in pages for event in page["events"]]
        return [
            str(event["stateEnteredEventDetails"]["name"]) for event in events if "stateEnteredEventDetails" in event
        ]

    def enters(self, arn: str, state: str) -> None:
        """Wait until an execution enters a state."""
        deadline = time.monotonic() + HANG
        while state not in self.states(arn):
            assert time.monotonic() < deadline, f"the execution does not reach {state}"
            time.sleep(0.5)

    def publish(self, **execution_input: Any) -> dict[str, Any]:
        """Run an execution that must publish; its output."""
        return self.published_by(self.start(**execution_input))

    def published_by(self, arn: str) -> dict[str, Any]:
        """Wait for the end of an execution that must publish; its output."""
        execution = self.ended(arn)
        assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
        output = json.loads(execution["output"])
        assert output["outcome"] == "published"
        return output

    def query(self, sql: str) -> list[dict[str, str]]:
        """The rows of an Athena query, column to text, from the result object in S3."""
        athena = self.client("athena")
        outputs = self.outputs
        started = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": outputs["DatabaseName"]},
            WorkGroup=outputs["WorkGroupName"],
        )["QueryExecutionId"]
        deadline = time.monotonic() + HANG
        while True:
            execution = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
                break
            assert time.monotonic() < deadline, "the query does not end"
            time.sleep(0.05)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"].get("StateChangeReason")
        if execution["StatementType"] == "DDL":
            return []
        bucket, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").split("/", 1)
        text = self.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        return list(csv.DictReader(io.StringIO(text)))

    def named_query(self, name: str) -> str:
        """The text of one of the stack's named queries."""
        athena = self.client("athena")
        ids = athena.list_named_queries(WorkGroup=self.outputs["WorkGroupName"])["NamedQueryIds"]
        queries = athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]
        (text,) = [query["QueryString"] for query in queries if query["Name"] == name]
        return str(text)

    def document(self, key: str) -> dict[str, Any]:
        return json.loads(self.content(key))

    def content(self, key: str) -> bytes:
        return self.client("s3").get_object(Bucket=self.outputs["DataBucketName"], Key=key)["Body"].read()

    def keys(self, prefix: str) -> list[str]:
        pages = (
            self.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.outputs["DataBucketName"], Prefix=prefix)
        )
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def published(self) -> int:
        """The snapshot that readers see."""
        (row,) = self.query("SELECT max(snapshot) AS snapshot, min(snapshot) AS same FROM mhealth")
        assert row["snapshot"] == row["same"]
        return int(row["snapshot"])

    def job_runs(self) -> int:
        glue, outputs = self.client("glue"), self.outputs
        jobs = (outputs["ConvertParquetJobName"], outputs["GlueTransformJobName"])
        return sum(len(glue.get_job_runs(JobName=job)["JobRuns"]) for job in jobs)


@functools.cache
def anybody() -> boto3.Session:
    """A client without a role: on the local AWS an administrator."""
    return boto3.Session(aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1")


@contextlib.contextmanager
def local_aws(dataset: Path, folder: Path, *options: str) -> Iterator[World]:
    """A local AWS that serves `dataset`, with its logs below `folder`; `options` are more of `mhealth local up`."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mhealth_ops.cli",
            "local",
            "up",
            "--port",
            "0",
            "--dataset",
            str(dataset),
            *options,
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        assert ready[:1] == ["ready"], "the local AWS did not start"
        yield World(anybody(), ready[1], process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=HANG)
        if process.stdout:
            process.stdout.close()


class Subscriber:
    """A queue that is subscribed to the pipeline's topic."""

    def __init__(self, world: World) -> None:
        self._sqs = world.client("sqs")
        self._queue = self._sqs.create_queue(QueueName="told")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        topic = world.outputs["AlarmTopicArn"]
        world.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def reported(self) -> list[dict[str, Any]]:
        """The messages since the last call."""
        found = []
        while received := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in received:
                found.append(json.loads(json.loads(message["Body"])["Message"]))
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    def leave(self) -> None:
        self._sqs.delete_queue(QueueUrl=self._queue)


@pytest.fixture(scope="module")
def world(running: tuple[World, LocalAws]) -> World:
    """The deployed stack of the module's fixture `running`."""
    return running[0]


@pytest.fixture(scope="module")
def aws(running: tuple[World, LocalAws]) -> LocalAws:
    """The local AWS that it runs on."""
    return running[1]


@pytest.fixture
def reported(world: World) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The messages to a subscriber of the topic since the test began, or since the last call."""
    subscriber = Subscriber(world)
    yield subscriber.reported
    subscriber.leave()
