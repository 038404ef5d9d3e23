"""What SourceUri and DatasetHandle make of the function's environment and of its role's rights."""

from __future__ import annotations

from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from ingest.sources.registry import SOURCES
from local_aws.cloudformation.conditions import condition_values, refuse_by_rules
from local_aws.cloudformation.templates import NO_VALUE, resolve

DEFAULT = "kaggle://nirmalsankalana/mhealth-dataset-data-set"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:kaggle-AbC123"
PSEUDO = {"Partition": "aws", "Region": "us-east-1", "AccountId": "123456789012", "URLSuffix": "amazonaws.com"}
OF_S3, OF_KAGGLE = ("ListSource", "ReadSource", "DecryptSource"), ("ReadKaggleSecret", "DecryptKaggleSecret")


def resolved(template: dict[str, Any], what: Any, **parameters: str) -> Any:
    """A part of the template, with these parameters and the others' defaults."""
    values = {name: each.get("Default") for name, each in template["Parameters"].items()} | parameters
    values |= {f"AWS::{name}": value for name, value in PSEUDO.items()} | {"AWS::NoValue": NO_VALUE}
    refuse_by_rules(template, values)
    return resolve(what, values.get, condition_values(template, values), template)


def rights(template: dict[str, Any], **parameters: str) -> dict[str, dict[str, Any]]:
    """The statements of the function's role that depend on the source."""
    (policy,) = template["Resources"]["DownloadRole"]["Properties"]["Policies"]
    own = [each for each in policy["PolicyDocument"]["Statement"] if "Fn::If" in each]
    return {one["Sid"]: one for one in resolved(template, own, **parameters)}


@pytest.mark.notices("cloudformation/template.yaml", "!Not [!Condition SourceIsS3]", "!Not [!Equals [a, b]]")
@pytest.mark.notices("cloudformation/template.yaml", "- ${Prefix}/", "- ${Prefix}")
@pytest.mark.parametrize(
    ("uri", "bucket", "prefix"),
    [
        ("s3://my.bucket-1/a", "my.bucket-1", "a"),
        ("s3://bucket/a/b", "bucket", "a/b"),
        ("s3://bucket/a/b/c/d/e/f/g", "bucket", "a/b/c/d/e/f/g"),
        ("s3://bucket/a/b/c/d/e/f/g/h=1", "bucket", "a/b/c/d/e/f/g/h=1"),
    ],
)
def test_with_s3_the_role_may_list_and_read_the_prefix_and_no_token(
    template: dict[str, Any], uri: str, bucket: str, prefix: str
) -> None:
    found = rights(template, SourceUri=uri, KaggleSecretArn=SECRET)
    assert tuple(found) == OF_S3
    listing, reading, key = found.values()
    assert (listing["Action"], listing["Resource"]) == ("s3:ListBucket", f"arn:aws:s3:::{bucket}")
    assert listing["Condition"] == {"StringEquals": {"s3:prefix": f"{prefix}/"}}
    assert (reading["Action"], reading["Resource"]) == ("s3:GetObject", f"arn:aws:s3:::{bucket}/{prefix}/*")
    assert key["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
        "StringLike": {
            "kms:EncryptionContext:aws:s3:arn": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/{prefix}/*"]
        },
    }


def test_with_kaggle_the_role_has_no_right_on_a_source_and_its_token_only_where_there_is_one(
    template: dict[str, Any],
) -> None:
    assert rights(template) == {}
    assert tuple(rights(template, KaggleSecretArn=SECRET)) == OF_KAGGLE
    assert tuple(rights(template, DatasetHandle="a/b", KaggleSecretArn=SECRET)) == OF_KAGGLE


@pytest.mark.notices("cloudformation/template.yaml", "!If [HasDatasetHandle, !Sub", "!If [SourceIsS3, !Sub")
@pytest.mark.parametrize(
    ("parameters", "uri"),
    [
        ({}, DEFAULT),
        ({"SourceUri": "s3://bucket/a"}, "s3://bucket/a"),
        ({"DatasetHandle": "a/b/versions/3"}, "kaggle://a/b/versions/3"),
        ({"DatasetHandle": "", "SourceUri": "kaggle://c/d"}, "kaggle://c/d"),
    ],
)
def test_the_function_is_told_one_source(template: dict[str, Any], parameters: dict[str, str], uri: str) -> None:
    variables = template["Resources"]["DownloadFunction"]["Properties"]["Environment"]["Variables"]
    assert resolved(template, variables["SOURCE_URI"], **parameters) == uri


def test_both_names_of_the_source_at_once_are_refused(template: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r'Rule OneSource: .*SourceUri=URI DatasetHandle=""'):
        resolved(template, "", SourceUri="s3://bucket/a", DatasetHandle="a/b")


def test_the_parameter_takes_every_source_that_there_is(template: dict[str, Any]) -> None:
    pattern = template["Parameters"]["SourceUri"]["AllowedPattern"]
    assert {scheme for scheme in SOURCES if f"{scheme}://" in pattern} == set(SOURCES)
