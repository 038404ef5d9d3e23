"""Taking stacks away: what goes, what stays, what is asked. Two stacks of the real template, and strangers' buckets."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.s3.models import s3_backends
from rich.console import Console
from typer.testing import CliRunner, Result

from local_aws.cloudformation.deploy import deploy
from local_aws.core.errors import DeploymentFailed
from local_aws.core.world import ACCOUNT
from local_aws_harness.stack import Stacks, running
from mhealth_ops.cli import app
from mhealth_ops.operations import data, deletion
from mhealth_ops.operations.errors import DeletionFailed
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.project import TEMPLATE

pytestmark = [pytest.mark.local_aws, pytest.mark.story]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    for stacks in running(tmp_path_factory.mktemp("destroy")):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", stacks.aws.endpoint)
            patch.setenv("AWS_ACCESS_KEY_ID", "any")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "any")
            for name in ("mhealth", "mhealth-2"):
                deploy(stacks.aws.world, template=TEMPLATE, stack_name=name)
            yield stacks


@pytest.fixture(scope="module")
def session(stacks: Stacks) -> boto3.Session:
    return boto3.Session(region_name="us-east-1")


@pytest.fixture(scope="module")
def ours(session: boto3.Session) -> Stack:
    """The stack mhealth as it was at first, with data in its bucket: two versions, a delete marker, half an upload."""
    stack = Stack.named("mhealth", session)
    s3 = session.client("s3")
    for body in (b"one", b"two"):
        s3.put_object(Bucket=stack.bucket, Key="raw/version=1/a.csv", Body=body)
    s3.delete_object(Bucket=stack.bucket, Key="raw/version=1/a.csv")
    s3.create_multipart_upload(Bucket=stack.bucket, Key="raw/version=1/b.csv")
    return stack


@pytest.fixture(scope="module")
def neighbour(session: boto3.Session) -> Stack:
    stack = Stack.named("mhealth-2", session)
    session.client("s3").put_object(Bucket=stack.bucket, Key="raw/version=1/a.csv", Body=b"theirs")
    return stack


def operate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["destroy", "--aws", *arguments, "--region", "us-east-1"])


def buckets(session: boto3.Session) -> set[str]:
    return {each["Name"] for each in session.client("s3").list_buckets()["Buckets"]}


@pytest.mark.parametrize("name", ["", "mhealth-2", "MHEALTH"])
def test_nothing_goes_without_the_name(ours: Stack, session: boto3.Session, name: str) -> None:
    done = operate("--stack", "mhealth", "--confirm", name, "--delete-data")
    assert done.exit_code == 1
    assert "Nothing was deleted." in done.output
    assert Stack.named("mhealth", session).resources == ours.resources


def test_a_stack_with_a_running_execution_is_left_alone(ours: Stack, session: boto3.Session) -> None:
    sfn = session.client("stepfunctions")
    arn = sfn.start_execution(stateMachineArn=ours.outputs["StateMachineArn"])["executionArn"]
    done = operate("--stack", "mhealth", "--confirm", "mhealth")
    sfn.stop_execution(executionArn=arn)
    assert done.exit_code == 1
    assert f"stop-execution --execution-arn {arn}" in done.output.replace("\n", " ")


def test_somebody_elses_stack_is_left_alone(stacks: Stacks) -> None:
    foreign = stacks.deploy({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}, "website")
    done = operate("--stack", foreign, "--confirm", foreign)
    assert done.exit_code == 1
    assert "not made from this project's template" in done.output
    assert stacks.resources(foreign).keys() == {"Queue"}


def test_a_bucket_that_cloudformation_did_not_make_for_the_stack_is_left_alone(ours: Stack, neighbour: Stack) -> None:
    tagger = s3_backends[ACCOUNT]["aws"].tagger
    arn = f"arn:aws:s3:::{ours.bucket}"
    before = tagger.get_tag_dict_for_resource(arn)
    assert before["aws:cloudformation:stack-name"] == "mhealth"
    tagger.tag_resource(arn, [{"Key": "aws:cloudformation:stack-id", "Value": neighbour.stack_id}])
    done = operate("--stack", "mhealth", "--confirm", "mhealth", "--delete-data")
    tagger.tag_resource(arn, [{"Key": name, "Value": value} for name, value in before.items()])
    assert done.exit_code == 1
    assert "nothing was deleted" in done.output
    assert Stack.find("mhealth", ours.session) is not None


def test_destroy_keeps_the_data_and_says_where_it_is(ours: Stack, session: boto3.Session) -> None:
    done = operate("--stack", "mhealth", "--confirm", "mhealth")
    assert done.exit_code == 0, done.output
    key = ours.resources["DataKey"].physical_id
    assert f"kept the data: s3://{ours.bucket}, encrypted with the key {key}" in done.output
    assert f"mhealth destroy --aws --region us-east-1 --bucket {ours.bucket} --delete-data" in done.output
    assert Stack.find("mhealth", session) is None
    versions = session.client("s3").list_object_versions(Bucket=ours.bucket, Prefix="raw/")
    assert (len(versions["Versions"]), len(versions["DeleteMarkers"])) == (2, 1)
    assert session.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_stack_that_is_gone_is_told_with_the_way_to_its_data(ours: Stack) -> None:
    done = operate("--stack", "mhealth", "--confirm", "mhealth")
    assert done.exit_code == 1
    assert "mhealth destroy --aws --region us-east-1 --bucket its-name --delete-data" in done.output


@pytest.mark.parametrize("whose", ["stranger", "neighbour", "nobody"])
def test_another_bucket_is_not_removed_in_place_of_the_one_left(
    ours: Stack, neighbour: Stack, session: boto3.Session, whose: str
) -> None:
    similar = f"{ours.bucket}-2"
    session.client("s3").create_bucket(Bucket=similar)
    bucket = {"stranger": similar, "neighbour": neighbour.bucket, "nobody": f"{ours.bucket}-3"}[whose]
    before = buckets(session)
    done = operate("--stack", "mhealth", "--bucket", bucket, "--delete-data", "--confirm", "mhealth")
    assert done.exit_code == 1
    assert "nothing was deleted" in done.output
    assert buckets(session) == before


def test_the_bucket_of_a_stack_that_exists_goes_only_with_it(neighbour: Stack, session: boto3.Session) -> None:
    done = operate("--stack", "mhealth-2", "--bucket", neighbour.bucket, "--delete-data", "--confirm", "mhealth-2")
    assert done.exit_code == 1
    assert "which exists: delete that first" in done.output
    assert neighbour.bucket in buckets(session)


def test_a_bucket_named_without_delete_data_stays(ours: Stack, session: boto3.Session) -> None:
    done = operate("--stack", "mhealth", "--bucket", ours.bucket, "--confirm", "mhealth")
    assert done.exit_code == 1
    assert "DELETE_DATA=1" in done.output
    assert ours.bucket in buckets(session)


def test_the_data_that_a_stack_left_goes_whole_and_nothing_else(
    ours: Stack, neighbour: Stack, session: boto3.Session
) -> None:
    before = buckets(session)
    # Two of the file that was replaced; the execution of this story may have left its claim besides.
    versions = len(session.client("s3").list_object_versions(Bucket=ours.bucket)["Versions"])
    assert versions >= 2
    done = operate("--stack", "mhealth", "--bucket", ours.bucket, "--delete-data", "--confirm", "mhealth")
    assert done.exit_code == 0, done.output
    assert f"{versions} object versions, 1 delete markers, 1 unfinished uploads" in done.output
    assert before - buckets(session) == {ours.bucket}
    kms = session.client("kms")
    state = {
        stack.name: kms.describe_key(KeyId=stack.resources["DataKey"].physical_id)["KeyMetadata"]["KeyState"]
        for stack in (ours, neighbour)
    }
    assert state == {"mhealth": "PendingDeletion", "mhealth-2": "Enabled"}
    body = session.client("s3").get_object(Bucket=neighbour.bucket, Key="raw/version=1/a.csv")["Body"].read()
    assert body == b"theirs"


def test_destroy_with_delete_data_takes_stack_bucket_and_key(neighbour: Stack, session: boto3.Session) -> None:
    done = operate("--stack", "mhealth-2", "--confirm", "mhealth-2", "--delete-data")
    assert done.exit_code == 0, done.output
    assert "AND ALL ITS DATA" in done.output
    assert Stack.find("mhealth-2", session) is None
    assert neighbour.bucket not in buckets(session)
    key = session.client("kms").describe_key(KeyId=neighbour.resources["DataKey"].physical_id)["KeyMetadata"]
    assert key["KeyState"] == "PendingDeletion"


def test_a_bucket_is_emptied_page_by_page(session: boto3.Session) -> None:
    s3 = session.client("s3")
    s3.create_bucket(Bucket="full")
    s3.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Enabled"})
    for number in range(5):
        for _ in range(2):
            s3.put_object(Bucket="full", Key=f"key/{number}", Body=b"")
        s3.create_multipart_upload(Bucket="full", Key=f"upload/{number}")
    for number in range(3):
        s3.delete_object(Bucket="full", Key=f"key/{number}")
    assert data.empty(s3, "full", page=2) == data.Removed(versions=10, markers=3, uploads=5)
    s3.delete_bucket(Bucket="full")


def console() -> tuple[Console, io.StringIO]:
    shown = io.StringIO()
    return Console(file=shown, width=120), shown


def test_a_deletion_that_fails_tells_each_reason(stacks: Stacks, session: boto3.Session) -> None:
    name = stacks.deploy({"Resources": {"Full": {"Type": "AWS::S3::Bucket"}}})
    stack = Stack.find(name, session)
    assert stack is not None
    session.client("s3").put_object(Bucket=stack.resources["Full"].physical_id, Key="a", Body=b"")
    to, shown = console()
    with pytest.raises(DeletionFailed, match="could not be deleted"):
        deletion.delete(to, stack)
    assert "Full DELETE_FAILED" in shown.getvalue()
    assert "not empty" in shown.getvalue()


def test_a_failed_first_deployment_is_cleared_away_with_its_reason(stacks: Stacks, session: boto3.Session) -> None:
    broken: dict[str, Any] = {"Resources": {"Wrong": {"Type": "AWS::Glue::Database", "Properties": {"Nonsense": 1}}}}
    with pytest.raises(DeploymentFailed):
        stacks.deploy(broken, "broken")
    done = CliRunner().invoke(app, ["cleanup-failed-stack", "--aws", "--stack", "broken", "--region", "us-east-1"])
    assert done.exit_code == 0, done.output
    assert "left it in ROLLBACK_COMPLETE" in done.output
    assert "Wrong CREATE_FAILED: " in done.output
    assert Stack.find("broken", session) is None


def test_way_is_made_through_nothing_that_lives(stacks: Stacks, session: boto3.Session) -> None:
    for name in ("website", "never-deployed"):
        done = CliRunner().invoke(app, ["cleanup-failed-stack", "--aws", "--stack", name, "--region", "us-east-1"])
        assert (done.exit_code, done.output) == (0, "")
    website = Stack.find("website", session)
    assert website is not None
    assert website.status == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("environment", "reported"),
    [
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "No valid AWS credentials", id="credentials"
        ),
        pytest.param({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Could not connect", id="endpoint"),
        pytest.param({"AWS_PROFILE": "nobody"}, "profile", id="profile"),
        pytest.param({}, "There is no stack nope in us-east-1", id="stack"),
        pytest.param({"region": ""}, "No region is set", id="region"),
    ],
)
def test_a_persons_mistake_is_one_sentence(
    stacks: Stacks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str], reported: str
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    region = environment.pop("region", "us-east-1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["verify", "--aws", "--stack", "nope", "--region", region])
    assert done.exit_code == 1
    assert reported in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert isinstance(done.exception, SystemExit)
