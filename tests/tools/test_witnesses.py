"""The witnesses notice what AWS would refuse, and have nothing to say against the project."""

from __future__ import annotations

from types import ModuleType

import pytest

from tools.checks.project import DEFINITION, TEMPLATE, Project
from tools.checks.witnesses import actions, documented, errors
from tools.checks.witnesses.arns import can_name

PROJECT = Project.read()


def broken(file: str, old: str, new: str) -> Project:
    text = PROJECT.files[file]
    assert old in text
    return Project({**PROJECT.files, file: text.replace(old, new, 1)})


def without_action(role: str, action: str) -> Project:
    """The project whose role lacks an action that stands on a line of its own."""
    text = PROJECT.files[TEMPLATE]
    start = text.index(f"\n  {role}:\n")
    line = f"                  - {action}\n"
    assert line in text[start:]
    return Project({**PROJECT.files, TEMPLATE: text[:start] + text[start:].replace(line, "", 1)})


@pytest.mark.parametrize("witness", [actions, documented, errors], ids=lambda witness: witness.__name__)
def test_a_witness_has_nothing_to_say_against_the_project(witness: ModuleType) -> None:
    assert list(witness.problems(PROJECT)) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("- glue:BatchCreatePartition", "- glue:BatchCreatePartitions", "the action is not in the reference"),
        (
            "Action: secretsmanager:GetSecretValue",
            "Action: secretsmanager:GetSecret",
            "the action is not in the reference",
        ),
        (
            "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:catalog\n",
            "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:catalogue\n",
            "catalogue: expected",
        ),
        ("Resource: !Sub ${DataBucket.Arn}/raw/*", "Resource: !GetAtt DataBucket.Arn", "expected"),
        ('"cloudwatch:namespace": !FindInMap', '"cloudwatch:namespaces": !FindInMap', "the condition"),
        ("kms:EncryptionContext:SecretARN: !Ref", "kms:EncryptedContext:SecretARN: !Ref", "the condition"),
    ],
    ids=[
        "an action that does not exist",
        "another service's action that does not exist",
        "a resource of no type",
        "a bucket where objects are meant",
        "a condition key of another name",
        "an encryption context of another name",
    ],
)
def test_rights_that_allow_nothing_are_noticed(old: str, new: str, said: str) -> None:
    assert said in " ".join(actions.problems(broken(TEMPLATE, old, new)))


@pytest.mark.parametrize(
    "action", ["glue:UpdateTable", "glue:GetTableVersion", "glue:BatchGetPartition", "glue:BatchUpdatePartition"]
)
def test_a_right_of_the_documented_policy_that_the_crawler_lacks_is_noticed(action: str) -> None:
    assert f"CrawlerRole does not allow {action}" in " ".join(
        documented.problems(without_action("CrawlerRole", action))
    )


def test_a_list_of_rights_that_the_managed_policy_does_not_confirm_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = documented.Documented(
        "invent", ("CrawlerRole",), ("glue:InventTable",), "a dream", "AWSXRayDaemonWriteAccess"
    )
    monkeypatch.setattr(documented, "DOCUMENTED", (wrong,))
    assert "AWSXRayDaemonWriteAccess does not have glue:InventTable" in " ".join(documented.problems(PROJECT))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Glue.AWSGlueException"', '"Glue.GlueException"'),
        ('"Glue.ConcurrentRunsExceededException"', '"Glue.ConcurrentRunException"'),
        ('"S3.S3Exception"', '"S3.AmazonS3Exception"'),
        ('"CloudWatch.CloudWatchException"', '"Cloudwatch.CloudwatchException"'),
        ('"Lambda.TooManyRequestsException"', '"Lambda.ThrottlingException"'),
    ],
)
def test_an_error_name_that_no_model_has_is_noticed(old: str, new: str) -> None:
    assert new.strip('"') in " ".join(errors.problems(broken(DEFINITION, old, new)))


@pytest.mark.parametrize(
    ("pattern", "form", "expected"),
    [
        ("arn:aws:s3:::b/raw/*", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", True),
        ("arn:aws:s3:::b", "arn:${Partition}:s3:::${BucketName}/${ObjectName}", False),
        ("arn:aws:s3:::b/raw/*", "arn:${Partition}:s3:::${BucketName}", False),
        ("*", "arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}", True),
        (
            "arn:aws:logs:r:1:log-group:/aws-glue/*",
            "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}",
            True,
        ),
        ("arn:aws:glue:r:1:job/x", "arn:${Partition}:glue:${Region}:${Account}:crawler/${CrawlerName}", False),
    ],
)
def test_a_pattern_is_held_against_a_documented_form(pattern: str, form: str, expected: bool) -> None:
    assert can_name(pattern, form) is expected
