from __future__ import annotations

import contextlib
import datetime
import math
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.core import utils
from moto.core.config import default_user_config
from moto.glue.models import FakeJob
from moto.moto_server import werkzeug_app
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState

from local_aws.core import clock
from local_aws.core.errors import LocalAwsError, PortTaken
from local_aws.server import LocalAws
from local_aws.testing import faults
from local_aws.testing.faults import Fault
from local_aws_harness.stack import Stacks, function, role

pytestmark = pytest.mark.local_aws

POLICY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
"""One of AWS's own."""


def started(folder: Path, **settings: object) -> LocalAws:
    return LocalAws(folder=folder / "world", **settings)  # type: ignore[arg-type]


def test_each_start_is_a_fresh_world_that_leaves_its_logs_only(tmp_path: Path) -> None:
    for _ in range(2):
        with started(tmp_path) as aws:
            stacks = Stacks(aws, tmp_path)
            assert stacks.client("s3").list_buckets()["Buckets"] == []
            assert aws.endpoint.startswith("http://127.0.0.1:")
            stacks.deploy({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}}, "once")
            assert not (aws.world.folder / "logs" / "old").exists()
            (aws.world.folder / "logs" / "old").touch()
        assert [entry.name for entry in (tmp_path / "world").iterdir()] == ["logs"]


def test_moto_is_as_before_when_a_local_aws_has_stopped(tmp_path: Path) -> None:
    def parts() -> list[object]:
        return [
            FakeJob.start_job_run,
            ExecutionState._eval_state,
            werkzeug_app.DISABLE_GLOBAL_CORS,
            utils.create_loader,
        ]

    before = parts()
    with started(tmp_path):
        assert all(now is not then for now, then in zip(parts(), before, strict=True))
        assert utils.create_loader() is utils.create_loader(), "moto would look through 400 folders for each service"
    assert parts() == before


def left_behind(aws: LocalAws, folder: Path) -> subprocess.Popen[bytes]:
    """Fill a local AWS with all that must not outlive it; a process that it runs."""
    stacks = Stacks(aws, folder)
    stacks.client("s3").create_bucket(Bucket="left")
    stacks.client("sqs").create_queue(QueueName="left")
    iam = stacks.client("iam")
    iam.create_role(RoleName="left", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="left", PolicyArn=POLICY)
    assert iam.get_policy(PolicyArn=POLICY)["Policy"]["AttachmentCount"] == 1
    clock.move(datetime.timedelta(days=3))
    faults.inject(Fault(service="sqs", operation="ListQueues", status=500, times=math.inf))
    with (folder / "output").open("wb") as output:
        return aws.world.children.start(["sleep", "1000"], environment={}, folder=folder, output=output)


def test_nothing_of_one_local_aws_is_left_in_the_next(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        process = left_behind(aws, tmp_path)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(60) == -signal.SIGKILL
    with started(tmp_path) as aws:
        client = Stacks(aws, tmp_path).client
        assert client("s3").list_buckets()["Buckets"] == []
        assert "QueueUrls" not in client("sqs").list_queues()
        assert client("iam").list_roles()["Roles"] == []
        policy = client("iam").get_policy(PolicyArn=POLICY)["Policy"]
        assert policy["AttachmentCount"] == 0
        assert abs(clock.now() - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(hours=1)
        assert [entry.name for entry in aws.world.folder.iterdir() if entry.name not in ("logs", "pid")] == []


def test_moto_is_untouched_otherwise(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        queues = Stacks(aws, tmp_path).client("sqs")
        url = queues.create_queue(QueueName="q")["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody="hello")
        assert queues.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


def test_moto_is_set_as_before_when_it_has_ended(tmp_path: Path) -> None:
    before = default_user_config.copy()
    with started(tmp_path):
        assert default_user_config != before
    assert default_user_config == before


def test_the_region_is_a_choice(tmp_path: Path) -> None:
    with started(tmp_path, region="eu-central-1") as aws:
        stacks = Stacks(aws, tmp_path)
        stack = stacks.deploy(
            {
                "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
                "Outputs": {"Region": {"Value": {"Ref": "AWS::Region"}}},
            }
        )
        assert stacks.outputs(stack) == {"Region": "eu-central-1"}
        location = stacks.client("s3").get_bucket_location(Bucket=stacks.resources(stack)["Bucket"])
        assert location["LocationConstraint"] == "eu-central-1"


def test_two_at_once_in_a_process_are_refused(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        with pytest.raises(LocalAwsError, match="already runs a local AWS"):
            started(tmp_path).start()
        assert boto3.client(
            "sts",
            endpoint_url=aws.endpoint,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
        ).get_caller_identity()


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} of 127.0.0.1 cannot be used: Address already in use"):
            started(tmp_path, port=port).start()


def test_a_sidecar_that_does_not_start_is_told_and_frees_the_port(tmp_path: Path) -> None:
    @contextlib.contextmanager
    def broken(_: Path) -> Iterator[dict[str, str]]:
        raise LocalAwsError("nothing to serve")
        yield {}

    with pytest.raises(LocalAwsError, match="nothing to serve"):
        started(tmp_path, sidecar=broken).start()
    with started(tmp_path) as again:
        assert again.endpoint


def test_a_sidecar_lives_as_long_and_its_variables_reach_the_functions(tmp_path: Path) -> None:
    seen: list[str] = []

    @contextlib.contextmanager
    def beside(folder: Path) -> Iterator[dict[str, str]]:
        seen.append(f"began {folder.is_relative_to(tmp_path)}")
        yield {"SIDECAR": "http://127.0.0.1:1"}
        seen.append("ended")

    with started(tmp_path, sidecar=beside) as aws:
        stacks = Stacks(aws, tmp_path)
        code = "import os\ndef handler(event, context): return os.environ['SIDECAR']"
        stack = stacks.deploy({"Resources": {"Role": role("lambda"), "Function": function(code)}})
        name = stacks.resources(stack)["Function"]
        answer = stacks.client("lambda").invoke(FunctionName=name)["Payload"].read()
        assert answer == b'"http://127.0.0.1:1"'
        assert seen == ["began True"]
    assert seen == ["began True", "ended"]
