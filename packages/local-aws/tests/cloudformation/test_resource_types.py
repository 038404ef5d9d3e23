from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.cloudformation.resource_types.base import generated_name
from local_aws.core.errors import DeploymentFailed
from local_aws_harness.stack import LOGS, Stacks, function, role, running

pytestmark = pytest.mark.local_aws

PARQUET = {
    "Location": "s3://somewhere/processed/",
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "Columns": [{"Name": "id", "Type": "string", "Comment": "unique"}],
}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("types"))


def catalog(**job: Any) -> dict[str, Any]:
    """One resource of each type, with the settings that this project uses."""
    return {
        "Parameters": {"Workers": {"Type": "Number", "Default": 2}},
        "Resources": {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "DeletionPolicy": "Retain",
                "Properties": {
                    "BucketEncryption": {
                        "ServerSideEncryptionConfiguration": [
                            {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                        ]
                    },
                    "LifecycleConfiguration": {
                        "Rules": [
                            {"Id": "scratch", "Status": "Enabled", "Prefix": "tmp/", "ExpirationInDays": "7"},
                            {
                                "Id": "uploads",
                                "Status": "Enabled",
                                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                            },
                        ]
                    },
                    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                    "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true", "BlockPublicPolicy": True},
                    "VersioningConfiguration": {"Status": "Enabled"},
                    "Tags": [{"Key": "a", "Value": "b"}],
                },
            },
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": {"Ref": "Bucket"},
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Deny",
                                "Principal": "*",
                                "Action": "s3:*",
                                "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                            }
                        ],
                    },
                },
            },
            "Role": role("glue"),
            "Database": {
                "Type": "AWS::Glue::Database",
                "Properties": {
                    "CatalogId": {"Ref": "AWS::AccountId"},
                    "DatabaseInput": {"Description": "recordings"},
                },
            },
            "Table": {
                "Type": "AWS::Glue::Table",
                "Properties": {
                    "CatalogId": {"Ref": "AWS::AccountId"},
                    "DatabaseName": {"Ref": "Database"},
                    "TableInput": {
                        "Name": "snapshots",
                        "TableType": "EXTERNAL_TABLE",
                        "Parameters": {"compressionType": "none", "classification": "parquet"},
                        "PartitionKeys": [{"Name": "subject", "Type": "int"}],
                        "StorageDescriptor": PARQUET,
                    },
                },
            },
            "Job": {
                "Type": "AWS::Glue::Job",
                "Properties": {
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "GlueVersion": "5.1",
                    "WorkerType": "G.1X",
                    "NumberOfWorkers": {"Ref": "Workers"},
                    "Timeout": 30,
                    "MaxRetries": 0,
                    "ExecutionProperty": {"MaxConcurrentRuns": 1},
                    "Command": {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": "s3://b/code.py"},
                    "DefaultArguments": {"--workers": {"Ref": "Workers"}, "--flag": True},
                    **job,
                },
            },
            "Crawler": {
                "Type": "AWS::Glue::Crawler",
                "Properties": {
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Targets": {
                        "CatalogTargets": [{"DatabaseName": {"Ref": "Database"}, "Tables": [{"Ref": "Table"}]}]
                    },
                    "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
                    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
                    "Configuration": '{"Version":1.0}',
                },
            },
            "WorkGroup": {
                "Type": "AWS::Athena::WorkGroup",
                "Properties": {
                    "Name": {"Fn::Sub": "${AWS::StackName}-queries"},
                    "RecursiveDeleteOption": True,
                    "WorkGroupConfiguration": {
                        "EnforceWorkGroupConfiguration": True,
                        "ResultConfiguration": {"OutputLocation": "s3://b/results/"},
                    },
                },
            },
            "Query": {
                "Type": "AWS::Athena::NamedQuery",
                "Properties": {
                    "Name": "Rows",
                    "Database": {"Ref": "Database"},
                    "WorkGroup": {"Ref": "WorkGroup"},
                    "QueryString": "SELECT 1",
                },
            },
            "MachineRole": role("states"),
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
                    "DefinitionString": '{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${Wait}, '
                    '"Comment": "${Text} of $$.Execution.Id", "End": true}}}',
                    "DefinitionSubstitutions": {"Wait": 5, "Text": {"Ref": "Job"}},
                    "LoggingConfiguration": {
                        "Level": "ALL",
                        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Logs", "Arn"]}}}],
                    },
                },
            },
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": "30"}},
            "Schedule": {
                "Type": "AWS::Scheduler::Schedule",
                "Properties": {
                    "ScheduleExpression": "cron(0 8 * * ? *)",
                    "ScheduleExpressionTimezone": "Asia/Tokyo",
                    "FlexibleTimeWindow": {"Mode": "OFF"},
                    "Target": {
                        "Arn": {"Ref": "Machine"},
                        "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
                        "RetryPolicy": {"MaximumRetryAttempts": "5"},
                    },
                },
            },
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "alarms"}},
            "TopicPolicy": {
                "Type": "AWS::SNS::TopicPolicy",
                "Properties": {
                    "Topics": [{"Ref": "Topic"}],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": []},
                },
            },
            "Subscription": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": {"Ref": "Topic"},
                    "Protocol": "email",
                    "Endpoint": "someone@example.com",
                },
            },
            "Alarm": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Namespace": "AWS/States",
                    "MetricName": "ExecutionsFailed",
                    "Statistic": "Sum",
                    "Period": 300,
                    "EvaluationPeriods": 1,
                    "Threshold": 1,
                    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                    "AlarmActions": [{"Ref": "Topic"}],
                },
            },
            # One of moto's own.
            "Queue": {"Type": "AWS::SQS::Queue"},
        },
    }


