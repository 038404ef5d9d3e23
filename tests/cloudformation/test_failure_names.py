"""What a failure is called: the states from ExplainFailure on, run with the causes that AWS's services write.

The forms are those of AWS: Glue's `ErrorMessage` from public run logs (Glue 4 and 5, 2025 and 2026), Lambda's payload
and Athena's QueryExecution from their documentation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.machines import Machines
from local_aws_harness.served import serve

Told = Callable[[str, str, str], tuple[str, str]]

JOB_ERRORS = (
    "TooManyBadRows",
    "DuplicateSubject",
    "MissingSubject",
    "SchemaMismatch",
    "RowCountMismatch",
    "CodeVersionMismatch",
    "InvalidArgument",
    "JobFailed",
)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with serve(tmp_path_factory.mktemp("world"), state_machines.install) as served:
        yield Machines(served)


@pytest.fixture(scope="module")
def reported(machines: Machines, states: dict[str, Any]) -> Told:
    """The error and the cause that an execution ends with, whose state failed so."""
    given = {"Type": "Pass", "Assign": {"failedState.$": "$.state"}, "Next": "ExplainFailure"}
    end = {"Type": "Pass", "Next": "Failed"}  # There is no function that reports, and no topic.
    named = {"Given": given, **reached_from("ExplainFailure", {**states, "ReportFailure": end})}
    arn = machines.create({"StartAt": "Given", "States": named})

    def run(state: str, error: str, cause: str) -> tuple[str, str]:
        failure = json.dumps({"state": state, "failure": {"Error": error, "Cause": cause}})
        execution = machines.sfn.start_execution(stateMachineArn=arn, input=failure)["executionArn"]
        ended = machines.ended(execution)
        assert ended["status"] == "FAILED"
        return ended["error"], ended.get("cause", "")

    return run


def reached_from(start: str, states: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = states[name]
            rules = [states[name], *states[name].get("Choices", [])]
            waiting += [rule[key] for rule in rules for key in ("Next", "Default") if key in rule]
    return found


def job_failure(message: str | None) -> str:
    run = {
        "Arguments": {"--execution": "arn"},
        "Attempt": 0,
        "Id": "jr_1",
        "JobName": "convert",
        "JobRunState": "FAILED",
    }
    return json.dumps(run if message is None else {**run, "ErrorMessage": message}, separators=(",", ":"))


def query_failure(reason: str) -> str:
    status = {"State": "FAILED", "StateChangeReason": reason}
    return json.dumps({"QueryExecution": {"QueryExecutionId": "q-1", "Status": status}}, separators=(",", ":"))


def function_failure(kind: str, message: str) -> str:
    return json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": [message]})


GLUE_5 = "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 20; "


@pytest.mark.parametrize("name", JOB_ERRORS)
def test_a_job_error_has_its_class_for_name(reported: Told, name: str) -> None:
    message = f"{GLUE_5}{name}: 5 of 9 lines; see s3://bucket/key"
    assert reported("ConvertParquet", "States.TaskFailed", job_failure(message)) == (name, message)


@pytest.mark.parametrize("before", ["Error Category: UNCLASSIFIED_ERROR; ", ""])
def test_a_job_error_keeps_its_name_where_glue_writes_less_before_it(reported: Told, before: str) -> None:
    failure = job_failure(f"{before}MissingSubject: of 3")
    assert reported("GlueTransform", "States.TaskFailed", failure) == (
        "MissingSubject",
        f"{before}MissingSubject: of 3",
    )


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json", '"name.$": "$.failure.parts[4]"', '"name.$": "$.failure.parts[6]"'
)
@pytest.mark.parametrize(
    "message",
    [
        pytest.param("ValueError: in SchemaMismatch: a.log", id="in-the-text"),
        pytest.param("ValueError: a;Failed Line Number: 1; MissingSubject: b", id="in-the-text-as-glue-writes-it"),
        pytest.param("ValueError: Error Category: X; Failed Line Number: 1; MissingSubject: b", id="a-whole-one"),
        pytest.param("ValueError; MissingSubject: b", id="behind-a-class-without-text"),
        pytest.param("KeyError: 'TooManyBadRows: '", id="a-key"),
        pytest.param("An error occurred while calling o53.save. TooManyBadRows: x", id="java-error-without-class"),
        pytest.param("OurTooManyBadRows: x", id="a-class-that-ends-so"),
        pytest.param("TooManyBadRowsOfAll: x", id="a-class-that-begins-so"),
        pytest.param(": TooManyBadRows : x", id="empty-and-padded"),
    ],
)
def test_no_text_behind_the_class_chooses_the_name(reported: Told, message: str) -> None:
    failure = job_failure(GLUE_5 + message)
    assert reported("GlueTransform", "States.TaskFailed", failure) == ("JobFailed", GLUE_5 + message)


@pytest.mark.parametrize("message", [None, "", ":;", "Command failed with exit code 10", "Error Category: X"])
def test_a_job_that_names_no_class_has_failed(reported: Told, message: str | None) -> None:
    assert reported("GlueTransform", "States.TaskFailed", job_failure(message))[0] == "JobFailed"


HOSTILE = (
    "QueryExecution",
    '"QueryExecution":',
    '{"QueryExecution":{}}',
    '","JobRunState":"FAILED","ErrorMessage":"SchemaMismatch: x',
    "Error Category: X; Failed Line Number: 1; SchemaMismatch: x",
)


@pytest.mark.notices("cloudformation/pipeline.asl.json", '"{*\\"QueryExecution\\":*}"', '"{*\\"QueryExecution\\"*}"')
@pytest.mark.parametrize("text", HOSTILE)
def test_texts_inside_a_failure_are_only_told(reported: Told, text: str) -> None:
    assert reported("DownloadCSV", "UnknownLayout", function_failure("UnknownLayout", text)) == ("UnknownLayout", text)
    query = reported("VerifySnapshot", "States.TaskFailed", query_failure(text))
    assert query == ("QueryFailed", f"The query q-1 is FAILED: {text}")
    assert reported("ConvertParquet", "States.TaskFailed", job_failure(f"ValueError: {text}"))[0] == "JobFailed"


@pytest.mark.notices("cloudformation/pipeline.asl.json", '"cause.$": "$.report.cause"', '"cause.$": "$.failure.Cause"')
def test_a_notice_is_text_for_people_and_json_for_programs(machines: Machines, states: dict[str, Any]) -> None:
    given = {"Type": "Pass", "Assign": {"failedState.$": "$.state"}, "Next": "NotifyFailure"}
    sent = {"Type": "Pass", "Parameters": states["PublishFailure"]["Parameters"]["Message"], "End": True}
    definition = {"Given": given, "NotifyFailure": states["NotifyFailure"], "PublishFailure": sent}
    cause = 'line 3 of "a.log" has {} fields\nand more'
    machine = machines.create({"StartAt": "Given", "States": definition})
    failure = {"Error": "TooManyBadRows", "Cause": f"{GLUE_5}TooManyBadRows: {cause}"}
    written = {"uri": "s3://b/r.html", "cause": cause}
    given_input = json.dumps({"state": "ConvertParquet", "failure": failure, "report": written})
    execution = machines.sfn.start_execution(stateMachineArn=machine, input=given_input)["executionArn"]
    message = json.loads(machines.ended(execution)["output"])
    assert set(message) == {"default", "email", "https"}
    notice = json.loads(message["default"])
    assert (notice["state"], notice["error"], notice["cause"]) == ("ConvertParquet", "TooManyBadRows", cause)
    assert "TooManyBadRows" in notice["what_to_do"]
    assert notice["report"] == "s3://b/r.html"
    paragraphs = message["email"].strip().split("\n\n")
    assert paragraphs[0] == "A run of the mHealth pipeline failed."
    assert [paragraph.split()[0] for paragraph in paragraphs[1:]] == [
        *("What", "Why", "To", "Readers", "Report", "Execution", "Link")
    ]
    assert paragraphs[1].startswith("What       TooManyBadRows in the state ConvertParquet of the stack ")
    assert paragraphs[2] == f"Why        {cause}"
    assert paragraphs[5] == "Report     s3://b/r.html"
    assert paragraphs[-1].endswith(execution)
    # The schema of custom notifications, by the administrator guide of Amazon Q Developer in chat applications
    # (custom-notifs.html, read 2026-11-30): anything else that arrives on a topic is not shown in a channel.
    chat = json.loads(message["https"])
    assert (chat["version"], chat["source"]) == ("1.0", "custom")
    assert chat["content"]["description"] == cause
    assert "TooManyBadRows in ConvertParquet" in chat["content"]["title"]
    assert execution in chat["content"]["nextSteps"][1]
