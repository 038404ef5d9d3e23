"""Requests with a role's credentials, sent by plain boto3, allowed and denied."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.iam import authorizer as iam
from local_aws.s3 import buckets
from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.machines import BUCKET as MACHINES_BUCKET
from local_aws_harness.machines import Machines, one, task
from local_aws_harness.roles import allow, client, credentials, denied, deny
from local_aws_harness.served import Served, document, serve

DATA = "data-bucket"
BUCKET = f"arn:aws:s3:::{DATA}"
GLUE = "arn:aws:glue:us-east-1:123456789012"


class Roles:
    """Makes roles and clients that call with their credentials."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.s3 = served.client("s3")
        self.s3.create_bucket(Bucket=DATA)
        self.s3.put_object(Bucket=DATA, Key="raw/a=1/f", Body=b"x")
        glue = served.client("glue")
        glue.create_database(DatabaseInput={"Name": "db"})
        glue.create_table(DatabaseName="db", TableInput={"Name": "t", "PartitionKeys": [{"Name": "p", "Type": "int"}]})

    def credentials(self, *statements: Mapping[str, Any]) -> dict[str, str]:
        return credentials(self.served, *statements)

    def client(self, service: str, *statements: Mapping[str, Any]) -> Any:
        return client(self.served, service, *statements)


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    with serve(tmp_path_factory.mktemp("world"), buckets.install, iam.install, state_machines.install) as served:
        yield Roles(served)


def test_a_question_without_a_body_is_judged_and_answered(roles: Roles) -> None:
    # The connection stays open: who reads on for a body waits for ever.
    arn = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
    asking = roles.client("lambda", allow("lambda:GetFunctionConfiguration", arn))
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        asking.get_function_configuration(FunctionName="nobody")
    assert "lambda:GetFunctionConfiguration" in denied(
        lambda: roles.client("lambda").get_function_configuration(FunctionName="nobody")
    )


# S3


def test_an_object_outside_of_what_is_allowed_is_denied_with_who_what_and_where(roles: Roles) -> None:
    s3 = roles.client("s3", allow("s3:PutObject", f"{BUCKET}/stage/*"))
    s3.put_object(Bucket=DATA, Key="stage/version=1/a b+c.parquet", Body=b"x")
    reported = denied(lambda: s3.put_object(Bucket=DATA, Key="raw/version=1/f", Body=b"x" * 100_000))
    assert reported.startswith("User: arn:aws:sts::123456789012:assumed-role/role-")
    assert reported.endswith(
        "/a-session is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::data-bucket/raw/version=1/f "
        "because no identity-based policy allows the s3:PutObject action"
    )
    assert roles.s3.list_objects_v2(Bucket=DATA, Prefix="raw/version=1/")["KeyCount"] == 0
    assert "s3:GetObject" in denied(lambda: s3.get_object(Bucket=DATA, Key="stage/version=1/a b+c.parquet"))


def test_a_role_without_policies_may_nothing_but_ask_who_it_is(roles: Roles) -> None:
    credentials = roles.credentials()
    denied(lambda: roles.served.client("s3", credentials).list_buckets())
    identity = roles.served.client("sts", credentials).get_caller_identity()
    assert identity["Arn"].endswith("/a-session")


def test_a_head_is_denied_without_words(roles: Roles) -> None:
    assert denied(lambda: roles.client("s3").head_object(Bucket=DATA, Key="raw/a=1/f")) == "Forbidden"


def test_a_missing_key_is_told_only_to_those_who_may_list(roles: Roles) -> None:
    read = allow("s3:GetObject", f"{BUCKET}/*")
    assert "s3:ListBucket" in denied(lambda: roles.client("s3", read).get_object(Bucket=DATA, Key="none"))
    with pytest.raises(ClientError, match="NoSuchKey"):
        roles.client("s3", read, allow("s3:ListBucket", BUCKET)).get_object(Bucket=DATA, Key="none")


