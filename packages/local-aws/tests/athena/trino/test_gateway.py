"""What Trino may do: read one catalog and objects, with the rights of the query's caller. Nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from local_aws.athena.permissions import Caller
from local_aws.athena.trino.callers import Callers
from local_aws.athena.trino.gateway import Gateway
from local_aws.athena.trino.glue_answers import for_trino
from local_aws.athena.views import ViewDefinition, view_input
from local_aws.iam import provider as iam
from local_aws_harness.roles import allow, credentials
from local_aws_harness.served import Served, serve

READ = ("glue:GetTable", "glue:GetPartitions", "glue:GetPartition")


class Asking:
    """What asks a gateway as Trino does."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.callers = Callers("us-east-1")
        self.gateway = Gateway(served.world.endpoint, self.callers)
        self._pool = urllib3.PoolManager(retries=False)

    def request(self, method: str, path: str, key: str = "", body: Any = None, **headers: str) -> tuple[int, bytes]:
        signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/s3/aws4_request, x"}
        content = body if body is None or isinstance(body, str) else json.dumps(body)
        answer = self._pool.request(method, self.gateway.address + path, body=content, headers=signed | headers)
        return answer.status, answer.data

    def may(self, user: str, operation: str, /, **resource: Any) -> bool:
        asked = {"context": {"identity": {"user": user}}, "action": {"operation": operation, "resource": resource}}
        return bool(json.loads(self.request("POST", "/allow", body={"input": asked})[1])["result"])


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    with serve(tmp_path_factory.mktemp("gateway"), iam.install) as served:
        s3, glue = served.client("s3"), served.client("glue")
        s3.create_bucket(Bucket="data")
        s3.put_object(Bucket="data", Key="t/a b.csv", Body=b"0123456789")
        glue.create_database(DatabaseInput={"Name": "db"})
        glue.create_table(
            DatabaseName="db", TableInput={"Name": "t", "StorageDescriptor": {"Location": "s3://data/t/"}}
        )
        found = Asking(served)
        yield found
        found.gateway.close()


def user(asking: Asking, *statements: Any) -> str:
    key = credentials(asking.served, *statements)["AWS_ACCESS_KEY_ID"] if statements else "administrator"
    return asking.callers.user(Caller(key, "us-east-1"))


TABLE = {"catalogName": "awsdatacatalog", "schemaName": "db", "tableName": "t"}
BUILTIN = {"catalogName": "system", "schemaName": "builtin", "functionName": "upper"}


@pytest.mark.parametrize(
    ("operation", "resource", "allowed"),
    [
        ("ExecuteQuery", {}, True),
        ("AccessCatalog", {"catalog": {"name": "awsdatacatalog"}}, True),
        ("SelectFromColumns", {"table": TABLE}, True),
        ("SelectFromColumns", {"table": TABLE | {"schemaName": "information_schema", "tableName": "tables"}}, True),
        ("ExecuteFunction", {"function": BUILTIN}, True),
        ("AccessCatalog", {"catalog": {"name": "system"}}, False),
        ("SelectFromColumns", {"table": TABLE | {"catalogName": "system"}}, False),
        ("ExecuteFunction", {"function": BUILTIN | {"catalogName": "awsdatacatalog"}}, False),
        ("ExecuteProcedure", {"function": BUILTIN}, False),
        ("CreateTable", {"table": TABLE}, False),
        ("InsertIntoTable", {"table": TABLE}, False),
        ("SetSystemSessionProperty", {"systemSessionProperty": {"name": "query_max_memory"}}, False),
        ("ReadSystemInformation", {}, False),
        ("ImpersonateUser", {"user": {"user": "x"}}, False),
    ],
)
@pytest.mark.notices(
    "packages/local-aws/src/local_aws/athena/trino/callers.py",
    "if catalog != CATALOG or operation not in (*_ALLOWED, *_OF_TABLE):",
    "if False:",
)
def test_an_administrator_only_reads(asking: Asking, operation: str, resource: Any, allowed: bool) -> None:
    assert asking.may(user(asking), operation, **resource) is allowed


def test_a_role_needs_its_rights_on_the_table(asking: Asking) -> None:
    able, unable = user(asking, allow(list(READ), "*")), user(asking, allow("s3:*", "*"))
    for name in ("t", "t$partitions"):
        assert asking.may(able, "SelectFromColumns", table=TABLE | {"tableName": name})
        assert not asking.may(unable, "SelectFromColumns", table=TABLE | {"tableName": name})
    denied = asking.callers.denial_since(unable, 0)
    assert denied is not None
    assert "is not authorized to perform: glue:GetTable on resource: arn:aws:glue" in denied.message


