"""The wheel in an empty environment: it starts there, deploys somebody's template, and runs the function in it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local_aws_harness.waiting import HANG

pytestmark = pytest.mark.environment

PACKAGE = Path(__file__).parents[2]
TEMPLATE = {
    "Parameters": {"Greeting": {"Type": "String"}},
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "lambda.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                }
            },
        },
        "Greeter": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "greeter.greet",
                "Runtime": "python3.11",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": "code",
                "Environment": {"Variables": {"GREETING": {"Ref": "Greeting"}}},
            },
        },
    },
    "Outputs": {"Greeter": {"Value": {"Ref": "Greeter"}}},
}
CODE = """
import os

def greet(event, context):
    return os.environ["GREETING"] + " " + event["name"]
"""


@pytest.fixture(scope="module")
def uv() -> str:
    found = os.environ.get("UV") or shutil.which("uv") or str(PACKAGE.parents[1] / ".cache" / "uv" / "bin" / "uv")
    if not Path(found).exists():
        pytest.skip("uv is not on the path")
    return found


@pytest.fixture(scope="module")
def command(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`local-aws` in an environment that has the wheel, and what the wheel asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", folder, PACKAGE], check=True)
    (wheel,) = folder.glob("local_aws-*.whl")
    subprocess.run([uv, "venv", "--quiet", "--no-project", folder / "environment"], check=True)
    python = folder / "environment" / "bin" / "python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, wheel], check=True)
    return python.with_name("local-aws")


STACKS = PACKAGE / "tests" / "stacks" / "templates"


@contextlib.contextmanager
def up(command: Path, folder: Path, template: Path, *options: str) -> Iterator[tuple[boto3.Session, str]]:
    """`local-aws up` with a template as the stack `it`; interrupted at the end, it has to end well."""
    process = subprocess.Popen(
        [command, "up", "--template", template, "--port", "0", "--stack-name", "it", *options],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            ready, endpoint = process.stdout.readline().split()
            assert ready == "ready"
            yield boto3.Session("any", "any", region_name="us-east-1"), endpoint
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


def outputs(session: boto3.Session, endpoint: str, name: str) -> dict[str, str]:
    (stack,) = session.client("cloudformation", endpoint_url=endpoint).describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


@pytest.fixture(scope="module")
def started(command: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[boto3.Session, str]]:
    """`local-aws up` with somebody's template as the stack `it`; interrupted at the end, it has to end well."""
    folder = tmp_path_factory.mktemp("folder")
    (folder / "template.json").write_text(json.dumps(TEMPLATE))
    (folder / "code").mkdir()
    (folder / "code" / "greeter.py").write_text(CODE)
    with up(command, folder, Path("template.json"), "--parameter", "Greeting=Good day,") as served:
        yield served


def test_it_starts_and_runs_a_template(started: tuple[boto3.Session, str]) -> None:
    session, endpoint = started
    answer = session.client("lambda", endpoint_url=endpoint).invoke(
        FunctionName=outputs(session, endpoint, "it")["Greeter"], Payload=b'{"name": "reader"}'
    )
    assert json.loads(answer["Payload"].read()) == "Good day, reader"


def test_it_runs_a_template_of_the_stacks(started: tuple[boto3.Session, str]) -> None:
    session, endpoint = started
    cloudformation = session.client("cloudformation", endpoint_url=endpoint)
    cloudformation.create_stack(
        StackName="upload",
        TemplateBody=(STACKS / "s3_event.yaml").read_text(),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="upload", WaiterConfig={"Delay": 1})
    made = outputs(session, endpoint, "upload")
    session.client("s3", endpoint_url=endpoint).put_object(Bucket=made["Bucket"], Key="in/a.csv", Body=b"12345")
    table = session.client("dynamodb", endpoint_url=endpoint)
    end = time.monotonic() + HANG
    while not (items := table.scan(TableName=made["Files"])["Items"]):
        assert time.monotonic() < end, "the function was not called"
        time.sleep(0.1)
    assert items == [{"key": {"S": "in/a.csv"}, "size": {"N": "5"}}]
