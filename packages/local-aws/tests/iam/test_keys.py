"""A role needs the key of what is encrypted with one of the customer's, by its own policies and by the key's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.iam import authorizer as iam
from local_aws.iam.keys import policy_lets_service
from local_aws.logs import log_groups
from local_aws.s3 import buckets
from local_aws_harness.keys import ACCOUNT_DECIDES, lets_service, make_key
from local_aws_harness.roles import allow, client, denied
from local_aws_harness.served import Served, document, serve

DATA = "data-bucket"
OBJECTS = f"arn:aws:s3:::{DATA}/*"
ROLES_OBJECTS = allow(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"], OBJECTS)
THROUGH_S3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com", "kms:CallerAccount": "123456789012"}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("world"), buckets.install, log_groups.install, iam.install) as served:
        yield served


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return make_key(served, ACCOUNT_DECIDES)


@pytest.fixture(scope="module")
def bucket(served: Served, key: str) -> Any:
    """An administrator's client, for a bucket whose objects are encrypted with the key."""
    s3 = served.client("s3")
    s3.create_bucket(Bucket=DATA)
    encrypt(s3, DATA, key, bucket_key=True)
    s3.put_bucket_versioning(Bucket=DATA, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=DATA, Key="kept", Body=b"x")
    return s3


def encrypt(s3: Any, bucket: str, key: str, *, bucket_key: bool) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


# S3


def test_reading_an_encrypted_object_needs_to_decrypt(served: Served, bucket: Any, key: str) -> None:
    bucket.put_object(Bucket=DATA, Key="read", Body=b"x")
    s3 = client(served, "s3", ROLES_OBJECTS)
    reported = denied(lambda: s3.get_object(Bucket=DATA, Key="read"))
    assert reported.endswith(
        f"/a-session is not authorized to perform: kms:Decrypt on resource: {key} "
        "because no identity-based policy allows the kms:Decrypt action"
    )
    s3.head_object(Bucket=DATA, Key="read")  # its metadata are not encrypted
    (version,) = bucket.list_object_versions(Bucket=DATA, Prefix="read")["Versions"]
    assert "kms:Decrypt" in denied(lambda: s3.get_object(Bucket=DATA, Key="read", VersionId=version["VersionId"]))
    allowed = client(served, "s3", ROLES_OBJECTS, allow("kms:Decrypt", key, Condition=THROUGH_S3))
    assert allowed.get_object(Bucket=DATA, Key="read")["Body"].read() == b"x"
    allowed.get_object(Bucket=DATA, Key="read", VersionId=version["VersionId"])


def test_writing_into_an_encrypted_bucket_needs_a_data_key(served: Served, bucket: Any, key: str) -> None:
    reader = client(served, "s3", ROLES_OBJECTS, allow("kms:Decrypt", key))
    reported = denied(lambda: reader.put_object(Bucket=DATA, Key="new", Body=b"x"))
    assert f"not authorized to perform: kms:GenerateDataKey on resource: {key} " in reported
    assert "new" not in {one["Key"] for one in bucket.list_objects_v2(Bucket=DATA)["Contents"]}
    client(served, "s3", ROLES_OBJECTS, allow("kms:GenerateDataKey", key)).put_object(Bucket=DATA, Key="new", Body=b"x")


@pytest.mark.parametrize("target", ["copy", "kept"], ids=["elsewhere", "onto-itself"])
def test_a_copy_decrypts_its_source_and_encrypts_its_target(served: Served, bucket: Any, key: str, target: str) -> None:
    def copy(*actions: str) -> None:
        s3 = client(served, "s3", ROLES_OBJECTS, allow(list(actions), key))
        s3.copy_object(Bucket=DATA, Key=target, CopySource={"Bucket": DATA, "Key": "kept"})

    assert "kms:Decrypt on" in denied(lambda: copy("kms:GenerateDataKey"))
    assert "kms:GenerateDataKey on" in denied(lambda: copy("kms:Decrypt"))
    copy("kms:Decrypt", "kms:GenerateDataKey")
    assert bucket.head_object(Bucket=DATA, Key=target)["SSEKMSKeyId"] == key


