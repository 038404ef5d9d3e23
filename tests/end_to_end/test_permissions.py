"""Least privilege, compared with the requests of a stack: no permission is missing, and none is unused.

The local AWS judges every request of a role and keeps it. One stack lives through all that a stack does, from its
deployment to its end; then every statement of every role is taken away in turn, and each kept request is judged again.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from local_aws.iam import record
from local_aws.iam.policies import like, listed
from local_aws.iam.record import Use, would_allow
from local_aws.scheduler.firing import fire
from local_aws.server import LocalAws
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark
from tools.checks.unused_rights import unused_locally
from tools.waiting import HANG

from .conftest import World, anybody
from .project import Project, update

pytestmark = pytest.mark.local_aws

TOKEN = "KGAT_c0ffee0123456789"


@dataclass(frozen=True)
class Life:
    """The deployed policies of a stack's roles, and the requests of each, by logical id."""

    policies: dict[str, dict[str, Any]]
    uses: dict[str, list[Use]]
    refused: dict[Use, str]

    def statements(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Role, Sid and statement of everything that is allowed."""
        return [
            (role, statement["Sid"], statement)
            for role, document in self.policies.items()
            for statement in document["Statement"]
        ]

    def allowed_by(self, role: str, *statements: dict[str, Any]) -> list[Use]:
        """The requests of a role that these statements alone would allow."""
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        return [use for use in self.uses[role] if would_allow([document], use)]

    @cached_property
    def used(self) -> set[tuple[str, str, str]]:
        """The lines (see `lines`) that allowed a request."""
        found = set()
        for role, sid, statement in self.statements():
            uses = self.allowed_by(role, statement)
            found |= {(role, sid, use.action) for use in uses}
            for place, resource in enumerate(listed(statement["Resource"])):
                if any(like(use.resource, resource) for use in uses):
                    found.add((role, sid, f"resource {place}"))
        return found


def everything(tmp: Path) -> Life:
    """All that a stack does in its life."""
    dataset = tmp / "dataset"
    write_dataset(dataset, rows=(60, 50))
    one = dataset / "mHealth_subject1.log"
    project = Project.copied(tmp / "project")
    with local_stack(str(dataset), folder=tmp / "world", template=None, spark=kept_spark()) as aws:
        world = World(anybody(), aws.endpoint)
        key = world.client("kms").create_key()["KeyMetadata"]["KeyId"]
        secret = world.client("secretsmanager").create_secret(Name="kaggle", SecretString=TOKEN, KmsKeyId=key)["ARN"]
        parameters = {"KaggleSecretArn": secret, "KeepSnapshots": "1", "MaxBadRowRatio": "0.5"}
        update(aws, project, **parameters)

        good = one.read_text()
        one.write_text("no sample\n" + good)
        world.publish()
        # The schedule delivers what nobody started by hand.
        one.write_text(good[: good.rindex("\n", 0, -1) + 1])
        delivery = fire(aws.world, world.outputs["ScheduleName"])
        assert delivery is not None
        assert world.ended(str(delivery.execution))["status"] == "SUCCEEDED"
        _lose_the_last_record(world)
        assert json.loads(world.execute()["output"])["outcome"] == "unchanged"

        # Another dataset takes the number of the version before, and everything is computed again. Stopped half way,
        # and run again; the first snapshot is retired.
        update(aws, project, **parameters, RecordingStart="2015-01-01T00:00:00Z", SourceUri="kaggle://other/mhealth")
        left = {"Bucket": world.outputs["DataBucketName"], "Key": "raw/version=2/of_the_dataset_before.csv"}
        world.client("s3").put_object(**left, Body=b"")
        # Lines that a run of other code rejected, of a file without such lines.
        rejected = {"Bucket": left["Bucket"], "Key": "quarantine/version=2/mHealth_subject1.jsonl"}
        world.client("s3").put_object(**rejected, Body=b"{}\n")
        _stop_while_converting(world)
        world.publish()
        assert left["Key"] not in world.keys("raw/")
        assert rejected["Key"] not in world.keys("quarantine/")

        one.write_text(re.sub(r"\d+$", "13", good, flags=re.MULTILINE))  # no activity has this number
        assert world.execute()["error"] == "TooManyBadRows"

        _deliver_to_nobody(aws, world)
        policies = {name: _policy(world, role) for name, role in _roles(world).items()}
        roles = {role: name for name, role in _roles(world).items()}
        world.client("cloudformation").delete_stack(StackName="mhealth")
        uses: dict[str, list[Use]] = {name: [] for name in policies}
        for use in record.used():
            uses[roles[use.role.rpartition("/")[2]]].append(use)
        return Life(policies, uses, record.refused())


def _roles(world: World) -> dict[str, str]:
    resources = world.client("cloudformation").describe_stack_resources(StackName="mhealth")["StackResources"]
    roles = [each for each in resources if each["ResourceType"] == "AWS::IAM::Role"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in roles}


def _policy(world: World, role: str) -> dict[str, Any]:
    (name,) = world.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    document: dict[str, Any] = world.client("iam").get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return document


def _lose_the_last_record(world: World) -> None:
    """As after a failure of RecordSuccess: the next run records the published snapshot."""
    s3, bucket = world.client("s3"), world.outputs["DataBucketName"]
    listed_keys = s3.list_objects_v2(Bucket=bucket, Prefix="manifests/publications/")["Contents"]
    s3.delete_object(Bucket=bucket, Key=max(one["Key"] for one in listed_keys))


def _stop_while_converting(world: World) -> None:
    sfn, glue = world.client("stepfunctions"), world.client("glue")
    arn = world.start()
    deadline = time.monotonic() + HANG
    while not any(
        run["JobRunState"] == "RUNNING"
        for run in glue.get_job_runs(JobName=world.outputs["ConvertParquetJobName"])["JobRuns"]
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    sfn.stop_execution(executionArn=arn)


def _deliver_to_nobody(aws: LocalAws, world: World) -> None:
    """The schedule fires without permission to start the execution: its event goes to the dead-letter queue."""
    statement = {"Effect": "Deny", "Action": "states:StartExecution", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    named = {"RoleName": world.resources["ScheduleRole"], "PolicyName": "denied"}
    world.client("iam").put_role_policy(**named, PolicyDocument=policy)
    delivery = fire(aws.world, world.outputs["ScheduleName"])
    world.client("iam").delete_role_policy(**named)
    assert delivery is not None
    assert delivery.dead_letter is not None, delivery.lost


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    return everything(tmp_path_factory.mktemp("permissions"))


def lines(role: str, sid: str, statement: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The parts of a statement: role, Sid and action; role, Sid and `resource N`, by its index in the list."""
    resources = [f"resource {place}" for place in range(len(listed(statement["Resource"])))]
    return [(role, sid, line) for line in [*listed(statement["Action"]), *resources]]


def test_nothing_was_refused_but_the_start_that_was_taken_away(life: Life) -> None:
    assert {use.action for use in life.refused} == {"states:StartExecution"}


def test_every_role_did_something(life: Life) -> None:
    assert set(life.uses) == {
        "DownloadRole",
        "ReportRole",
        "ShipGlueCodeRole",
        "ConvertParquetRole",
        "GlueTransformRole",
        "CrawlerRole",
        "StateMachineRole",
        "ScheduleRole",
    }
    assert all(life.uses.values())


def test_every_line_was_used_or_the_template_says_why_not(life: Life) -> None:
    allowed = {line for each in life.statements() for line in lines(*each)}
    explained = set(unused_locally())
    for role, sid, statement in life.statements():
        if all((role, sid, action) in explained for action in listed(statement["Action"])):
            allowed -= {line for line in lines(role, sid, statement) if line[2].startswith("resource")}
    unused = allowed - life.used
    assert sorted(unused - explained) == [], "rights that nothing used: take them away, or say why they stay"
    assert sorted(explained - unused) == [], "used after all, or gone: the comment is out of date"


def test_no_statement_can_be_taken_away(life: Life) -> None:
    for role, sid, statement in life.statements():
        rest = [other for other in life.policies[role]["Statement"] if other is not statement]
        denied = len(life.uses[role]) - len(life.allowed_by(role, *rest))
        never = all((role, sid, action) in unused_locally() for action in listed(statement["Action"]))
        assert denied or never, f"{role} does all it does without {sid}"


def test_no_action_and_no_resource_is_everything(life: Life) -> None:
    for role, sid, statement in life.statements():
        for action in listed(statement["Action"]):
            assert re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action), (role, sid, action)
            if statement["Resource"] == "*":
                assert action.split(":")[0] in {"xray", "logs", "cloudwatch", "lakeformation"}, (role, sid, action)