def test_a_list_is_cut_to_what_the_caller_may_see(asking: Asking) -> None:
    for who, seen in ((user(asking), [0, 1]), (user(asking, allow("s3:*", "*")), [])):
        resources = [{"table": TABLE}, {"table": TABLE | {"tableName": "other"}}]
        action = {"operation": "FilterTables", "filterResources": resources}
        asked = {"context": {"identity": {"user": who}}, "action": action}
        assert json.loads(asking.request("POST", "/batch", body={"input": asked})[1]) == {"result": seen}


def test_every_column_of_a_table_is_seen_or_none(asking: Asking) -> None:
    """Trino asks for one table and takes the places of its columns (its docs, "Open Policy Agent access control")."""
    action = {"operation": "FilterColumns", "filterResources": [{"table": TABLE | {"columns": ["a", "b", "c"]}}]}
    for who, seen in ((user(asking), [0, 1, 2]), (user(asking, allow("s3:*", "*")), [])):
        asked = {"context": {"identity": {"user": who}}, "action": action}
        assert json.loads(asking.request("POST", "/batch", body={"input": asked})[1]) == {"result": seen}


def test_who_is_no_caller_may_nothing(asking: Asking) -> None:
    assert not asking.may("athena-000000000000000000000000", "ExecuteQuery")
    assert asking.request("GET", "/data/t/a%20b.csv", "administrator")[0] == 403
    assert asking.request("POST", "/", body="Action=AssumeRole&RoleSessionName=administrator")[0] == 403
    assert asking.request("POST", "/", "administrator", "{}", **{"X-Amz-Target": "AWSGlue.GetTables"})[0] == 403


def test_keys_of_a_caller_are_its_name(asking: Asking) -> None:
    status, content = asking.request("POST", "/", body=f"Action=AssumeRole&RoleSessionName={user(asking)}")
    assert status == 200
    assert f"<AccessKeyId>{user(asking)}</AccessKeyId>".encode() in content


@pytest.mark.notices(
    "packages/local-aws/src/local_aws/athena/trino/gateway.py", 'caller.may_read(f"s3://{bucket}/{key}")', "pass"
)
def test_objects_are_read_with_the_callers_rights(asking: Asking) -> None:
    assert asking.request("GET", "/data/t/a%20b.csv", user(asking), Range="bytes=2-4") == (206, b"234")
    assert b"<Key>t/a b.csv</Key>" in asking.request("GET", "/data?list-type=2&prefix=t/", user(asking))[1]
    lister = user(asking, allow("s3:ListBucket", "arn:aws:s3:::data"))
    assert asking.request("GET", "/data?list-type=2&prefix=t/", lister)[0] == 200
    status, content = asking.request("GET", "/data/t/a%20b.csv", lister)
    assert (status, b"s3:GetObject on resource: arn:aws:s3:::data/t/a b.csv" in content) == (403, True)
    reader = user(asking, allow("s3:GetObject", "arn:aws:s3:::data/t/*"))
    assert asking.request("GET", "/data/t/a%20b.csv", reader)[0] == 200
    assert asking.request("GET", "/data?list-type=2&prefix=t/", reader)[0] == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
def test_nothing_is_written(asking: Asking, method: str) -> None:
    assert asking.request(method, "/data/t/new.csv", user(asking), "content")[0] == 403
    key = asking.gateway.key
    assert asking.request("POST", "/", key, {}, **{"X-Amz-Target": "AWSGlue.CreateTable"})[0] == 400


def test_a_page_of_a_browser_is_refused(asking: Asking) -> None:
    assert asking.request("GET", "/data/t/a%20b.csv", user(asking), Host="evil.example")[0] == 403
    assert asking.request("GET", "/data/t/a%20b.csv", user(asking), Origin="http://evil.example")[0] == 403


def test_a_view_has_the_rights_of_its_reader() -> None:
    table = view_input("v", ViewDefinition("SELECT 1 AS a", "db", (("a", "integer"),)), ["int"], "somebody")
    _, answer = for_trino("GetTable", {}, 200, {"Table": table})
    from local_aws.athena.stored_views import stored_view

    stored = stored_view(answer["Table"]["ViewOriginalText"])
    assert (stored["runAsInvoker"], stored.get("owner"), stored["originalSql"]) == (True, None, "SELECT 1 AS a")
    assert for_trino("GetTable", {}, 200, {"Table": {"TableType": "VIRTUAL_VIEW", "ViewOriginalText": "x"}})[0] == 200


def test_the_database_default_exists() -> None:
    assert for_trino("GetDatabase", {"Name": "default"}, 400, {})[1] == {"Database": {"Name": "default"}}
    assert for_trino("GetDatabases", {}, 200, {"DatabaseList": [{"Name": "a"}]})[1]["DatabaseList"] == [
        {"Name": "default"},
        {"Name": "a"},
    ]