def test_an_upload_in_parts_needs_a_data_key_and_then_to_decrypt(served: Served, bucket: Any, key: str) -> None:
    def begin(s3: Any) -> Any:
        return s3.create_multipart_upload(Bucket=DATA, Key="large")["UploadId"]

    def send(s3: Any, upload: str) -> Any:
        return s3.upload_part(Bucket=DATA, Key="large", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]

    only_new = client(served, "s3", ROLES_OBJECTS, allow("kms:GenerateDataKey", key))
    assert "kms:GenerateDataKey" in denied(lambda: begin(client(served, "s3", ROLES_OBJECTS)))
    assert "kms:Decrypt" in denied(lambda: send(only_new, begin(only_new)))
    both = client(served, "s3", ROLES_OBJECTS, allow(["kms:GenerateDataKey", "kms:Decrypt"], key))
    upload = begin(both)
    parts = {"Parts": [{"PartNumber": 1, "ETag": send(both, upload)}]}
    both.complete_multipart_upload(Bucket=DATA, Key="large", UploadId=upload, MultipartUpload=parts)


@pytest.mark.parametrize(
    ("bucket_key", "context"),
    [(True, "arn:aws:s3:::context-bucket"), (False, "arn:aws:s3:::context-bucket/o")],
    ids=["bucket-key", "object-key"],
)
def test_the_encryption_context_is_the_buckets_or_the_objects(served: Served, bucket_key: bool, context: str) -> None:
    s3, key = served.client("s3"), make_key(served)
    s3.create_bucket(Bucket="context-bucket")
    encrypt(s3, "context-bucket", key, bucket_key=bucket_key)

    def put(arn: str) -> None:
        condition = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": arn}}
        write = allow("s3:PutObject", "arn:aws:s3:::context-bucket/*")
        role = client(served, "s3", write, allow("kms:GenerateDataKey", key, Condition=condition))
        role.put_object(Bucket="context-bucket", Key="o", Body=b"x")

    put(context)
    denied(lambda: put("arn:aws:s3:::other"))
    s3.delete_object(Bucket="context-bucket", Key="o")
    s3.delete_bucket(Bucket="context-bucket")


def test_a_header_may_name_another_key(served: Served, bucket: Any, key: str) -> None:
    other = make_key(served)
    s3 = client(served, "s3", ROLES_OBJECTS, allow("kms:GenerateDataKey", key))
    reported = denied(
        lambda: s3.put_object(Bucket=DATA, Key="o", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=other)
    )
    assert other in reported
    s3.put_object(Bucket=DATA, Key="o", Body=b"x", ServerSideEncryption="AES256")


def test_what_has_no_key_of_the_customer_needs_none(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="plain")
    role = client(served, "s3", allow(["s3:PutObject", "s3:GetObject"], "arn:aws:s3:::plain/*"))
    role.put_object(Bucket="plain", Key="o", Body=b"x")
    encrypt(s3, "plain", "alias/aws/s3", bucket_key=True)
    role.put_object(Bucket="plain", Key="o", Body=b"x")
    role.get_object(Bucket="plain", Key="o")


# The key's policy


def test_without_the_keys_policy_a_roles_policies_count_for_nothing(served: Served, bucket: Any, key: str) -> None:
    hers = make_key(served, {**ACCOUNT_DECIDES, "Principal": {"AWS": "arn:aws:iam::123456789012:role/other"}})
    encrypt(served.client("s3"), DATA, hers, bucket_key=True)
    try:
        s3 = client(served, "s3", ROLES_OBJECTS, allow("kms:*", "*"))
        assert "because no resource-based policy allows the kms:GenerateDataKey action" in denied(
            lambda: s3.put_object(Bucket=DATA, Key="o", Body=b"x")
        )
        other = served.role("other", "glue", ROLES_OBJECTS)  # the key's policy is enough
        named = served.client("s3", served.world.role_credentials(other, "xx"))
        named.put_object(Bucket=DATA, Key="o", Body=b"x")
    finally:
        encrypt(served.client("s3"), DATA, key, bucket_key=True)


