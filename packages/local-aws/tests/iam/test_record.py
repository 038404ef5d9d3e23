"""What roles used and were refused is kept, and can be judged again by other policies."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.iam import authorizer as iam
from local_aws.iam.record import Use
from local_aws.s3 import buckets
from local_aws_harness.keys import make_key
from local_aws_harness.roles import allow, deny
from local_aws_harness.served import Served, document, serve

READ = allow("s3:GetObject", "arn:aws:s3:::data/*")
LIST = allow("s3:ListBucket", "arn:aws:s3:::data", Condition={"StringLike": {"s3:prefix": "raw/*"}})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("world"), buckets.install, iam.install) as served:
        s3 = served.client("s3")
        s3.create_bucket(Bucket="data")
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": make_key(served)}
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": rules})
        s3.put_object(Bucket="data", Key="raw/f", Body=b"x")
        yield served


def uses(served: Served, name: str, *statements: dict[str, Any]) -> tuple[str, Any]:
    """A role's ARN and an S3 client that calls with it."""
    arn = served.role(name, "glue", *statements)
    return arn, served.client("s3", served.world.role_credentials(arn, "a-session"))


def of(role: str) -> dict[str, Use]:
    return {use.action: use for use in iam.used() if use.role == role}


def would(use: Use, *statements: dict[str, Any], **others: Any) -> bool:
    return iam.would_allow([json.dumps(document(*statements))], use, **others)


def test_each_recorded_request_can_be_judged_with_one_statement_less(served: Served) -> None:
    decrypt = allow("kms:Decrypt", "*", Condition={"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}})
    role, s3 = uses(served, "complete", READ, LIST, decrypt)
    s3.get_object(Bucket="data", Key="raw/f")
    s3.list_objects_v2(Bucket="data", Prefix="raw/")
    used = of(role)
    assert set(used) == {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}
    assert all(would(use, READ, LIST, decrypt) for use in used.values())
    denied = {action for action, use in used.items() if not would(use, READ, LIST)}
    assert denied == {"kms:Decrypt"}
    assert {action for action, use in used.items() if not would(use, decrypt, LIST)} == {"s3:GetObject"}
    assert {action for action, use in used.items() if not would(use, decrypt, READ)} == {"s3:ListBucket"}


def test_a_request_keeps_the_keys_of_its_conditions(served: Served) -> None:
    role, s3 = uses(served, "listing", LIST)
    s3.list_objects_v2(Bucket="data", Prefix="raw/a")
    context = dict(of(role)["s3:ListBucket"].context)
    assert context["s3:prefix"] == "raw/a"
    assert context["aws:principalarn"] == role
    elsewhere = {**LIST, "Condition": {"StringLike": {"s3:prefix": "stage/*"}}}
    assert not would(of(role)["s3:ListBucket"], elsewhere)


def test_a_keys_policy_counts_as_it_was_unless_another_is_given(served: Served) -> None:
    role, s3 = uses(served, "reader", READ, allow("kms:*", "*"))
    s3.get_object(Bucket="data", Key="raw/f")
    use = of(role)["kms:Decrypt"]
    assert would(use, allow("kms:Decrypt", "*"))
    nobody = {**deny("kms:Decrypt", "*"), "Principal": {"AWS": "*"}}
    assert not would(use, allow("kms:Decrypt", "*"), resource_policy=json.dumps(document(nobody)))
    named = {**allow("kms:Decrypt", "*"), "Principal": {"AWS": role}}
    assert would(use, resource_policy=json.dumps(document(named)))  # by itself, without a policy of the role


def test_a_refusal_is_kept_with_its_reason_and_is_no_use(served: Served) -> None:
    role, s3 = uses(served, "without-key", READ)
    with pytest.raises(s3.exceptions.ClientError):
        s3.get_object(Bucket="data", Key="raw/f")
    (refusal,) = [(use.action, reason) for use, reason in iam.refused().items() if use.role == role]
    assert refusal == ("kms:Decrypt", "because no identity-based policy allows the kms:Decrypt action")
    assert set(of(role)) == {"s3:GetObject"}


def test_what_is_not_known_here_is_kept_as_refused(served: Served) -> None:
    role = served.role("curious", "glue", allow("*", "*"))
    events = served.client("events", served.world.role_credentials(role, "xx"))
    with pytest.raises(events.exceptions.ClientError):
        events.list_rules()
    ((action, reason),) = [(use.action, reason) for use, reason in iam.refused().items() if use.role == role]
    assert action == "events:ListRules"
    assert "does not know what this needs" in reason