def test_a_copy_needs_to_read_the_source_and_to_write_the_target(roles: Roles) -> None:
    read, write = allow("s3:GetObject", f"{BUCKET}/raw/*"), allow("s3:PutObject", f"{BUCKET}/copies/*")

    def copy(*statements: Mapping[str, Any]) -> Any:
        source = {"Bucket": DATA, "Key": "raw/a=1/f"}
        return roles.client("s3", *statements).copy_object(Bucket=DATA, Key="copies/f", CopySource=source)

    assert "s3:GetObject on resource: arn:aws:s3:::data-bucket/raw/a=1/f" in denied(lambda: copy(write))
    assert "s3:PutObject on resource: arn:aws:s3:::data-bucket/copies/f" in denied(lambda: copy(read))
    copy(read, write)


def test_parts_of_a_large_object_are_puts(roles: Roles) -> None:
    s3 = roles.client("s3", allow("s3:PutObject", f"{BUCKET}/large"))
    upload = s3.create_multipart_upload(Bucket=DATA, Key="large")["UploadId"]
    part = s3.upload_part(Bucket=DATA, Key="large", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    assert "s3:ListMultipartUploadParts" in denied(lambda: s3.list_parts(Bucket=DATA, Key="large", UploadId=upload))
    assert "s3:AbortMultipartUpload" in denied(
        lambda: s3.abort_multipart_upload(Bucket=DATA, Key="large", UploadId=upload)
    )
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(Bucket=DATA, Key="large", UploadId=upload, MultipartUpload=parts)
    assert "s3:PutObject" in denied(lambda: s3.create_multipart_upload(Bucket=DATA, Key="other"))


def test_listing_can_be_limited_to_a_prefix(roles: Roles) -> None:
    s3 = roles.client(
        "s3", allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": ["raw/*", "stage/*"]}})
    )
    assert s3.list_objects_v2(Bucket=DATA, Prefix="raw/")["KeyCount"] == 1
    assert "s3:ListBucket on resource: arn:aws:s3:::data-bucket " in denied(
        lambda: s3.list_objects_v2(Bucket=DATA, Prefix="secret/")
    )
    denied(lambda: s3.list_objects_v2(Bucket=DATA))


def test_each_of_several_deleted_objects_must_be_allowed(roles: Roles) -> None:
    s3 = roles.client("s3", allow("s3:DeleteObject", f"{BUCKET}/old/*"))
    for key in ("old/1", "old/2"):
        roles.s3.put_object(Bucket=DATA, Key=key)
    s3.delete_objects(Bucket=DATA, Delete={"Objects": [{"Key": "old/1"}]})
    both = {"Objects": [{"Key": "old/2"}, {"Key": "raw/a=1/f"}]}
    assert "data-bucket/raw/a=1/f" in denied(lambda: s3.delete_objects(Bucket=DATA, Delete=both))
    assert roles.s3.list_objects_v2(Bucket=DATA, Prefix="old/")["KeyCount"] == 1


def test_a_bucket_policy_can_deny_and_allow(roles: Roles) -> None:
    roles.s3.create_bucket(Bucket="guarded")
    arn = "arn:aws:s3:::guarded"
    insecure = {**deny("s3:*", [arn, f"{arn}/*"]), "Principal": "*"}
    insecure["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    secret = {**deny("s3:*", f"{arn}/secret/*"), "Principal": "*"}
    public = {**allow("s3:GetObject", f"{arn}/public/*"), "Principal": {"AWS": "*"}}
    for key in ("secret/f", "public/f", "plain/f"):
        roles.s3.put_object(Bucket="guarded", Key=key)
    roles.s3.put_bucket_policy(Bucket="guarded", Policy=json.dumps(document(insecure, secret, public)))
    reader = roles.client("s3", allow("s3:GetObject", f"{arn}/*"))
    reader.get_object(Bucket="guarded", Key="plain/f")
    assert "explicit deny in a resource-based policy" in denied(
        lambda: reader.get_object(Bucket="guarded", Key="secret/f")
    )
    nobody = roles.client("s3")
    nobody.get_object(Bucket="guarded", Key="public/f")
    denied(lambda: nobody.get_object(Bucket="guarded", Key="plain/f"))


# Other services


def test_a_table_needs_its_catalog_and_its_database_too(roles: Roles) -> None:
    everything = [f"{GLUE}:catalog", f"{GLUE}:database/db", f"{GLUE}:table/db/t"]
    roles.client("glue", allow("glue:GetTable", everything)).get_table(DatabaseName="db", Name="t")
    for missing in everything:
        some = [arn for arn in everything if arn != missing]
        glue = roles.client("glue", allow("glue:GetTable", some))
        assert f"glue:GetTable on resource: {missing} " in denied(lambda: glue.get_table(DatabaseName="db", Name="t"))  # noqa: B023


def test_partitions_are_judged_by_their_table(roles: Roles) -> None:
    everything = [f"{GLUE}:catalog", f"{GLUE}:database/*", f"{GLUE}:table/db/*"]
    glue = roles.client("glue", allow("glue:BatchCreatePartition", everything))
    given = {"DatabaseName": "db", "TableName": "t", "PartitionInputList": [{"Values": ["1"]}]}
    assert glue.batch_create_partition(**given).get("Errors", []) == []
    assert "glue:GetPartitions" in denied(lambda: glue.get_partitions(DatabaseName="db", TableName="t"))


@pytest.mark.parametrize(
    ("service", "method", "given", "action", "resource"),
    [
        pytest.param("glue", "start_job_run", {"JobName": "j"}, "glue:StartJobRun", f"{GLUE}:job/j", id="start-job"),
        pytest.param(
            "glue",
            "batch_stop_job_run",
            {"JobName": "j", "JobRunIds": ["x"]},
            "glue:BatchStopJobRun",
            f"{GLUE}:job/j",
            id="stop-job",
        ),
        pytest.param("glue", "start_crawler", {"Name": "c"}, "glue:StartCrawler", f"{GLUE}:crawler/c", id="crawler"),
        pytest.param(
            "athena",
            "start_query_execution",
            {"QueryString": "SELECT 1", "WorkGroup": "w"},
            "athena:StartQueryExecution",
            "arn:aws:athena:us-east-1:123456789012:workgroup/w",
            id="query",
        ),
        pytest.param(
            "athena",
            "get_query_results",
            {"QueryExecutionId": "00000000-0000-0000-0000-000000000000"},
            "athena:GetQueryResults",
            "arn:aws:athena:us-east-1:123456789012:workgroup/primary",
            id="query-results",
        ),
        pytest.param(
            "stepfunctions",
            "list_executions",
            {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
            "states:ListExecutions",
            "arn:aws:states:us-east-1:123456789012:stateMachine:m",
            id="executions",
        ),
        pytest.param(
            "lambda",
            "invoke",
            {"FunctionName": "f"},
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            id="function",
        ),
        pytest.param(
            "lambda",
            "invoke",
            {"FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:f"},
            "lambda:InvokeFunction",
            "arn:aws:lambda:us-east-1:123456789012:function:f",
            id="function-arn",
        ),
        pytest.param(
            "sns",
            "publish",
            {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "m"},
            "sns:Publish",
            "arn:aws:sns:us-east-1:123456789012:t",
            id="topic",
        ),
        pytest.param(
            "logs",
            "put_log_events",
            {"logGroupName": "/g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]},
            "logs:PutLogEvents",
            "arn:aws:logs:us-east-1:123456789012:log-group:/g:log-stream:s",
            id="log-stream",
        ),
        pytest.param(
            "sts",
            "assume_role",
            {"RoleArn": "arn:aws:iam::123456789012:role/other", "RoleSessionName": "more"},
            "sts:AssumeRole",
            "arn:aws:iam::123456789012:role/other",
            id="another-role",
        ),
    ],
)
def test_calls_need_their_action_on_their_resource(
    roles: Roles, service: str, method: str, given: dict[str, Any], action: str, resource: str
) -> None:
    reported = denied(lambda: getattr(roles.client(service), method)(**given))
    assert f"is not authorized to perform: {action} on resource: {resource} " in reported
    elsewhere = roles.client(service, allow(action, resource + "x"))
    denied(lambda: getattr(elsewhere, method)(**given))
    with contextlib.suppress(ClientError):  # what it acts on need not exist
        getattr(roles.client(service, allow(action, resource)), method)(**given)
    assert any((used.action, used.resource) == (action, resource) for used in iam.used())


def test_a_service_that_is_not_known_here_is_denied_with_a_clear_message(roles: Roles) -> None:
    reported = denied(lambda: roles.client("events", allow("*", "*")).list_rules())
    assert "events:ListRules" in reported
    assert "The local AWS does not know what this needs" in reported


def test_an_attached_policy_counts_and_a_boundary_limits(roles: Roles) -> None:
    admin = roles.served.client("iam")
    attached = admin.create_policy(
        PolicyName="reads", PolicyDocument=json.dumps(document(allow("s3:*", f"{BUCKET}/*")))
    )["Policy"]["Arn"]
    boundary = admin.create_policy(PolicyName="limit", PolicyDocument=json.dumps(document(allow("s3:GetObject", "*"))))[
        "Policy"
    ]["Arn"]
    arn = roles.served.role("limited", "glue")
    admin.attach_role_policy(RoleName="limited", PolicyArn=attached)
    s3 = roles.served.client("s3", roles.served.world.role_credentials(arn, "xx"))
    s3.put_object(Bucket=DATA, Key="by-attached", Body=b"x")
    admin.put_role_permissions_boundary(RoleName="limited", PermissionsBoundary=boundary)
    s3.get_object(Bucket=DATA, Key="by-attached")
    assert "permissions boundary" in denied(lambda: s3.put_object(Bucket=DATA, Key="by-attached", Body=b"x"))


def test_a_changed_policy_counts_at_once(roles: Roles) -> None:
    arn = roles.served.role("changing", "glue", allow("s3:GetObject", f"{BUCKET}/*"))
    s3 = roles.served.client("s3", roles.served.world.role_credentials(arn, "xx"))
    s3.get_object(Bucket=DATA, Key="raw/a=1/f")
    roles.served.client("iam").delete_role_policy(RoleName="changing", PolicyName="all")
    denied(lambda: s3.get_object(Bucket=DATA, Key="raw/a=1/f"))


def test_a_wrong_session_token_is_refused(roles: Roles) -> None:
    credentials = roles.credentials(allow("*", "*"))
    wrong = roles.served.client("s3", {**credentials, "AWS_SESSION_TOKEN": "other"})
    assert "security token" in denied(lambda: wrong.get_object(Bucket=DATA, Key="raw/a=1/f"))


def test_a_service_can_ask_on_behalf_of_its_caller_and_what_was_used_is_kept(roles: Roles) -> None:
    credentials = roles.credentials(allow("s3:GetObject", f"{BUCKET}/raw/*"))
    key = credentials["AWS_ACCESS_KEY_ID"]
    iam.authorize(key, "s3:GetObject", f"{BUCKET}/raw/1", f"{BUCKET}/raw/2", via="athena")
    with pytest.raises(iam.AccessDeniedError, match="s3:GetObject on resource: arn:aws:s3:::data-bucket/stage/1"):
        iam.authorize(key, "s3:GetObject", f"{BUCKET}/raw/1", f"{BUCKET}/stage/1", via="athena")
    iam.authorize("administrator", "s3:GetObject", f"{BUCKET}/stage/1", via="athena")
    session = iam.caller(key)
    assert session is not None
    assert {(used.action, used.resource) for used in iam.used() if used.role == session.role_arn} == {
        ("s3:GetObject", f"{BUCKET}/raw/1"),
        ("s3:GetObject", f"{BUCKET}/raw/2"),
    }


def test_a_state_machines_tasks_may_only_what_its_role_may(roles: Roles) -> None:
    machines = Machines(roles.served)
    refused = machines.run(one(task("aws-sdk:s3:putObject", {"Bucket": MACHINES_BUCKET, "Key": "k", "Body": {}})))
    assert refused["error"] == "S3.S3Exception"
    assert "assumed-role/states/states is not authorized to perform: s3:PutObject" in refused["cause"]
    job = machines.run(one(task("glue:startJobRun.sync", {"JobName": "j"})))
    assert job["error"] == "Glue.AWSGlueException"
    grant = json.dumps(document(allow("s3:PutObject", f"arn:aws:s3:::{MACHINES_BUCKET}/k")))
    roles.served.client("iam").put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=grant)
    machines.output(one(task("aws-sdk:s3:putObject", {"Bucket": MACHINES_BUCKET, "Key": "k", "Body": {}})))
