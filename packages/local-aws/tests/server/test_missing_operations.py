"""Every operation of the services here, as botocore sends it: an answer that a client can read, never a web page."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import Shape

from local_aws.server import LocalAws
from local_aws_harness.waiting import HANG

pytestmark = pytest.mark.local_aws

SERVICES = (
    *("athena", "cloudformation", "cloudtrail", "cloudwatch", "dynamodb", "events", "firehose", "glue", "iam", "kms"),
    *("lambda", "logs", "s3", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "stepfunctions", "sts", "xray"),
)
"""What the local AWS extends or its templates may have (docs/local-aws.md, docs/resource-types.md)."""

LEFT_OUT = ("GetAccountAuthorizationDetails", "ValidateTemplate")
"""They are there, and each takes four seconds: all policies of AWS, and loading cfn-lint."""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(folder=tmp_path_factory.mktemp("missing") / "world") as started:
        yield started


def client(aws: LocalAws, service: str, **config: Any) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        aws_access_key_id="anyone",
        aws_secret_access_key="anything",
        config=Config(parameter_validation=False, inject_host_prefix=False, **config),
    )


def some(shape: Shape | None, depth: int = 0) -> Any:
    """A value of a shape, with its required members alone."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        names = shape.required_members if depth < 4 else []
        return {name: some(shape.members[name], depth + 1) for name in names}
    if shape.type_name == "list":
        return [some(shape.member, depth + 1)]
    if shape.type_name == "string":
        return (shape.enum or ["a" * 36])[0]
    return {"map": {}, "boolean": False, "timestamp": 0, "blob": b"{}"}.get(shape.type_name, 1)


def wrong(operation: str, error: ClientError) -> bool:
    """Whether an error has no code of a service, or does not name the operation that is missing."""
    told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    if status == 501:
        return told.get("Code") != "NotImplemented" or f":{operation}:" not in told.get("Message", "")
    return not told.get("Code") or "<" in told["Code"] or "Traceback" in told.get("Message", "")


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_answered_as_its_clients_can_read(aws: LocalAws, service: str) -> None:
    asked = client(aws, service, retries={"total_max_attempts": 1}, read_timeout=HANG)
    unreadable = {}
    for name in asked.meta.service_model.operation_names:
        if name in LEFT_OUT:
            continue
        try:
            asked._make_api_call(name, some(asked.meta.service_model.operation_model(name).input_shape))
        except ClientError as error:
            if wrong(name, error):
                unreadable[name] = repr(error)
        except Exception as error:  # noqa: BLE001 - a web page is no answer of the protocol, a hang is a time-out
            unreadable[name] = repr(error)
    assert unreadable == {}


@pytest.mark.notices("packages/local-aws/src/local_aws/server/missing_operations.py", "REFUSED = 501", "REFUSED = 500")
@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize(
    ("service", "operation"),
    [("glue", "SearchTables"), ("athena", "ListEngineVersions"), ("lambda", "ListCodeSigningConfigs"),
     ("iam", "GetServiceLastAccessedDetails"), ("ec2", "DescribeIpamPools"),
     ("cloudfront", "ListFieldLevelEncryptionConfigs")],
    ids=["json", "json again", "rest-json", "query", "ec2", "rest-xml"],
)  # fmt: skip
def test_a_missing_operation_is_named_and_asked_for_once(
    aws: LocalAws, service: str, operation: str, mode: str
) -> None:
    asked = client(aws, service, retries={"mode": mode, "total_max_attempts": 3})
    with pytest.raises(ClientError) as raised:
        asked._make_api_call(operation, some(asked.meta.service_model.operation_model(operation).input_shape))
    told = raised.value.response
    assert told["Error"]["Code"] == "NotImplemented"
    words = f"The local AWS has no {service}:{operation}: moto, which it extends, does not implement it. Not retryable."
    assert told["Error"]["Message"] == words
    assert (told["ResponseMetadata"]["HTTPStatusCode"], told["ResponseMetadata"]["RetryAttempts"]) == (501, 0)


def test_a_missing_service_is_named(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="The local AWS has no gamelift:ListFleets: it has no service gamelift"):
        client(aws, "gamelift").list_fleets()


def test_a_request_on_which_moto_fails_is_told_by_name(aws: LocalAws) -> None:
    """moto takes the ARN of a topic apart without looking at it."""
    with pytest.raises(ClientError, match="The local AWS failed on sns:DeleteTopic: ValueError: ") as raised:
        client(aws, "sns", retries={"total_max_attempts": 1}).delete_topic(TopicArn="none")
    assert raised.value.response["Error"]["Code"] == "InternalFailure"


def test_a_path_that_no_operation_has_is_told_in_the_services_format(aws: LocalAws) -> None:
    """As AWS's newer clients may send, for an operation that the local botocore does not know."""
    scope = "any/20261130/us-east-1/lambda/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    request = urllib.request.Request(f"{aws.endpoint}/2099-01-01/new", b"x" * 100_000, headers, method="PUT")
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request)
    with raised.value as answer:
        assert (answer.code, answer.headers["x-amzn-errortype"]) == (501, "NotImplemented")
        assert b"The local AWS has no lambda:PUT /2099-01-01/new" in answer.read()
