"""Metrics as CloudWatch gives them: by period, for exactly the dimensions asked for, from all who publish them."""

import datetime
import zipfile
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest

from local_aws.cloudwatch import provider as cloudwatch
from local_aws.iam import authorizer as iam
from local_aws.lambda_ import provider as functions
from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.machines import Machines, one, task
from local_aws_harness.roles import allow
from local_aws_harness.served import Served, document, serve

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
STATS = ["Sum", "SampleCount", "Average", "Minimum", "Maximum"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    modules = (cloudwatch, functions, state_machines, iam)
    with serve(tmp_path_factory.mktemp("world"), *(module.install for module in modules)) as served:
        yield served


@pytest.fixture(scope="module")
def machines(served: Served) -> Machines:
    return Machines(served)


def dimensions(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def statistics(served: Served, namespace: str, name: str, period: int = 3600, **of: str) -> list[tuple[str, float]]:
    """Time and sum of each datapoint of the day around noon, in order."""
    found = served.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=dimensions(**of),
        StartTime=NOON - 12 * HOUR,
        EndTime=NOON + 12 * HOUR,
        Period=period,
        Statistics=["Sum"],
    )["Datapoints"]
    return [(f"{each['Timestamp']:%H:%M}", each["Sum"]) for each in sorted(found, key=lambda each: each["Timestamp"])]


def today(served: Served, namespace: str, name: str, **of: str) -> dict[str, Any]:
    """The one datapoint of a day around now."""
    now = datetime.datetime.now(tz=datetime.UTC)
    (found,) = served.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=dimensions(**of),
        StartTime=now - 12 * HOUR,
        EndTime=now + 12 * HOUR,
        Period=86400,
        Statistics=STATS,
    )["Datapoints"]
    return dict(found)


def test_each_period_has_a_datapoint_of_its_own(served: Served) -> None:
    put = served.client("cloudwatch").put_metric_data
    for minute, value in ((0, 1.0), (59, 2.0), (60, 4.0), (180, 8.0)):
        moment = NOON + datetime.timedelta(minutes=minute)
        put(Namespace="by-period", MetricData=[{"MetricName": "m", "Value": value, "Timestamp": moment}])
    assert statistics(served, "by-period", "m") == [("12:00", 3.0), ("13:00", 4.0), ("15:00", 8.0)]
    assert statistics(served, "by-period", "m", 14400) == [("12:00", 15.0)]


def test_namespace_and_dimensions_are_matched_whole(served: Served) -> None:
    put = served.client("cloudwatch").put_metric_data

    def datum(value: float, **of: str) -> list[dict[str, Any]]:
        return [{"MetricName": "m", "Value": value, "Timestamp": NOON, "Dimensions": dimensions(**of)}]

    put(Namespace="whole", MetricData=datum(1.0) + datum(2.0, A="1") + datum(4.0, A="1", B="2") + datum(8.0, A="2"))
    put(Namespace="another", MetricData=datum(16.0, A="1"))
    assert statistics(served, "whole", "m") == [("12:00", 1.0)]
    assert statistics(served, "whole", "m", A="1") == [("12:00", 2.0)]
    assert statistics(served, "whole", "m", B="2", A="1") == [("12:00", 4.0)]
    query = {"Metric": {"Namespace": "whole", "MetricName": "m", "Dimensions": dimensions(A="1")}, "Period": 3600}
    (result,) = served.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": {**query, "Stat": "Sum"}}], StartTime=NOON, EndTime=NOON + HOUR
    )["MetricDataResults"]
    assert (result["Values"], result["Timestamps"]) == ([2.0], [NOON])


def test_values_count_as_often_as_they_say(served: Served) -> None:
    datum = {"MetricName": "dpu", "Values": [61.0, 30.0], "Counts": [2.0, 3.0], "Unit": "Seconds"}
    served.client("cloudwatch").put_metric_data(Namespace="counted", MetricData=[datum])
    reported = today(served, "counted", "dpu")
    assert [reported[name] for name in STATS] == [212.0, 5.0, 42.4, 30.0, 61.0]
    assert reported["Unit"] == "Seconds"


