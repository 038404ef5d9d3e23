"""A service takes a role only where its trust policy allows it, for the account and the thing that runs."""

import json
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.glue import crawler
from local_aws.iam import authorizer as iam
from local_aws.iam.evaluation import trusts
from local_aws.iam.roles import RoleNotTakenError, take_role
from local_aws.lambda_ import provider as functions
from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.machines import Machines, one, task
from local_aws_harness.served import Served, document, serve

SOURCE = "arn:aws:glue:us-east-1:123456789012:job/j"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    modules = (functions, crawler, state_machines, iam)
    with serve(tmp_path_factory.mktemp("world"), *(module.install for module in modules)) as served:
        yield served


def trust(service: str, **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": [f"{service}.amazonaws.com"]}, "Action": "sts:AssumeRole"}
    return json.dumps(document({**statement, **({"Condition": condition} if condition else {})}))


def trust_only(served: Served, role: str, service: str, source: str) -> None:
    """Let the service take a role for one thing in this account only."""
    condition = {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": "123456789012"}}
    served.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=trust(service, **condition))


def test_trust_names_a_service_and_may_have_conditions() -> None:
    ours = {"StringEquals": {"aws:SourceAccount": "1"}}
    assert trusts(trust("a"), "a.amazonaws.com", {}).allowed
    assert not trusts(trust("a"), "b.amazonaws.com", {}).allowed
    assert not trusts(trust("a").replace("AssumeRole", "TagSession"), "a.amazonaws.com", {}).allowed
    assert trusts(trust("a", **ours), "a.amazonaws.com", {"aws:sourceaccount": "1"}).allowed
    assert not trusts(trust("a", **ours), "a.amazonaws.com", {"aws:sourceaccount": "2"}).allowed
    unknown = trusts(trust("a", StringEquals={"aws:Moon": "1"}), "a.amazonaws.com", {})
    assert not unknown.allowed
    assert "does not know the condition key aws:Moon" in unknown.reason


def test_a_service_takes_only_a_role_that_trusts_it(served: Served) -> None:
    arn = served.role("for-glue", "glue")
    assert take_role(served.world, "for-glue", "glue", "xx", SOURCE)["AWS_SESSION_TOKEN"]
    with pytest.raises(RoleNotTakenError, match=r"lambda.amazonaws.com is not authorized to assume .*for-glue"):
        take_role(served.world, arn, "lambda", "xx", SOURCE)
    with pytest.raises(RoleNotTakenError, match="does not exist"):
        take_role(served.world, "nobody", "glue", "xx", SOURCE)


def test_a_role_may_be_taken_for_one_thing_only(served: Served) -> None:
    arn = served.role("for-one-job", "glue")
    trust_only(served, "for-one-job", "glue", SOURCE)
    assert take_role(served.world, arn, "glue", "xx", SOURCE)
    with pytest.raises(RoleNotTakenError, match="no trust policy allows the sts:AssumeRole action"):
        take_role(served.world, arn, "glue", "xx", SOURCE + "2")


def test_a_state_machine_takes_its_role_for_itself(served: Served) -> None:
    machines = Machines(served)
    grant = json.dumps(document({"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}))
    served.client("iam").put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=grant)
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    publishing = one(task("sns:publish", {"TopicArn": topic, "Message": "m"}))
    trust_only(served, "states", "states", "arn:aws:states:us-east-1:123456789012:stateMachine:machine-1")
    assert machines.run(publishing)["status"] == "SUCCEEDED"
    other = machines.run(publishing)  # machine-2
    assert other["status"] == "FAILED"
    assert "for arn:aws:states:us-east-1:123456789012:stateMachine:machine-2" in other["cause"]


def test_a_function_takes_its_role_for_itself(served: Served) -> None:
    lambdas, code = served.client("lambda"), BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return 1\n")
    role = served.role("function", "lambda")
    for name in ("mine", "other"):
        lambdas.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.11",
            Handler="index.handler",
            Code={"ZipFile": code.getvalue()},
        )
    trust_only(served, "function", "lambda", "arn:aws:lambda:us-east-1:123456789012:function:mine")
    assert lambdas.invoke(FunctionName="mine")["Payload"].read() == b"1"
    with pytest.raises(ClientError, match=r"AccessDenied.*function:other"):
        lambdas.invoke(FunctionName="other")