@pytest.fixture(scope="module")
def deployed(stacks: Stacks) -> str:
    return stacks.deploy(catalog(), "types")


@pytest.fixture(scope="module")
def ids(stacks: Stacks, deployed: str) -> dict[str, str]:
    return stacks.resources(deployed)


def test_every_resource_is_listed_with_type_and_physical_id(stacks: Stacks, deployed: str) -> None:
    listed = stacks.client("cloudformation").describe_stack_resources(StackName=deployed)["StackResources"]
    assert {each["LogicalResourceId"]: each["ResourceType"] for each in listed} == {
        name: definition["Type"] for name, definition in catalog()["Resources"].items()
    }
    assert all(each["PhysicalResourceId"] and each["ResourceStatus"] == "CREATE_COMPLETE" for each in listed)


def test_a_bucket_has_its_settings(stacks: Stacks, ids: dict[str, str]) -> None:
    s3, bucket = stacks.client("s3"), ids["Bucket"]
    scratch, uploads = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (scratch["ID"], scratch["Filter"]["Prefix"], scratch["Expiration"]["Days"]) == ("scratch", "tmp/", 7)
    assert uploads["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]}
    assert tags["a"] == "b"
    assert {name for name in tags if name.startswith("aws:")} == {
        "aws:cloudformation:stack-id",
        "aws:cloudformation:stack-name",
        "aws:cloudformation:logical-id",
    }
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (owner,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owner["ObjectOwnership"] == "BucketOwnerEnforced"


def test_a_policy_that_demands_encrypted_transport_lets_the_loopback_interface_through(
    stacks: Stacks, ids: dict[str, str]
) -> None:
    s3 = stacks.client("s3")
    s3.put_object(Bucket=ids["Bucket"], Key="a", Body=b"x")
    assert s3.get_object(Bucket=ids["Bucket"], Key="a")["Body"].read() == b"x"


def test_a_table_has_its_whole_definition(stacks: Stacks, ids: dict[str, str]) -> None:
    table = stacks.client("glue").get_table(DatabaseName=ids["Database"], Name=ids["Table"])["Table"]
    assert ids["Table"] == "snapshots"
    assert ids["Database"].startswith("types-database-")
    assert table["PartitionKeys"] == [{"Name": "subject", "Type": "int"}]
    assert table["Parameters"] == {"compressionType": "none", "classification": "parquet"}
    assert {name: table["StorageDescriptor"][name] for name in PARQUET} == PARQUET


def test_a_job_has_its_settings_with_the_types_of_the_api(stacks: Stacks, ids: dict[str, str]) -> None:
    job = stacks.client("glue").get_job(JobName=ids["Job"])["Job"]
    assert ids["Job"].startswith("types-Job-")
    assert (job["NumberOfWorkers"], job["WorkerType"], job["GlueVersion"]) == (2, "G.1X", "5.1")
    assert (job["Timeout"], job["MaxRetries"], job["ExecutionProperty"]) == (30, 0, {"MaxConcurrentRuns": 1})
    assert job["Command"] == {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": "s3://b/code.py"}
    assert job["DefaultArguments"] == {"--workers": "2", "--flag": "true"}
    assert job["Role"] == f"arn:aws:iam::123456789012:role/{ids['Role']}"


def test_a_crawler_has_its_targets_and_policies(stacks: Stacks, ids: dict[str, str]) -> None:
    crawler = stacks.client("glue").get_crawler(Name=ids["Crawler"])["Crawler"]
    assert crawler["Targets"]["CatalogTargets"] == [{"DatabaseName": ids["Database"], "Tables": ["snapshots"]}]
    assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
    assert crawler["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_EVERYTHING"}
    assert crawler["Configuration"] == '{"Version":1.0}'


def test_a_workgroup_and_its_query(stacks: Stacks, ids: dict[str, str]) -> None:
    athena = stacks.client("athena")
    group = athena.get_work_group(WorkGroup="types-queries")["WorkGroup"]
    assert group["Configuration"]["ResultConfiguration"] == {"OutputLocation": "s3://b/results/"}
    query = athena.get_named_query(NamedQueryId=ids["Query"])["NamedQuery"]
    assert (query["Name"], query["Database"], query["QueryString"]) == ("Rows", ids["Database"], "SELECT 1")
    assert query["WorkGroup"] == "types-queries"


def test_a_state_machines_definition_has_its_substitutions(stacks: Stacks, ids: dict[str, str]) -> None:
    described = stacks.client("stepfunctions").describe_state_machine(stateMachineArn=ids["Machine"])
    state = json.loads(described["definition"])["States"]["A"]
    assert state["Seconds"] == 5
    assert state["Comment"] == f"{ids['Job']} of $$.Execution.Id"
    assert described["loggingConfiguration"]["level"] == "ALL"


def test_a_schedule_has_its_target(stacks: Stacks, ids: dict[str, str]) -> None:
    schedule = stacks.client("scheduler").get_schedule(Name=ids["Schedule"])
    assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (
        "cron(0 8 * * ? *)",
        "Asia/Tokyo",
    )
    assert schedule["Target"]["Arn"] == ids["Machine"]
    assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 5


def test_the_rest_of_the_types(stacks: Stacks, ids: dict[str, str]) -> None:
    logs = stacks.client("logs").describe_log_groups(logGroupNamePrefix=ids["Logs"])["logGroups"]
    assert [group["retentionInDays"] for group in logs] == [30]
    topic = stacks.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert topic["DisplayName"] == "alarms"
    assert json.loads(topic["Policy"]) == {"Version": "2012-10-17", "Statement": []}
    subscriptions = stacks.client("sns").list_subscriptions_by_topic(TopicArn=ids["Topic"])["Subscriptions"]
    assert [each["Endpoint"] for each in subscriptions] == ["someone@example.com"]
    (alarm,) = stacks.client("cloudwatch").describe_alarms(AlarmNames=[ids["Alarm"]])["MetricAlarms"]
    assert (alarm["Period"], alarm["Threshold"]) == (300, 1.0)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        pytest.param({"Timout": 3}, r"Job \(AWS::Glue::Job\): CreateJob has no property Timout", id="unknown"),
        pytest.param({"Timeout": "long"}, "CreateJob.Timeout: expected a number, found 'long'", id="no-number"),
        pytest.param({"Command": "x"}, "CreateJob.Command: expected a structure, found 'x'", id="no-structure"),
        pytest.param({"Command": {"Nam": "x"}}, "CreateJob.Command has no property Nam", id="unknown-inside"),
    ],
)
def test_a_property_that_the_service_does_not_have_is_an_error(
    stacks: Stacks, job: dict[str, Any], message: str
) -> None:
    template = {"Resources": {name: catalog(**job)["Resources"][name] for name in ("Role", "Job")}}
    template["Resources"]["Job"]["Properties"]["NumberOfWorkers"] = 2
    template["Resources"]["Job"]["Properties"]["DefaultArguments"] = {}
    with pytest.raises(DeploymentFailed, match=message):
        stacks.deploy(template)


def test_a_name_without_substitution_is_an_error(stacks: Stacks) -> None:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "DefinitionString": '{"Comment": "${Nobody}"}'},
    }
    with pytest.raises(DeploymentFailed, match=r"names Nobody in \$\{...\}, which DefinitionSubstitutions"):
        stacks.deploy({"Resources": {"Role": role("states"), "Machine": machine}})


