"""A query has the rights of the one who asks, on the catalog and on S3."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.local_aws.athena_client import Athena, QueryFailed, running

QUERY = "SELECT count(*) FROM current"
REPLACE = "CREATE OR REPLACE VIEW current AS SELECT id, x FROM readings WHERE snapshot = 2"


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    with running(tmp_path_factory.mktemp("athena")) as athena:
        athena.make_readings()
        yield athena


def as_role(athena: Athena, *denied: str) -> Athena:
    """The same Athena for a role that may do everything but what is named."""
    iam, sts = athena._client("iam"), athena._client("sts")
    name = f"role-{len(iam.list_roles()['Roles'])}"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": action, "Resource": "*"} for action in denied]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document)
    granted = sts.assume_role(RoleArn=arn, RoleSessionName="asking")["Credentials"]
    other: Athena = object.__new__(Athena)
    for one in dataclasses.fields(Athena):
        setattr(other, one.name, getattr(athena, one.name))
    other.client = boto3.client(
        "athena",
        endpoint_url=athena.endpoint,
        region_name="us-east-1",
        aws_access_key_id=granted["AccessKeyId"],
        aws_secret_access_key=granted["SecretAccessKey"],
        aws_session_token=granted["SessionToken"],
    )
    return other


@pytest.mark.parametrize("action", ["glue:GetTable", "glue:GetPartitions", "s3:GetObject", "s3:PutObject"])
def test_a_query_needs_its_callers_right(athena: Athena, action: str) -> None:
    with pytest.raises(QueryFailed, match=f"not authorized to perform: {action} on resource: arn:"):
        as_role(athena, action).query("SELECT avg(x) FROM current")


def test_moving_a_view_needs_the_right_to_update_it(athena: Athena) -> None:
    with pytest.raises(QueryFailed, match="not authorized to perform: glue:UpdateTable"):
        as_role(athena, "glue:UpdateTable").execute(REPLACE)


def test_with_all_rights_the_query_runs(athena: Athena) -> None:
    assert as_role(athena).query(QUERY) == athena.query(QUERY)
