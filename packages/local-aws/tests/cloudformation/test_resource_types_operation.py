from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.core.errors import DeploymentFailed
from local_aws_harness.stack import LOGS, Stacks, function, role, running

pytestmark = pytest.mark.local_aws


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stacks]:
    yield from running(tmp_path_factory.mktemp("operation"))


def metric(name: str, **more: Any) -> dict[str, Any]:
    return {"Namespace": "shop", "MetricName": name, **more}


def operated() -> dict[str, Any]:
    """What watches over a stack: alarms, a dashboard, a queue of what could not be delivered, tracing."""
    return {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "45"}},
            "LettersPolicy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": "Letters"}],
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "scheduler.amazonaws.com"},
                                "Action": "sqs:SendMessage",
                                "Resource": {"Fn::GetAtt": ["Letters", "Arn"]},
                            }
                        ],
                    },
                },
            },
            "Stale": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "AlarmDescription": "nothing was published for too long",
                    "EvaluationPeriods": 1,
                    "Threshold": 26,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "TreatMissingData": "breaching",
                    "AlarmActions": [{"Ref": "Topic"}],
                    "Metrics": [
                        {"Id": "hours", "Expression": "seconds / 3600", "ReturnData": True},
                        {
                            "Id": "seconds",
                            "ReturnData": False,
                            "MetricStat": {
                                "Metric": metric(
                                    "SnapshotAge", Dimensions=[{"Name": "Stack", "Value": {"Ref": "AWS::StackName"}}]
                                ),
                                "Period": 3600,
                                "Stat": "Maximum",
                            },
                        },
                    ],
                },
            },
            "Undelivered": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateNumberOfMessagesVisible",
                    "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["Letters", "QueueName"]}}],
                    "Statistic": "Maximum",
                    "Period": 300,
                    "EvaluationPeriods": 1,
                    "Threshold": 0,
                    "ComparisonOperator": "GreaterThanThreshold",
                    "TreatMissingData": "notBreaching",
                    "ActionsEnabled": "false",
                },
            },
            "Board": {
                "Type": "AWS::CloudWatch::Dashboard",
                "Properties": {
                    "DashboardBody": {"Fn::Sub": '{"widgets": [{"type": "text", "markdown": "${AWS::StackName}"}]}'}
                },
            },
            "ScheduleRole": role("scheduler"),
            "Schedule": {
                "Type": "AWS::Scheduler::Schedule",
                "Properties": {
                    "ScheduleExpression": "cron(0 8 * * ? *)",
                    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": "15"},
                    "Target": {
                        "Arn": {"Ref": "Machine"},
                        "RoleArn": {"Fn::GetAtt": ["ScheduleRole", "Arn"]},
                        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Letters", "Arn"]}},
                        "RetryPolicy": {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 3600},
                    },
                },
            },
            "MachineRole": role("states"),
            "Machine": {
                "Type": "AWS::Serverless::StateMachine",
                "Properties": {
                    "Role": {"Fn::GetAtt": ["MachineRole", "Arn"]},
                    "Tracing": {"Enabled": True},
                    "Definition": {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
                },
            },
            "FunctionLogs": {"Type": "AWS::Logs::LogGroup"},
            "Role": role("lambda", LOGS),
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "InlineCode": "def handler(event, context): pass",
                    "Handler": "index.handler",
                    "Runtime": "python3.11",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Tracing": "Active",
                    "LoggingConfig": {"LogFormat": "JSON", "LogGroup": {"Ref": "FunctionLogs"}},
                },
            },
        },
    }


@pytest.fixture(scope="module")
def deployed(stacks: Stacks) -> str:
    return stacks.deploy(operated(), "operated")


@pytest.fixture(scope="module")
def ids(stacks: Stacks, deployed: str) -> dict[str, str]:
    return stacks.resources(deployed)


def test_a_queue_lets_the_service_of_its_policy_send(stacks: Stacks, ids: dict[str, str]) -> None:
    sqs = stacks.client("sqs")
    queue = sqs.get_queue_attributes(QueueUrl=ids["Letters"], AttributeNames=["All"])["Attributes"]
    assert queue["VisibilityTimeout"] == "45"
    assert queue["QueueArn"] == f"arn:aws:sqs:us-east-1:123456789012:{ids['Letters'].rpartition('/')[2]}"
    (statement,) = json.loads(queue["Policy"])["Statement"]
    assert statement["Resource"] == queue["QueueArn"]
    sqs.send_message(QueueUrl=ids["Letters"], MessageBody="lost")
    (received,) = sqs.receive_message(QueueUrl=ids["Letters"])["Messages"]
    assert received["Body"] == "lost"


