"""Tasks: service calls, their errors, retries and limits, with real definitions run by the interpreter."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.athena.responses import AthenaResponse
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.machines import BUCKET, CATCH_ALL, CAUGHT, Machines, one, parameters, task
from local_aws_harness.served import serve
from local_aws_harness.waiting import HANG

LIMIT = 262_144


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with serve(tmp_path_factory.mktemp("world"), state_machines.install) as served:
        yield Machines(served)


# Tasks, retries, errors


def test_a_caught_error_leaves_its_name_and_the_state_in_variables(machines: Machines) -> None:
    definition = one(
        task("aws-sdk:s3:getObject", {"Bucket": BUCKET, "Key": "nothing"}, **CATCH_ALL, Next="Caught"), Caught=CAUGHT
    )
    reported = machines.output(definition, {"kept": 7})
    assert (reported["state"], reported["what"], reported["kept"]) == ("First", "S3.NoSuchKeyException!", 7)
    assert reported["error"]["Error"] == "S3.NoSuchKeyException"
    assert "(Service: S3, Status Code: 404" in reported["error"]["Cause"]


@pytest.mark.parametrize(
    ("resource", "given", "error"),
    [
        pytest.param("aws-sdk:s3:headObject", {"Bucket": BUCKET, "Key": "no"}, "S3.NoSuchKeyException", id="head"),
        pytest.param("aws-sdk:s3:getObject", {"Bucket": "none-such", "Key": "k"}, "S3.NoSuchBucketException", id="get"),
        pytest.param("aws-sdk:glue:getCrawler", {"Name": "no"}, "Glue.EntityNotFoundException", id="glue"),
        pytest.param(
            "aws-sdk:sfn:describeExecution",
            {"ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:x:y"},
            "Sfn.ExecutionDoesNotExistException",
            id="sfn",
        ),
        pytest.param("glue:startJobRun.sync", {"JobName": "no"}, "Glue.EntityNotFoundException", id="job"),
    ],
)
def test_errors_have_the_names_that_aws_gives(machines: Machines, resource: str, given: Any, error: str) -> None:
    reported = machines.run(one(task(resource, given)))
    assert reported["error"] == error
    failed = [e for e in machines.events(reported["executionArn"]) if e["type"] == "TaskFailed"]
    assert [e["taskFailedEventDetails"]["error"] for e in failed] == [error]
    assert failed[0]["taskFailedEventDetails"]["resource"] == resource.split(":")[-1]


def test_objects_go_to_s3_as_json_and_come_back_as_text_with_metadata(machines: Machines) -> None:
    put = task(
        "aws-sdk:s3:putObject",
        {"Bucket": BUCKET, "Key": "k", "Body": {"n.$": "$.n"}, "Metadata": {"rows": "5"}},
        ResultPath=None,
        Next="Head",
    )
    head = task(
        "aws-sdk:s3:headObject",
        {"Bucket": BUCKET, "Key": "k"},
        ResultSelector={"rows.$": "$.Metadata.rows", "modified.$": "$.LastModified"},
        ResultPath="$.head",
        Next="Get",
    )
    get = task(
        "aws-sdk:s3:getObject",
        {"Bucket": BUCKET, "Key": "k"},
        ResultSelector={"body.$": "States.StringToJson($.Body)"},
        ResultPath="$.got",
        End=True,
    )
    reported = machines.output(one(put, Head=head, Get=get), {"n": "é"})
    assert reported["got"] == {"body": {"n": "é"}}
    assert reported["head"]["rows"] == "5"
    assert reported["head"]["modified"].endswith("Z")
    stored = machines.served.client("s3").get_object(Bucket=BUCKET, Key="k")["Body"].read()
    assert stored == '{"n":"é"}'.encode()


def test_a_state_machine_sees_its_own_executions(machines: Machines) -> None:
    listing = task("aws-sdk:sfn:listExecutions", {"StateMachineArn.$": "$$.StateMachine.Id", "StatusFilter": "RUNNING"})
    reported = machines.run(one(listing))
    (running,) = json.loads(reported["output"])["Executions"]
    assert running["ExecutionArn"] == reported["executionArn"]
    assert running["StartDate"].endswith("Z")


def test_messages_are_published(machines: Machines) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    reported = machines.output(one(task("sns:publish", {"TopicArn": topic, "Subject": "s", "Message": {"a": 1}})))
    assert reported["MessageId"]


@pytest.mark.parametrize(
    ("resource", "given", "reported"),
    [
        pytest.param("aws-sdk:s3:get_object", {}, "they are in camelCase", id="action"),
        pytest.param(
            "aws-sdk:s3:getObject", {"Bucket": "b"}, "The field 'Key' is required but was missing", id="missing"
        ),
        pytest.param(
            "athena:getQueryResults", {"queryExecutionId": "x"}, "'queryExecutionId' is not supported", id="case"
        ),
        pytest.param("athena:listWorkGroups", {}, "is not recognized", id="not-an-integration"),
        pytest.param("athena:getQueryResults.sync", {"QueryExecutionId": "x"}, "is not recognized", id="no-sync-form"),
    ],
)
def test_a_definition_that_aws_refuses_is_refused(machines: Machines, resource: str, given: Any, reported: str) -> None:
    with pytest.raises(ClientError, match=reported) as refused:
        machines.create(one(task(resource, given)))
    assert refused.value.response["Error"]["Code"] == "InvalidDefinition"


def test_arguments_of_a_job_must_be_strings(machines: Machines) -> None:
    given = {"JobName": "no", "Arguments": {"--snapshot.$": "$.n"}}
    reported = machines.run(
        one(task("glue:startJobRun.sync", given, **CATCH_ALL, Next="Caught"), Caught=CAUGHT), {"n": 1}
    )
    assert reported["error"] == "States.Runtime", "a wrong definition, which States.ALL does not catch"
    assert "The value for the field '--snapshot' must be a STRING" in reported["cause"]


@pytest.mark.parametrize("value", [pytest.param(True, id="boolean"), pytest.param("5", id="text")])
def test_a_number_must_be_a_number(machines: Machines, value: Any) -> None:
    given = {"StateMachineArn.$": "$$.StateMachine.Id", "MaxResults": value}
    reported = machines.run(one(task("aws-sdk:sfn:listExecutions", given)))
    assert "The value for the field 'MaxResults' must be a INTEGER" in reported["cause"]


def test_retries_happen_as_often_as_asked_and_are_in_the_history(machines: Machines) -> None:
    retry = {"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1_000_000}
    definition = one(
        task(
            "aws-sdk:s3:getObject",
            {"Bucket": BUCKET, "Key": "no"},
            Retry=[{**retry, "MaxDelaySeconds": 1, "JitterStrategy": "FULL"}],
        )
    )
    reported = machines.run(definition)
    types = [e["type"] for e in machines.events(reported["executionArn"])]
    assert types.count("TaskScheduled") == 3
    assert types.count("TaskFailed") == 3
    # That it ends shows that MaxDelaySeconds bounds the second wait.


def test_stopping_interrupts_the_wait_for_a_retry(machines: Machines) -> None:
    before = interpreters()
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "MaxAttempts": 5}
    definition = one(task("aws-sdk:s3:getObject", {"Bucket": BUCKET, "Key": "no"}, Retry=[retry]))
    execution = machines.sfn.start_execution(stateMachineArn=machines.create(definition))["executionArn"]
    while not any(e["type"] == "TaskFailed" for e in machines.events(execution)):
        time.sleep(0.02)
    machines.sfn.stop_execution(executionArn=execution)
    assert machines.ended(execution)["status"] == "ABORTED"
    end = time.monotonic() + HANG
    while interpreters() - before:
        assert time.monotonic() < end, "its thread still waits for the next attempt"
        time.sleep(0.05)


def interpreters() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if "(eval)" in thread.name}


def test_a_queries_failure_arrives_as_a_task_failure_with_the_query_as_cause(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = {"Query": "SELECT 1", "Status": {"State": "FAILED", "SubmissionDateTime": 1795492247.629}}

    def answer(_: AthenaResponse) -> str:
        return json.dumps({"QueryExecution": failed})

    monkeypatch.setattr(AthenaResponse, "get_query_execution", answer)
    given = {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/r/"}}
    reported = machines.run(one(task("athena:startQueryExecution.sync", given)))
    assert reported["error"] == "States.TaskFailed"
    query = {"Query": "SELECT 1", "Status": {"State": "FAILED", "SubmissionDateTime": 1795492247629}}
    assert json.loads(reported["cause"]) == {"QueryExecution": query}, "times in epoch milliseconds"


def test_a_query_is_waited_for(machines: Machines) -> None:
    given = {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/r/"}}
    reported = machines.output(one(task("athena:startQueryExecution.sync", given)))
    assert reported["QueryExecution"]["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        pytest.param({"errorType": "SourceUnavailable", "errorMessage": "503"}, "SourceUnavailable", id="exception"),
        pytest.param({"errorMessage": "Task timed out after 3.00 seconds"}, "Lambda.Unknown", id="no-type"),
    ],
)
def test_a_functions_exception_arrives_under_its_class_name(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any], error: str
) -> None:
    def invoke(**_: Any) -> dict[str, Any]:
        return {"FunctionError": "Unhandled", "Payload": payload}

    monkeypatch.setattr(lambda_eval_utils, "_invoke_lambda_function", invoke)
    reported = machines.run(one(task("lambda:invoke", {"FunctionName": "f", "Payload": {}})))
    assert reported["error"] == error
    assert json.loads(reported["cause"]) == payload


def test_branches_and_iterations_run_and_fail_with_their_error(machines: Machines) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:alarms"
    publish = task("sns:publish", {"TopicArn": topic, "Message.$": "$.m"}, ResultPath=None, End=True)
    read = task("aws-sdk:s3:getObject", {"Bucket": BUCKET, "Key": "no"}, End=True)
    both = {"Type": "Parallel", "Branches": [{"StartAt": "P", "States": {"P": publish}}] * 2, "Next": "Each"}
    each = {"Type": "Map", "ItemProcessor": {"StartAt": "Q", "States": {"Q": publish}}, "End": True}
    assert machines.output(one(both, Each=each), {"m": "x"}) == [{"m": "x"}, {"m": "x"}]
    failing = {**both, "Branches": [{"StartAt": "R", "States": {"R": read}}], "Next": "Each"}
    assert machines.run(one(failing, Each=each), {"m": "x"})["error"] == "S3.NoSuchKeyException"


# Limits


def test_the_execution_input_has_a_limit(machines: Machines) -> None:
    arn = machines.create(one({"Type": "Pass"}))
    fits = json.dumps("x" * (LIMIT - 2))
    reported = machines.ended(machines.sfn.start_execution(stateMachineArn=arn, input=fits)["executionArn"])
    assert reported["status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="less than or equal to 262144"):
        machines.sfn.start_execution(stateMachineArn=arn, input=json.dumps("x" * (LIMIT - 1)))


@pytest.mark.parametrize(
    ("more", "status"), [pytest.param(0, "SUCCEEDED", id="fits"), pytest.param(1, "FAILED", id="not")]
)
def test_a_states_output_has_a_limit_in_bytes(machines: Machines, more: int, status: str) -> None:
    text = "é" * ((LIMIT - len('{"a":""}')) // 2)  # two bytes each, one when counted in letters
    reported = machines.run(parameters(a="States.Format('{}{}', $, '" + "x" * more + "')"), text)
    assert reported["status"] == status
    if more:
        assert reported["error"] == "States.DataLimitExceeded"


def test_a_tasks_result_has_a_limit_that_no_catch_all_hides(machines: Machines) -> None:
    machines.served.client("s3").put_object(Bucket=BUCKET, Key="big", Body=b"x" * LIMIT)
    big = task("aws-sdk:s3:getObject", {"Bucket": BUCKET, "Key": "big"}, ResultSelector={"n": 1})
    reported = machines.run(one({**big, **CATCH_ALL, "Next": "Caught"}, Caught=CAUGHT), {"kept": 1})
    assert (reported["status"], reported["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_a_tasks_parameters_have_a_limit(machines: Machines) -> None:
    given = {"TopicArn": "arn:aws:sns:us-east-1:123456789012:alarms", "Message.$": "$"}
    reported = machines.run(one(task("sns:publish", given)), "x" * (LIMIT - 10))
    assert (reported["status"], reported["error"]) == ("FAILED", "States.DataLimitExceeded")
