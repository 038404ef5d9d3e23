"""Conditions and resources that requests with a role's credentials are judged by, beyond S3's plain objects."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.iam import authorizer as iam
from local_aws.iam.policies import KNOWN_KEYS
from local_aws_harness.roles import allow, client, denied
from local_aws_harness.served import Served, serve

DATUM = [{"MetricName": "rows", "Value": 1.0}]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("world"), iam.install) as served:
        yield served


def test_metrics_can_be_limited_to_a_namespace(served: Served) -> None:
    ours = {"StringEquals": {"cloudwatch:namespace": "shop"}}
    cloudwatch = client(served, "cloudwatch", allow("cloudwatch:PutMetricData", "*", Condition=ours))
    cloudwatch.put_metric_data(Namespace="shop", MetricData=DATUM)
    reported = denied(lambda: cloudwatch.put_metric_data(Namespace="other", MetricData=DATUM))
    assert "cloudwatch:PutMetricData on resource: * " in reported


def test_a_queue_is_named_by_its_address(served: Served) -> None:
    url = served.client("sqs").create_queue(QueueName="mine")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:mine"
    client(served, "sqs", allow("sqs:SendMessage", arn)).send_message(QueueUrl=url, MessageBody="m")
    reported = denied(
        lambda: client(served, "sqs", allow("sqs:SendMessage", arn + "2")).send_message(QueueUrl=url, MessageBody="m")
    )
    assert f"sqs:SendMessage on resource: {arn} " in reported


def test_a_queues_policy_can_deny(served: Served) -> None:
    closed = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [closed]})
    url = served.client("sqs").create_queue(QueueName="closed", Attributes={"Policy": policy})["QueueUrl"]
    reported = denied(lambda: client(served, "sqs", allow("sqs:*", "*")).send_message(QueueUrl=url, MessageBody="m"))
    assert "explicit deny in a resource-based policy" in reported


def test_a_topics_own_policy_gives_no_role_the_right_to_publish(served: Served) -> None:
    topic = served.client("sns").create_topic(Name="plain")["TopicArn"]
    reported = denied(lambda: client(served, "sns").publish(TopicArn=topic, Message="m"))
    assert "no identity-based policy allows the sns:Publish action" in reported


def test_a_secret_can_be_limited_to_a_stage(served: Served) -> None:
    made = served.client("secretsmanager").create_secret(Name="token", SecretString="s")
    current = {"StringEqualsIfExists": {"secretsmanager:VersionStage": "AWSCURRENT"}}
    secrets = client(served, "secretsmanager", allow("secretsmanager:GetSecretValue", made["ARN"], Condition=current))
    assert secrets.get_secret_value(SecretId=made["ARN"])["SecretString"] == "s"
    secrets.get_secret_value(SecretId=made["ARN"], VersionStage="AWSCURRENT")
    denied(lambda: secrets.get_secret_value(SecretId=made["ARN"], VersionStage="AWSPREVIOUS"))


def test_a_missing_secret_is_denied_unless_its_name_is_allowed(served: Served) -> None:
    named = allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:us-east-1:123456789012:secret:none-??????")
    secrets = client(served, "secretsmanager", named)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        secrets.get_secret_value(SecretId="none")
    denied(lambda: client(served, "secretsmanager").get_secret_value(SecretId="none"))


def test_traces_need_their_permission(served: Served) -> None:
    segments = ["{}"]
    reported = denied(lambda: client(served, "xray").put_trace_segments(TraceSegmentDocuments=segments))
    assert "xray:PutTraceSegments on resource: * " in reported
    client(served, "xray", allow("xray:Put*", "*")).put_trace_segments(TraceSegmentDocuments=segments)


def test_handing_a_role_to_a_service_must_be_allowed_for_that_service(served: Served) -> None:
    role = served.role("handed", "states")
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    machine = served.client("stepfunctions").create_state_machine(name="m", roleArn=role, definition=definition)

    def hand(passed_to: str) -> None:
        passing = allow("iam:PassRole", role, Condition={"StringEquals": {"iam:PassedToService": passed_to}})
        updating = allow("states:UpdateStateMachine", machine["stateMachineArn"])
        states = client(served, "stepfunctions", updating, passing)
        states.update_state_machine(stateMachineArn=machine["stateMachineArn"], roleArn=role)

    hand("states.amazonaws.com")
    assert f"iam:PassRole on resource: {role} " in denied(lambda: hand("lambda.amazonaws.com"))


# Versions of objects


@pytest.fixture(scope="module")
def versions(served: Served) -> list[str]:
    """The two versions of `a/f` in the bucket `versioned`, the newest first."""
    s3 = served.client("s3")
    s3.create_bucket(Bucket="versioned")
    s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    return two_versions(s3, "a/f")


def two_versions(s3: Any, key: str) -> list[str]:
    return [s3.put_object(Bucket="versioned", Key=key, Body=body)["VersionId"] for body in (b"1", b"2")][::-1]


def test_listing_versions_has_a_permission_and_a_prefix_of_its_own(served: Served, versions: list[str]) -> None:
    bucket, below_a = "arn:aws:s3:::versioned", {"StringLike": {"s3:prefix": "a/*"}}
    s3 = client(served, "s3", allow("s3:ListBucketVersions", bucket, Condition=below_a))
    assert len(s3.list_object_versions(Bucket="versioned", Prefix="a/")["Versions"]) == 2
    denied(lambda: s3.list_object_versions(Bucket="versioned", Prefix="b/"))
    plain = client(served, "s3", allow("s3:ListBucket", bucket))
    assert "s3:ListBucketVersions" in denied(lambda: plain.list_object_versions(Bucket="versioned"))


def test_reading_a_version_has_a_permission_of_its_own(served: Served, versions: list[str]) -> None:
    def read(action: str, version: str, *more: dict[str, Any]) -> bytes:
        s3 = client(served, "s3", allow(action, "arn:aws:s3:::versioned/*"), *more)
        body: bytes = s3.get_object(Bucket="versioned", Key="a/f", VersionId=version)["Body"].read()
        return body

    assert read("s3:GetObjectVersion", versions[1]) == b"1"
    assert "s3:GetObjectVersion" in denied(lambda: read("s3:GetObject", versions[1]))
    # Only who may list the versions is told that one is missing.
    missing = "00000000-0000-0000-0000-000000000000"
    assert "s3:ListBucketVersions" in denied(lambda: read("s3:GetObjectVersion", missing))


@pytest.mark.usefixtures("versions")
def test_deleting_a_version_has_a_permission_of_its_own(served: Served) -> None:
    older = two_versions(served.client("s3"), "c/f")[1]

    def delete(action: str) -> Any:
        s3 = client(served, "s3", allow(action, "arn:aws:s3:::versioned/c/*"))
        objects = [{"Key": "c/f", "VersionId": older}, {"Key": "c/none"}]
        return s3.delete_objects(Bucket="versioned", Delete={"Objects": objects})

    assert "s3:DeleteObjectVersion" in denied(lambda: delete("s3:DeleteObject"))
    assert "s3:DeleteObject on" in denied(lambda: delete("s3:DeleteObjectVersion"))
    delete("s3:DeleteObject*")
    assert len(served.client("s3").list_object_versions(Bucket="versioned", Prefix="c/f")["Versions"]) == 1


# Conditions


@pytest.mark.parametrize("key", ["aws:PrincipalTag/team", "kms:EncryptionContextKeys", "glue:JobName", "aws:SourceIp"])
def test_a_condition_that_is_not_known_here_denies_and_says_so(served: Served, key: str) -> None:
    assert key.lower() not in KNOWN_KEYS
    condition = {"StringNotEquals": {key: "x"}}  # absent, it would hold
    reported = denied(lambda: client(served, "s3", allow("s3:*", "*", Condition=condition)).list_buckets())
    assert f"(the local AWS does not know the condition key {key})" in reported


def test_all_keys_and_operators_of_a_statement_must_hold(served: Served) -> None:
    def listed(**condition: Any) -> Any:
        return client(served, "s3", allow("s3:ListAllMyBuckets", "*", Condition=condition)).list_buckets()

    listed(Bool={"aws:SecureTransport": "true"}, StringEquals={"aws:RequestedRegion": "us-east-1"})
    listed(Null={"s3:prefix": "true"}, ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/role-*"})
    denied(lambda: listed(Bool={"aws:SecureTransport": "true"}, StringEquals={"aws:RequestedRegion": "eu-west-1"}))
    denied(lambda: listed(**{"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}))
    denied(lambda: listed(Bool={"aws:ViaAWSService": "true"}))
