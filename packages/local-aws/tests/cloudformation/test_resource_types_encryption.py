from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.core.errors import DeploymentFailed
from local_aws_harness.stack import Stacks, function, role, running

pytestmark = pytest.mark.local_aws

ARN = {"Fn::GetAtt": ["Key", "Arn"]}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
        },
    ],
}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("encryption"))


def key(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": POLICY, **more}}


def encrypted(**of_key: Any) -> dict[str, Any]:
    """A key, its alias, and every kind of resource that the project encrypts with it."""
    return {
        "Resources": {
            "Key": key(EnableKeyRotation=True, PendingWindowInDays="7", Description="data", **of_key),
            "Alias": {
                "Type": "AWS::KMS::Alias",
                "Properties": {"AliasName": {"Fn::Sub": "alias/${AWS::StackName}"}, "TargetKeyId": {"Ref": "Key"}},
            },
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "BucketEncryption": {
                        "ServerSideEncryptionConfiguration": [
                            {
                                "BucketKeyEnabled": True,
                                "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": ARN},
                            }
                        ]
                    },
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "LifecycleConfiguration": {
                        "Rules": [
                            {
                                "Id": "old",
                                "Status": "Enabled",
                                "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                            }
                        ]
                    },
                },
            },
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": {"Ref": "Key"}}},
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {"KmsMasterKeyId": {"Ref": "Key"}, "MessageRetentionPeriod": 1209600},
            },
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"KmsKeyId": ARN, "RetentionInDays": 30}},
            "Security": {
                "Type": "AWS::Glue::SecurityConfiguration",
                "Properties": {
                    "Name": {"Fn::Sub": "${AWS::StackName}-encrypted"},
                    "EncryptionConfiguration": {
                        "S3Encryptions": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": ARN}],
                        "CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": ARN},
                        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": ARN},
                    },
                },
            },
            "GlueRole": role("glue"),
            "Job": {
                "Type": "AWS::Glue::Job",
                "Properties": {
                    "Role": {"Fn::GetAtt": ["GlueRole", "Arn"]},
                    "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/code.py"},
                    "SecurityConfiguration": {"Ref": "Security"},
                },
            },
            "Crawler": {
                "Type": "AWS::Glue::Crawler",
                "Properties": {
                    "Role": {"Fn::GetAtt": ["GlueRole", "Arn"]},
                    "Targets": {"S3Targets": [{"Path": "s3://b/"}]},
                    "CrawlerSecurityConfiguration": {"Ref": "Security"},
                },
            },
            "WorkGroup": {
                "Type": "AWS::Athena::WorkGroup",
                "Properties": {
                    "Name": {"Fn::Sub": "${AWS::StackName}-queries"},
                    "WorkGroupConfiguration": {
                        "BytesScannedCutoffPerQuery": "10000000",
                        "ResultConfiguration": {
                            "OutputLocation": "s3://b/results/",
                            "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": ARN},
                        },
                    },
                },
            },
            "Role": role("lambda"),
            "Function": function("def handler(event, context): pass", KmsKeyArn=ARN),
        },
        "Outputs": {"KeyArn": {"Value": ARN}},
    }


@pytest.fixture(scope="module")
def deployed(stacks: Stacks) -> str:
    return stacks.deploy(encrypted(), "encrypted")


@pytest.fixture(scope="module")
def ids(stacks: Stacks, deployed: str) -> dict[str, str]:
    return stacks.resources(deployed)


@pytest.fixture(scope="module")
def arn(stacks: Stacks, deployed: str) -> str:
    return stacks.outputs(deployed)["KeyArn"]


def test_a_key_rotates_has_its_policy_and_goes_by_its_alias(stacks: Stacks, ids: dict[str, str], arn: str) -> None:
    kms = stacks.client("kms")
    described = kms.describe_key(KeyId="alias/encrypted")["KeyMetadata"]
    assert (described["KeyId"], described["Arn"], described["Description"]) == (ids["Key"], arn, "data")
    assert arn == f"arn:aws:kms:us-east-1:123456789012:key/{ids['Key']}"
    assert kms.get_key_rotation_status(KeyId=ids["Key"])["KeyRotationEnabled"] is True
    policy = json.loads(kms.get_key_policy(KeyId=ids["Key"], PolicyName="default")["Policy"])
    assert policy["Statement"][0]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}


def test_a_bucket_encrypts_with_the_key_and_forgets_old_versions(stacks: Stacks, ids: dict[str, str], arn: str) -> None:
    s3 = stacks.client("s3")
    (rule,) = s3.get_bucket_encryption(Bucket=ids["Bucket"])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn},
        "BucketKeyEnabled": True,
    }
    s3.put_object(Bucket=ids["Bucket"], Key="a", Body=b"x")
    put = s3.head_object(Bucket=ids["Bucket"], Key="a")
    assert (put["ServerSideEncryption"], put["SSEKMSKeyId"]) == ("aws:kms", arn)
    (lifecycle,) = s3.get_bucket_lifecycle_configuration(Bucket=ids["Bucket"])["Rules"]
    assert lifecycle["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}


def test_messages_and_logs_are_encrypted_with_the_key(stacks: Stacks, ids: dict[str, str], arn: str) -> None:
    topic = stacks.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert topic["KmsMasterKeyId"] == ids["Key"]
    queue = stacks.client("sqs").get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["All"])["Attributes"]
    assert (queue["KmsMasterKeyId"], queue["MessageRetentionPeriod"]) == (ids["Key"], "1209600")
    (group,) = stacks.client("logs").describe_log_groups(logGroupNamePrefix=ids["Logs"])["logGroups"]
    assert (group["kmsKeyId"], group["retentionInDays"]) == (arn, 30)