def test_a_bucket_policy_that_cannot_be_judged_is_an_error(stacks: Stacks) -> None:
    template = {"Resources": {name: catalog()["Resources"][name] for name in ("Bucket", "Policy")}}
    statement = template["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Statement"][0]
    statement["Condition"] = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    with pytest.raises(DeploymentFailed, match="cannot judge the condition IpAddress aws:SourceIp"):
        stacks.deploy(template)


def test_deleting_a_stack_deletes_everything_but_what_is_to_be_kept(stacks: Stacks) -> None:
    stack = stacks.deploy(catalog(), "gone")
    ids = stacks.resources(stack)
    cloudformation = stacks.client("cloudformation")
    stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    assert cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    glue = stacks.client("glue")
    assert ids["Database"] not in {each["Name"] for each in glue.get_databases()["DatabaseList"]}
    assert ids["Job"] not in glue.list_jobs()["JobNames"]
    assert ids["Crawler"] not in glue.list_crawlers()["CrawlerNames"]
    groups = stacks.client("athena").list_work_groups()["WorkGroups"]
    assert ids["WorkGroup"] not in {each["Name"] for each in groups}
    assert ids["Role"] not in {each["RoleName"] for each in stacks.client("iam").list_roles()["Roles"]}
    machines = stacks.client("stepfunctions").list_state_machines()["stateMachines"]
    assert ids["Machine"] not in {each["stateMachineArn"] for each in machines}
    assert ids["Bucket"] in {each["Name"] for each in stacks.client("s3").list_buckets()["Buckets"]}


