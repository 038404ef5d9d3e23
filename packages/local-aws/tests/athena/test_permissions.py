"""A query has the rights of the one who asks, on the catalog and on S3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local_aws_harness.athena_client import Athena, QueryFailed, as_role, running

QUERY = "SELECT count(*) FROM current"
REPLACE = "CREATE OR REPLACE VIEW current AS SELECT id, x FROM readings WHERE snapshot = 2"


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Athena]:
    with running(tmp_path_factory.mktemp("athena")) as athena:
        athena.make_readings()
        yield athena


@pytest.mark.parametrize(
    "action", ["glue:GetTable", "glue:GetPartitions", "s3:GetObject", "s3:PutObject", "s3:ListBucket"]
)
def test_a_query_needs_its_callers_right(athena: Athena, action: str) -> None:
    with pytest.raises(QueryFailed, match=f"not authorized to perform: {action} on resource: arn:"):
        as_role(athena, action).query("SELECT avg(x) FROM current")


def test_moving_a_view_needs_the_right_to_update_it(athena: Athena) -> None:
    with pytest.raises(QueryFailed, match="not authorized to perform: glue:UpdateTable"):
        as_role(athena, "glue:UpdateTable").execute(REPLACE)


@pytest.mark.notices(
    "packages/local-aws/src/local_aws/athena/parquet_files.py", "statement.catalog.caller.may_write(uri)", "pass"
)
@pytest.mark.parametrize(
    "sql",
    [
        "UNLOAD (SELECT n FROM current) TO 's3://{bucket}/private/{kind}/' WITH (format = 'PARQUET')",
        "CREATE TABLE made WITH (external_location = 's3://{bucket}/private/{kind}/') AS SELECT n FROM current",
    ],
    ids=["unload", "create table as"],
)
def test_files_are_written_with_the_callers_right(athena: Athena, sql: str, request: pytest.FixtureRequest) -> None:
    asked = sql.format(bucket=athena.bucket, kind=request.node.callspec.id.replace(" ", "-"))
    with pytest.raises(QueryFailed, match=r"not authorized to perform: s3:PutObject on resource: arn:.*/private/"):
        as_role(athena, "s3:PutObject", on=f"arn:aws:s3:::{athena.bucket}/private/*").execute(asked)
    assert "Contents" not in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="private/")
    with pytest.raises(QueryFailed, match="not authorized to perform: s3:GetObject"):
        as_role(athena, "s3:GetObject").execute(asked)
    assert "made" not in athena.statement("SHOW TABLES")


def test_a_table_is_made_with_the_callers_right(athena: Athena) -> None:
    with pytest.raises(QueryFailed, match="not authorized to perform: glue:CreateTable"):
        as_role(athena, "glue:CreateTable").execute("CREATE TABLE made AS SELECT n FROM current")
    with pytest.raises(QueryFailed, match="not authorized to perform: glue:UpdateTable"):
        as_role(athena, "glue:UpdateTable").execute("ALTER TABLE readings ADD COLUMNS (made int)")
    with pytest.raises(QueryFailed, match="not authorized to perform: glue:GetPartitions"):
        as_role(athena, "glue:GetPartitions").query('SELECT * FROM "readings$partitions"')
    assert len(as_role(athena).query('SELECT * FROM "readings$partitions"')) == 3


def test_with_all_rights_the_query_runs(athena: Athena) -> None:
    assert as_role(athena).query(QUERY) == athena.query(QUERY)


def test_a_place_for_results_must_be_found(athena: Athena) -> None:
    with pytest.raises(ClientError, match=r"Unable to verify/create output bucket .*s3:GetBucketLocation"):
        as_role(athena, "s3:GetBucketLocation").query(QUERY)


def test_whoever_fetches_a_result_reads_it_from_s3(athena: Athena) -> None:
    execution = athena.execute(QUERY)["QueryExecutionId"]
    with pytest.raises(ClientError, match=r"Access denied when reading the results: .*s3:GetObject"):
        as_role(athena, "s3:GetObject").rows(execution)
    assert as_role(athena).rows(execution) == athena.rows(execution)


def test_results_with_a_key_of_their_own_need_it(athena: Athena) -> None:
    key = athena._client("kms").create_key()["KeyMetadata"]["Arn"]
    encryption = {"EncryptionOption": "SSE_KMS", "KmsKey": key}
    sealed = {"OutputLocation": f"s3://{athena.bucket}/sealed/", "EncryptionConfiguration": encryption}
    with pytest.raises(QueryFailed, match=f"not authorized to perform: kms:GenerateDataKey on resource: {key}"):
        as_role(athena, "kms:GenerateDataKey").execute(QUERY, ResultConfiguration=sealed)
    execution = as_role(athena).execute(QUERY, ResultConfiguration=sealed)["QueryExecutionId"]
    assert athena.s3.head_object(Bucket=athena.bucket, Key=f"sealed/{execution}.csv")["SSEKMSKeyId"] == key
    with pytest.raises(ClientError, match="kms:Decrypt"):
        as_role(athena, "kms:Decrypt").rows(execution)
    assert as_role(athena).rows(execution) == athena.rows(execution)