def test_glue_athena_and_lambda_are_told_the_key(stacks: Stacks, ids: dict[str, str], arn: str) -> None:
    glue = stacks.client("glue")
    assert ids["Security"] == "encrypted-encrypted"
    security = glue.get_security_configuration(Name=ids["Security"])["SecurityConfiguration"]
    assert security["EncryptionConfiguration"] == {
        "S3Encryption": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": arn}],
        "CloudWatchEncryption": {"CloudWatchEncryptionMode": "SSE-KMS", "KmsKeyArn": arn},
        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "CSE-KMS", "KmsKeyArn": arn},
    }
    assert glue.get_job(JobName=ids["Job"])["Job"]["SecurityConfiguration"] == ids["Security"]
    crawler = glue.get_crawler(Name=ids["Crawler"])["Crawler"]
    assert crawler["CrawlerSecurityConfiguration"] == ids["Security"]
    group = stacks.client("athena").get_work_group(WorkGroup=ids["WorkGroup"])["WorkGroup"]["Configuration"]
    assert group["BytesScannedCutoffPerQuery"] == 10_000_000
    assert group["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_KMS", "KmsKey": arn}
    configuration = stacks.client("lambda").get_function_configuration(FunctionName=ids["Function"])
    assert configuration["KMSKeyArn"] == arn


def test_a_changed_key_stays_the_same_key(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"Key": key(EnableKeyRotation=True, Description="old")}})
    before = stacks.resources(stack)["Key"]
    kms = stacks.client("kms")
    kept = kms.encrypt(KeyId=before, Plaintext=b"secret")["CiphertextBlob"]
    closed = {**POLICY, "Statement": [{**POLICY["Statement"][0], "Sid": "changed"}]}
    stacks.deploy({"Resources": {"Key": key(Description="new", KeyPolicy=closed)}}, stack)
    assert stacks.resources(stack)["Key"] == before
    assert kms.describe_key(KeyId=before)["KeyMetadata"]["Description"] == "new"
    assert kms.get_key_rotation_status(KeyId=before)["KeyRotationEnabled"] is False
    assert '"changed"' in kms.get_key_policy(KeyId=before, PolicyName="default")["Policy"]
    assert kms.decrypt(CiphertextBlob=kept)["Plaintext"] == b"secret"


def test_what_was_not_encrypted_is_after_an_update(stacks: Stacks) -> None:
    def template(**function_properties: Any) -> dict[str, Any]:
        code = "def handler(event, context): pass"
        logs = {"KmsKeyId": ARN} if function_properties else {}
        return {
            "Resources": {
                "Key": key(),
                "Role": role("lambda"),
                "Function": function(code, **function_properties),
                "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": logs},
            }
        }

    stack = stacks.deploy(template())
    stacks.deploy(template(KmsKeyArn=ARN, TracingConfig={"Mode": "Active"}), stack)
    ids = stacks.resources(stack)
    arn = f"arn:aws:kms:us-east-1:123456789012:key/{ids['Key']}"
    configuration = stacks.client("lambda").get_function_configuration(FunctionName=ids["Function"])
    assert (configuration["KMSKeyArn"], configuration["TracingConfig"]) == (arn, {"Mode": "Active"})
    (group,) = stacks.client("logs").describe_log_groups(logGroupNamePrefix=ids["Logs"])["logGroups"]
    assert group["kmsKeyId"] == arn


def test_a_deleted_key_waits_for_its_end_as_long_as_the_template_says(stacks: Stacks) -> None:
    stack = stacks.deploy({"Resources": {"Key": key(PendingWindowInDays=9)}})
    made = stacks.resources(stack)["Key"]
    stacks.client("cloudformation").delete_stack(StackName=stack)
    described = stacks.client("kms").describe_key(KeyId=made)["KeyMetadata"]
    assert described["KeyState"] == "PendingDeletion"
    assert 8 <= (described["DeletionDate"] - described["CreationDate"]).days <= 9


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        pytest.param(key(EnableRotation=True), "CreateKey has no property EnableRotation", id="key"),
        pytest.param(
            {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "data", "TargetKeyId": "x"}},
            "Invalid identifier",
            id="alias",
        ),
        pytest.param(
            {"Type": "AWS::SQS::Queue", "Properties": {"KmsMasterKey": "x"}},
            "AWS::SQS::Queue has no property KmsMasterKey; it has .*KmsMasterKeyId",
            id="queue",
        ),
        pytest.param(
            {"Type": "AWS::SNS::Topic", "Properties": {"KmsKeyId": "x"}},
            "AWS::SNS::Topic has no property KmsKeyId; it has .*KmsMasterKeyId",
            id="topic",
        ),
        pytest.param(
            {"Type": "AWS::Logs::LogGroup", "Properties": {"KmsKeyArn": "x"}},
            "CreateLogGroup has no property KmsKeyArn",
            id="log-group",
        ),
        pytest.param(
            {
                "Type": "AWS::Glue::SecurityConfiguration",
                "Properties": {"EncryptionConfiguration": {"S3Encryptions": [{"Mode": "SSE-KMS"}]}},
            },
            r"EncryptionConfiguration.S3Encryption\[0\] has no property Mode",
            id="security-configuration",
        ),
    ],
)
def test_a_property_that_the_type_does_not_have_is_an_error(
    stacks: Stacks, resource: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeploymentFailed, match=message):
        stacks.deploy({"Resources": {"A": resource}})
