"""A crawl has the rights of its crawler's role."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.glue import crawler
from local_aws.iam import authorizer as iam
from local_aws_harness.keys import make_key
from local_aws_harness.roles import allow
from local_aws_harness.served import Served, serve
from local_aws_harness.waiting import HANG

OBJECT = "arn:aws:s3:::lake/t/snapshot=1/f"
CATALOG = [f"arn:aws:glue:us-east-1:123456789012:{name}" for name in ("catalog", "database/db", "table/db/t")]
RIGHTS = {
    "s3:ListBucket": allow("s3:ListBucket", "arn:aws:s3:::lake", Condition={"StringLike": {"s3:prefix": "t/*"}}),
    "s3:GetObject": allow("s3:GetObject", OBJECT),
    "kms:Decrypt": allow("kms:Decrypt", "*"),
    # By hand, from public scoped-down policies of crawlers: not from the list of the code under test.
    **{
        f"glue:{action}": allow(f"glue:{action}", CATALOG)
        for action in (
            *("GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetTableVersion", "GetTableVersions"),
            *("UpdateTable", "GetPartition", "GetPartitions", "BatchGetPartition", "CreatePartition"),
            *("BatchCreatePartition", "UpdatePartition", "BatchUpdatePartition"),
        )
    },
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("world"), crawler.install, iam.install) as served:
        s3, glue = served.client("s3"), served.client("glue")
        s3.create_bucket(Bucket="lake")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": make_key(served)}
        s3.put_object(Bucket="lake", Key="t/snapshot=1/f", Body=b"x", **encryption)
        glue.create_database(DatabaseInput={"Name": "db"})
        table = {
            "Name": "t",
            "Parameters": {"compressionType": "none"},
            "PartitionKeys": [{"Name": "snapshot", "Type": "bigint"}],
            "StorageDescriptor": {"Location": "s3://lake/t/", "Columns": []},
        }
        glue.create_table(DatabaseName="db", TableInput=table)
        yield served


def crawl(served: Served, name: str, *statements: dict[str, Any], **settings: str) -> dict[str, Any]:
    """The end of a crawl by a new crawler with a role of its own, of a partition that the table does not have."""
    glue = served.client("glue")
    glue.batch_delete_partition(DatabaseName="db", TableName="t", PartitionsToDelete=[{"Values": ["1"]}])
    glue.create_crawler(
        Name=name,
        Role=served.role(name, "glue", *statements),
        Targets={"CatalogTargets": [{"DatabaseName": "db", "Tables": ["t"]}]},
        SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
        **settings,
    )
    glue.start_crawler(Name=name)
    until = time.monotonic() + HANG
    while (reported := glue.get_crawler(Name=name)["Crawler"])["State"] != "READY":
        assert time.monotonic() < until, "the crawl does not end"
        time.sleep(0.02)
    return dict(reported["LastCrawl"])


@pytest.mark.sample(5)
@pytest.mark.parametrize("missing", RIGHTS)
def test_a_crawl_fails_without_any_of_its_rights(served: Served, missing: str) -> None:
    statements = [statement for action, statement in RIGHTS.items() if action != missing]
    reported = crawl(served, f"without-{missing.replace(':', '-')}", *statements)
    assert reported["Status"] == "FAILED"
    assert f"not authorized to perform: {missing} on resource: " in reported["ErrorMessage"]


def test_with_these_rights_it_crawls_and_each_was_used(served: Served) -> None:
    assert crawl(served, "with-all", *RIGHTS.values())["Status"] == "SUCCEEDED"
    used = {use.action for use in iam.used() if use.role.endswith("/with-all")}
    assert used == set(RIGHTS)


def test_a_crawler_with_a_security_configuration_is_made_only_where_its_role_may_read_it(served: Served) -> None:
    served.client("glue").create_security_configuration(
        Name="sealed", EncryptionConfiguration={"S3Encryption": [{"S3EncryptionMode": "SSE-S3"}]}
    )
    using = {"CrawlerSecurityConfiguration": "sealed"}
    with pytest.raises(ClientError, match="not authorized to perform: glue:GetSecurityConfiguration on resource: \\*"):
        crawl(served, "may-not-read-it", *RIGHTS.values(), **using)
    may = allow("glue:GetSecurityConfiguration", "*")
    assert crawl(served, "may-read-it", *RIGHTS.values(), may, **using)["Status"] == "SUCCEEDED"