def test_a_deny_of_the_keys_policy_wins(served: Served) -> None:
    closed = {**ACCOUNT_DECIDES, "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt"}
    key = make_key(served, ACCOUNT_DECIDES, closed)
    kms = client(served, "kms", allow("kms:*", key))
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert "explicit deny in a resource-based policy" in denied(lambda: kms.decrypt(KeyId=key, CiphertextBlob=sealed))


def test_a_key_can_be_named_by_an_alias(served: Served) -> None:
    key, s3 = make_key(served), served.client("s3")
    served.client("kms").create_alias(AliasName="alias/mine", TargetKeyId=key)
    s3.create_bucket(Bucket="by-alias")
    encrypt(s3, "by-alias", "alias/mine", bucket_key=True)
    write = allow("s3:PutObject", "arn:aws:s3:::by-alias/*")
    denied(lambda: client(served, "s3", write).put_object(Bucket="by-alias", Key="o"))
    client(served, "s3", write, allow("kms:GenerateDataKey", key)).put_object(Bucket="by-alias", Key="o")


# Other services


def test_publishing_to_an_encrypted_topic_needs_both(served: Served, key: str) -> None:
    topic = served.client("sns").create_topic(Name="sealed", Attributes={"KmsMasterKeyId": key})["TopicArn"]

    def publish(*actions: str) -> None:
        via = {"StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"}}
        keys = [allow(list(actions), key, Condition=via)] if actions else []
        client(served, "sns", allow("sns:Publish", topic), *keys).publish(TopicArn=topic, Message="m")

    assert "kms:GenerateDataKey" in denied(publish, "KMSAccessDenied")
    assert "kms:Decrypt" in denied(lambda: publish("kms:GenerateDataKey"), "KMSAccessDenied")
    publish("kms:GenerateDataKey", "kms:Decrypt")