def test_made_up_names_fit_the_service() -> None:
    assert len(generated_name("a" * 60, "b" * 60)) == 64
    assert generated_name("Stack", "Logical", lower=True).startswith("stack-logical-")
    assert generated_name("s", "l") != generated_name("s", "l")


ANSWERING = """
import json, urllib.request

def handler(event, context):
    print(json.dumps(event))
    mode = event["ResourceProperties"]["Mode"]
    if mode == "raise":
        raise ValueError("broken code")
    if mode == "silent":
        return None
    answer = {
        "Status": "FAILED" if mode == "fail" else "SUCCESS",
        "Reason": "no such prefix",
        "PhysicalResourceId": event.get("PhysicalResourceId", "shipped-1"),
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Hash": "abc" + mode, "Request": event["RequestType"]},
    }
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"content-type": ""})
    urllib.request.urlopen(request).read()
"""


def custom(mode: str) -> dict[str, Any]:
    return {
        "Resources": {
            "Role": role("lambda", LOGS),
            "Function": function(ANSWERING, Timeout=30),
            "Shipped": {
                "Type": "Custom::Code",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                    "Mode": mode,
                    "Number": 7,
                    "Flag": True,
                },
            },
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {"DisplayName": {"Fn::Sub": "${Shipped.Hash} ${Shipped.Request}"}},
            },
        },
        "Outputs": {"Hash": {"Value": {"Fn::GetAtt": ["Shipped", "Hash"]}}},
    }


def test_a_custom_resource_is_made_by_its_function(stacks: Stacks) -> None:
    stack = stacks.deploy(custom("one"))
    ids = stacks.resources(stack)
    assert ids["Shipped"] == "shipped-1"
    assert stacks.outputs(stack) == {"Hash": "abcone"}
    topic = stacks.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert topic["DisplayName"] == "abcone Create"
    # What is made from its attributes follows when it changes.
    stacks.deploy(custom("two"), stack)
    assert stacks.outputs(stack) == {"Hash": "abctwo"}
    topic = stacks.client("sns").get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]
    assert topic["DisplayName"] == "abctwo Update"
    stacks.client("cloudformation").delete_stack(StackName=stack)
    events = stacks.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{ids['Function']}")["events"]
    requests = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
    assert [request["RequestType"] for request in requests] == ["Create", "Update", "Delete"]
    assert requests[0]["ResourceProperties"]["Number"] == "7"
    assert requests[0]["ResourceProperties"]["Flag"] == "true"
    assert requests[1]["OldResourceProperties"]["Mode"] == "one"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        pytest.param("fail", r"response status \[FAILED\].*no such prefix", id="answers-failed"),
        pytest.param("raise", "failed: ValueError: broken code", id="raises"),
        pytest.param("silent", "ended without a response to ResponseURL", id="no-answer"),
    ],
)
def test_a_custom_resource_that_fails_fails_the_stack_with_its_reason(stacks: Stacks, mode: str, reason: str) -> None:
    with pytest.raises(DeploymentFailed, match=f"(?s)ROLLBACK_COMPLETE.*Shipped .*{reason}"):
        stacks.deploy(custom(mode), f"custom-{mode}")
    assert stacks.resources(f"custom-{mode}") == {}


def test_a_managed_policy_is_kept_by_who_has_it_when_it_changes(stacks: Stacks) -> None:
    def template(action: str) -> dict[str, Any]:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        policy = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Description": "to ask", "PolicyDocument": document},
        }
        return {"Resources": {"Policy": policy}, "Outputs": {"Arn": {"Value": {"Ref": "Policy"}}}}

    iam = stacks.client("iam")
    stack = stacks.deploy(template("s3:GetObject"), "asking")
    arn = stacks.outputs(stack)["Arn"]
    iam.create_role(RoleName="asker", AssumeRolePolicyDocument=json.dumps({"Statement": []}))
    iam.attach_role_policy(RoleName="asker", PolicyArn=arn)
    assert stacks.outputs(stacks.deploy(template("s3:PutObject"), "asking"))["Arn"] == arn
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "s3:PutObject"
    iam.detach_role_policy(RoleName="asker", PolicyArn=arn)
    stacks.client("cloudformation").delete_stack(StackName="asking")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=arn)