def test_alarms_have_their_metrics_and_act_unless_told_not_to(stacks: Stacks, ids: dict[str, str]) -> None:
    cloudwatch = stacks.client("cloudwatch")
    (stale,) = cloudwatch.describe_alarms(AlarmNames=[ids["Stale"]])["MetricAlarms"]
    assert (stale["TreatMissingData"], stale["ActionsEnabled"]) == ("breaching", True)
    assert stale["AlarmActions"] == [ids["Topic"]]
    hours, seconds = stale["Metrics"]
    assert (hours["Id"], hours["Expression"], hours["ReturnData"]) == ("hours", "seconds / 3600", True)
    assert seconds["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "Stack", "Value": "operated"}]
    assert (seconds["MetricStat"]["Period"], seconds["MetricStat"]["Stat"]) == (3600, "Maximum")
    (undelivered,) = cloudwatch.describe_alarms(AlarmNames=[ids["Undelivered"]])["MetricAlarms"]
    assert (undelivered["TreatMissingData"], undelivered["ActionsEnabled"]) == ("notBreaching", False)
    assert undelivered["Dimensions"] == [{"Name": "QueueName", "Value": ids["Letters"].rpartition("/")[2]}]


def test_a_dashboard_shows_what_the_template_says(stacks: Stacks, ids: dict[str, str]) -> None:
    body = stacks.client("cloudwatch").get_dashboard(DashboardName=ids["Board"])["DashboardBody"]
    assert json.loads(body) == {"widgets": [{"type": "text", "markdown": "operated"}]}
    assert ids["Board"].startswith("operated-Board-")


def test_a_schedule_may_start_late_and_keeps_what_it_could_not_deliver(stacks: Stacks, ids: dict[str, str]) -> None:
    schedule = stacks.client("scheduler").get_schedule(Name=ids["Schedule"])
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    target = schedule["Target"]
    letters = f"arn:aws:sqs:us-east-1:123456789012:{ids['Letters'].rpartition('/')[2]}"
    assert target["DeadLetterConfig"] == {"Arn": letters}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 5, "MaximumEventAgeInSeconds": 3600}


def test_function_and_state_machine_are_traced(stacks: Stacks, ids: dict[str, str]) -> None:
    configuration = stacks.client("lambda").get_function_configuration(FunctionName=ids["Function"])
    assert configuration["TracingConfig"] == {"Mode": "Active"}
    assert configuration["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": ids["FunctionLogs"]}
    machine = stacks.client("stepfunctions").describe_state_machine(stateMachineArn=ids["Machine"])
    assert machine["tracingConfiguration"] == {"enabled": True}


def test_a_functions_log_moves_with_an_update(stacks: Stacks) -> None:
    def template(logs: str) -> dict[str, Any]:
        config = {"LogGroup": {"Ref": logs}}
        code = "def handler(event, context): print('here')"
        groups = {name: {"Type": "AWS::Logs::LogGroup"} for name in ("Old", "New")}
        return {"Resources": {"Role": role("lambda", LOGS), "Function": function(code, LoggingConfig=config), **groups}}

    stack = stacks.deploy(template("Old"))
    stacks.deploy(template("New"), stack)
    ids = stacks.resources(stack)
    stacks.client("lambda").invoke(FunctionName=ids["Function"])
    messages = {
        name: [each["message"] for each in stacks.client("logs").filter_log_events(logGroupName=ids[name])["events"]]
        for name in ("Old", "New")
    }
    assert messages["Old"] == []
    assert "here" in messages["New"]


def test_deleting_the_stack_leaves_none_of_it(stacks: Stacks) -> None:
    stack = stacks.deploy(operated(), "unwatched")
    ids = stacks.resources(stack)
    stacks.client("cloudformation").delete_stack(StackName=stack)
    assert "unwatched" not in {
        each["StackName"] for each in stacks.client("cloudformation").describe_stacks()["Stacks"]
    }
    assert stacks.client("cloudwatch").describe_alarms(AlarmNames=[ids["Stale"]])["MetricAlarms"] == []
    boards = stacks.client("cloudwatch").list_dashboards()["DashboardEntries"]
    assert ids["Board"] not in {each["DashboardName"] for each in boards}
    assert ids["Letters"] not in stacks.client("sqs").list_queues().get("QueueUrls", [])


@pytest.mark.parametrize(
    ("kind", "properties", "message"),
    [
        pytest.param("CloudWatch::Dashboard", {"DashboardBody": "{"}, "Body is invalid JSON", id="dashboard-body"),
        pytest.param("CloudWatch::Dashboard", {"Body": "{}"}, "PutDashboard has no property Body", id="dashboard"),
        pytest.param("CloudWatch::Alarm", {"Metric": "x"}, "PutMetricAlarm has no property Metric", id="alarm"),
    ],
)
def test_a_property_that_the_service_does_not_have_is_an_error(
    stacks: Stacks, kind: str, properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeploymentFailed, match=message):
        stacks.deploy({"Resources": {"A": {"Type": f"AWS::{kind}", "Properties": properties}}})