def test_sending_to_an_encrypted_queue_needs_both_and_receiving_one(served: Served, key: str) -> None:
    url = served.client("sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    may = allow(["sqs:SendMessage", "sqs:ReceiveMessage"], "arn:aws:sqs:us-east-1:123456789012:sealed")
    without = client(served, "sqs", may)
    assert "kms:GenerateDataKey" in denied(
        lambda: without.send_message(QueueUrl=url, MessageBody="m"), "KmsAccessDenied"
    )
    assert "kms:Decrypt" in denied(lambda: without.receive_message(QueueUrl=url), "KmsAccessDenied")
    sender = client(served, "sqs", may, allow(["kms:GenerateDataKey", "kms:Decrypt"], key))
    sender.send_message(QueueUrl=url, MessageBody="m")
    receiver = client(served, "sqs", may, allow("kms:Decrypt", key))
    assert receiver.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "m"


@pytest.mark.parametrize("by", ["Name", "ARN"])
def test_a_secret_needs_its_own_permission_and_its_key(served: Served, key: str, by: str) -> None:
    secrets = served.client("secretsmanager")
    made = secrets.create_secret(Name=f"token-{by}", SecretString="s3cret", KmsKeyId=key)
    named = made[by]
    may = allow("secretsmanager:GetSecretValue", made["ARN"])

    def read(*statements: dict[str, Any]) -> Any:
        return client(served, "secretsmanager", *statements).get_secret_value(SecretId=named)["SecretString"]

    assert f"secretsmanager:GetSecretValue on resource: {made['ARN']} " in denied(read)
    assert denied(lambda: read(may)) == "Access to KMS is not allowed"
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
    assert read(may, allow("kms:Decrypt", key, Condition=via)) == "s3cret"


def test_a_secret_with_aws_own_key_needs_no_more(served: Served) -> None:
    made = served.client("secretsmanager").create_secret(Name="plain", SecretString="s")
    may = allow("secretsmanager:GetSecretValue", made["ARN"])
    assert client(served, "secretsmanager", may).get_secret_value(SecretId="plain")["SecretString"] == "s"


# Services that use a key for themselves

LOGS = ("kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*")


def of_group(pattern: str) -> dict[str, Any]:
    return {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:123456789012:{pattern}"}}


@pytest.mark.parametrize(
    ("statements", "made"),
    [
        pytest.param([], False, id="account-only"),
        pytest.param([lets_service("logs.us-east-1", *LOGS)], True, id="service"),
        pytest.param([lets_service("logs.us-east-1", *LOGS, **of_group("*"))], True, id="any-group"),
        pytest.param([lets_service("logs.us-east-1", *LOGS, **of_group("log-group:/mine/*"))], True, id="this-group"),
        pytest.param(
            [lets_service("logs.us-east-1", *LOGS, **of_group("log-group:/yours/*"))], False, id="another-group"
        ),
        pytest.param([lets_service("logs.us-east-1", *LOGS[:3])], False, id="not-all-actions"),
        pytest.param([lets_service("logs.eu-west-1", *LOGS)], False, id="another-region"),
    ],
)
def test_a_log_group_takes_only_a_key_that_logs_may_use(
    served: Served, statements: list[dict[str, Any]], made: bool
) -> None:
    logs, key = served.client("logs"), make_key(served, ACCOUNT_DECIDES, *statements)
    logs.create_log_group(logGroupName="/mine/later")
    try:
        if made:
            logs.create_log_group(logGroupName="/mine/group", kmsKeyId=key)
            logs.associate_kms_key(logGroupName="/mine/later", kmsKeyId=key)
            assert [one["kmsKeyId"] for one in logs.describe_log_groups()["logGroups"]] == [key, key]
            logs.delete_log_group(logGroupName="/mine/group")
            return
        words = "The specified KMS key does not exist or is not allowed to be used with LogGroup "
        with pytest.raises(logs.exceptions.InvalidParameterException) as refused:
            logs.create_log_group(logGroupName="/mine/group", kmsKeyId=key)
        assert refused.value.response["Error"]["Message"] == (
            words + "'arn:aws:logs:us-east-1:123456789012:log-group:/mine/group'"
        )
        with pytest.raises(ClientError, match=words):
            logs.associate_kms_key(logGroupName="/mine/later", kmsKeyId=key)
    finally:
        logs.delete_log_group(logGroupName="/mine/later")


def test_a_keys_policy_tells_which_service_may_use_it() -> None:
    to_cloudwatch = lets_service("cloudwatch", "kms:Decrypt", "kms:GenerateDataKey*")
    only_ours = {"StringEquals": {"aws:SourceAccount": "123456789012"}}

    def lets(*statements: dict[str, Any], **context: str) -> bool:
        policy = json.dumps(document(ACCOUNT_DECIDES, *statements))
        keys = {f"aws:{name}": value for name, value in context.items()}
        return policy_lets_service(policy, "cloudwatch.amazonaws.com", ("kms:Decrypt", "kms:GenerateDataKey"), keys)

    assert lets(to_cloudwatch)
    assert not lets()
    assert not lets(lets_service("cloudwatch", "kms:Decrypt"))
    assert not lets(lets_service("sns"))
    assert not lets(to_cloudwatch, {**to_cloudwatch, "Effect": "Deny"})
    assert lets({**to_cloudwatch, "Condition": only_ours}, SourceAccount="123456789012")
    assert not lets({**to_cloudwatch, "Condition": only_ours}, SourceAccount="210987654321")