def test_a_state_machine_puts_metrics_with_names_of_the_sdk(served: Served, machines: Machines) -> None:
    grant = document(
        allow("cloudwatch:PutMetricData", "*", Condition={"StringEquals": {"cloudwatch:namespace": "shop"}})
    )
    served.client("iam").put_role_policy(RoleName="states", PolicyName="p", PolicyDocument=str(grant).replace("'", '"'))
    datum = {
        "MetricName": "dpu_seconds",
        "Dimensions": [{"Name": "Stack", "Value.$": "$.stack"}, {"Name": "Stage", "Value": "ConvertParquet"}],
        "Unit": "Seconds",
        "Values.$": "States.Array($.seconds)",
        "Counts.$": "States.Array($.dpus)",
    }
    rows = {"MetricName": "rows", "Value.$": "$.rows", "Unit": "Count", "Dimensions": [{"Name": "Stack", "Value": "s"}]}
    given = {"Namespace": "shop", "MetricData": [datum, rows]}
    machines.output(
        one(task("aws-sdk:cloudwatch:putMetricData", given)), {"stack": "s", "seconds": 61, "dpus": 2, "rows": 1215745}
    )
    reported = today(served, "shop", "dpu_seconds", Stack="s", Stage="ConvertParquet")
    assert (reported["Sum"], reported["SampleCount"], reported["Unit"]) == (122.0, 2.0, "Seconds")
    assert today(served, "shop", "rows", Stack="s")["Sum"] == 1215745.0
    refused = machines.run(one(task("aws-sdk:cloudwatch:putMetricData", {**given, "Namespace": "other"})), {
        "stack": "s", "seconds": 61, "dpus": 2, "rows": 1,
    })  # fmt: skip
    assert refused["error"] == "CloudWatch.CloudWatchException"
    assert "not authorized to perform: cloudwatch:PutMetricData" in refused["cause"]


@pytest.mark.parametrize(
    ("state", "how"),
    [
        pytest.param({"Type": "Pass"}, "Succeeded", id="succeeded"),
        pytest.param({"Type": "Fail", "Error": "E"}, "Failed", id="failed"),
        pytest.param({"Type": "Wait", "Seconds": 6000}, "TimedOut", id="timed-out"),
        pytest.param({"Type": "Wait", "Seconds": 6000}, "Aborted", id="aborted"),
    ],
)
def test_step_functions_counts_its_executions(
    served: Served, machines: Machines, state: dict[str, Any], how: str
) -> None:
    machine = machines.create({**one(state), **({"TimeoutSeconds": 1} if how == "TimedOut" else {})})
    started = machines.sfn.start_execution(stateMachineArn=machine)["executionArn"]
    if how == "Aborted":
        machines.sfn.stop_execution(executionArn=started)
    machines.ended(started)
    published = {
        each["MetricName"]
        for each in served.client("cloudwatch").list_metrics(Namespace="AWS/States")["Metrics"]
        if each["Dimensions"] == dimensions(StateMachineArn=machine)
    }
    assert published == {"ExecutionsStarted", f"Executions{how}", "ExecutionTime"}
    assert today(served, "AWS/States", f"Executions{how}", StateMachineArn=machine)["Sum"] == 1.0


def test_lambda_counts_invocations_and_errors_and_makes_metrics_of_its_log(served: Served) -> None:
    line = (
        '{"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{"Namespace": "shop", "Dimensions":'
        ' [["Stack"]], "Metrics": [{"Name": "files", "Unit": "Count"}]}]}, "Stack": "s", "files": [1, 2, 4]}'
    )
    body = f"    print(json.dumps({line}))\n    return 1 / event['by']\n"
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("index.py", f"import json, time\ndef handler(event, context):\n{body}")
    role = served.role("function", "lambda", allow("logs:*", "*"))
    lambdas = served.client("lambda")
    settings = {"Runtime": "python3.11", "Handler": "index.handler", "Code": {"ZipFile": archive.getvalue()}}
    lambdas.create_function(FunctionName="counting", Role=role, **settings)
    for by in (1, 0):
        lambdas.invoke(FunctionName="counting", Payload=f'{{"by": {by}}}'.encode())
    assert today(served, "AWS/Lambda", "Invocations", FunctionName="counting")["Sum"] == 2.0
    errors = today(served, "AWS/Lambda", "Errors", FunctionName="counting")
    assert (errors["Sum"], errors["SampleCount"]) == (1.0, 2.0)
    assert today(served, "AWS/Lambda", "Duration", FunctionName="counting")["Minimum"] > 0
    files = today(served, "shop", "files", Stack="s")
    assert (files["Sum"], files["SampleCount"], files["Maximum"], files["Unit"]) == (14.0, 6.0, 4.0, "Count")


def test_sqs_tells_how_many_messages_wait(served: Served) -> None:
    sqs = served.client("sqs")
    url = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    assert today(served, "AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="waiting")["Maximum"] == 1.0
