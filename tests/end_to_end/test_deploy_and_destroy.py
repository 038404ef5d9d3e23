"""`make deploy` and `make destroy` as an operator types them, against a local AWS without a stack."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark
from tools.checks.environments import has_locked_tools

from .conftest import World, anybody

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.story,
    pytest.mark.skipif(not has_locked_tools(), reason="the lock file has no SAM CLI for this Python"),
]

ROOT = Path(__file__).parents[2]
ROWS = (900, 800, 6000, 6000)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deploy") / "dataset"
    write_dataset(folder, rows=ROWS)
    return folder


@pytest.fixture(scope="module")
def world(dataset: Path) -> Iterator[World]:
    folder = dataset.parent / "world"
    with local_stack(str(dataset), folder=folder, template=None, spark=kept_spark()) as aws:
        yield World(anybody(), aws.endpoint)


def test_deploy_and_verify_end_by_the_same_words() -> None:
    shown = {target: planned(target) for target in ("deploy", "verify")}
    for lines in shown.values():
        assert re.search(r"mhealth verify --aws .*\|\| \{ .*mhealth explain --aws .*; exit 1; \}$", lines)


def make(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_ENDPOINT_URL": world.endpoint, "AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
    command = ["make", *arguments, "STACK=trial", "REGION=us-east-1"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def planned(target: str) -> str:
    """The last command of a target, as make would run it."""
    shown = subprocess.run(
        ["make", "--dry-run", "--old-file=.cache/ready", target, "STACK=trial", "REGION=us-east-1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return shown.replace("\\\n", "").splitlines()[-1]


def statuses(world: World) -> dict[str, str]:
    stacks = world.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in stacks}


def parameters(world: World) -> dict[str, str]:
    (stack,) = world.client("cloudformation").describe_stacks(StackName="trial")["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def test_deploy_gets_past_a_failed_first_deployment(world: World) -> None:
    broken = {"Resources": {"Wrong": {"Type": "AWS::Glue::Database", "Properties": {"Nonsense": 1}}}}
    world.client("cloudformation").create_stack(StackName="trial", TemplateBody=json.dumps(broken))
    assert statuses(world) == {"trial": "ROLLBACK_COMPLETE"}
    wanted = 'PARAMETERS=CrawlerPollSeconds=5 ScheduleExpression="cron(30 6 * * ? *)" AlarmEmail=a@example.org'
    done = make(world, "deploy", wanted)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert "Wrong CREATE_FAILED" in done.stdout
    assert "All 9 checks hold" in done.stdout
    assert statuses(world)["trial"] == "CREATE_COMPLETE"
    assert parameters(world)["ScheduleExpression"] == "cron(30 6 * * ? *)"


def test_a_run_that_lacks_a_right_ends_with_the_statement_to_add(world: World, dataset: Path) -> None:
    """By `make verify`, which runs and explains as `make deploy` does.

    The crawler's: a call that the state machine is denied is tried again for minutes.
    """
    iam = world.client("iam")
    resources = world.client("cloudformation").describe_stack_resources(StackName="trial")["StackResources"]
    role = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}["CrawlerRole"]
    policy = {"RoleName": role, "PolicyName": "crawler"}
    whole = iam.get_role_policy(**policy)["PolicyDocument"]
    statements = [each for each in whole["Statement"] if each["Sid"] != "RegisterPartitions"]
    assert len(statements) == len(whole["Statement"]) - 1
    iam.put_role_policy(**policy, PolicyDocument=json.dumps({**whole, "Statement": statements}))
    (dataset / "README.txt").write_text("a new version of the dataset, so that there is something to register\n")
    done = make(world, "verify")
    assert done.returncode != 0
    assert f"CrawlerRole ({role}) was denied glue:" in done.stdout
    assert 'add to the role: {"Effect": "Allow", "Action": "glue:' in done.stdout
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(whole))


def test_destroy_without_an_answer_changes_nothing(world: World) -> None:
    done = make(world, "destroy", "DELETE_DATA=1")
    assert done.returncode != 0
    assert "CONFIRM=trial" in done.stderr
    assert "Traceback" not in done.stderr
    assert statuses(world)["trial"] == "CREATE_COMPLETE"


def test_destroy_takes_the_stack_and_all_versions_of_its_data(world: World) -> None:
    done = make(world, "destroy", "DELETE_DATA=1", "CONFIRM=trial")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trial" not in statuses(world)
    left = [bucket["Name"] for bucket in world.client("s3").list_buckets()["Buckets"]]
    assert [name for name in left if "trial" in name] == []
    # All SAM stacks of the region share it.
    assert any(name.startswith("aws-sam-cli-managed-default") for name in left)
