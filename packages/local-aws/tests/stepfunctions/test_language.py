"""The language and the API of executions, with real definitions run by the corrected interpreter."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.machines import Machines, choice, one, parameters
from local_aws_harness.served import serve

LIMIT = 262_144


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with serve(tmp_path_factory.mktemp("world"), state_machines.install) as served:
        yield Machines(served)


# Executions


def test_executions_without_a_name_get_different_ones(machines: Machines) -> None:
    arn = machines.create(one({"Type": "Pass"}))
    first, second = (machines.sfn.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(2))
    assert first != second
    machines.ended(first)
    machines.ended(second)


def test_executions_are_listed_newest_first_by_status_and_in_pages(machines: Machines) -> None:
    arn = machines.create(FAIL_IF_ASKED)
    for name, given in (("one", "{}"), ("two", '{"fail": 1}'), ("three", "{}")):
        machines.ended(machines.sfn.start_execution(stateMachineArn=arn, name=name, input=given)["executionArn"])
    listed = machines.sfn.list_executions(stateMachineArn=arn)["executions"]
    assert [e["name"] for e in listed] == ["three", "two", "one"]
    assert all(e["stopDate"] >= e["startDate"] for e in listed)
    failed = machines.sfn.list_executions(stateMachineArn=arn, statusFilter="FAILED")["executions"]
    assert [e["name"] for e in failed] == ["two"]
    pages = machines.sfn.get_paginator("list_executions").paginate(
        stateMachineArn=arn, PaginationConfig={"PageSize": 2}
    )
    assert [[e["name"] for e in page["executions"]] for page in pages] == [["three", "two"], ["one"]]


FAIL_IF_ASKED = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fail", "IsPresent": True, "Next": "No"}],
            "Default": "Yes",
        },
        "Yes": {"Type": "Succeed"},
        "No": {"Type": "Fail", "Error": "Asked", "Cause": "as asked"},
    },
}


def test_a_failed_execution_tells_error_and_cause(machines: Machines) -> None:
    reported = machines.run(FAIL_IF_ASKED, {"fail": 1})
    assert (reported["status"], reported["error"], reported["cause"]) == ("FAILED", "Asked", "as asked")
    assert "output" not in reported
    last = machines.events(reported["executionArn"])[-1]
    assert last["type"] == "ExecutionFailed"
    assert last["executionFailedEventDetails"] == {"error": "Asked", "cause": "as asked"}


def test_stopping_ends_an_execution_at_once(machines: Machines) -> None:
    arn = machines.create(one({"Type": "Wait", "Seconds": 6000}))
    execution = machines.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    machines.sfn.stop_execution(executionArn=execution, error="Mine", cause="enough")
    reported = machines.sfn.describe_execution(executionArn=execution)
    assert (reported["status"], reported["error"], reported["cause"]) == ("ABORTED", "Mine", "enough")
    assert reported["stopDate"] >= reported["startDate"]
    assert machines.events(execution)[-1]["type"] == "ExecutionAborted"


def test_a_machine_has_its_own_time_limit(machines: Machines) -> None:
    reported = machines.run({**one({"Type": "Wait", "Seconds": 6000}), "TimeoutSeconds": 1})
    assert reported["status"] == "TIMED_OUT"
    assert reported["stopDate"] > reported["startDate"]
    assert [e["type"] for e in machines.events(reported["executionArn"])][-1] == "ExecutionTimedOut"


def test_the_history_can_be_read_from_its_end(machines: Machines) -> None:
    reported = machines.run(one({"Type": "Pass"}))
    newest = machines.sfn.get_execution_history(executionArn=reported["executionArn"], reverseOrder=True, maxResults=1)
    assert [e["type"] for e in newest["events"]] == ["ExecutionSucceeded"]
    assert newest["nextToken"]


# The language


@pytest.mark.parametrize(
    ("expression", "given", "expected"),
    [
        pytest.param("States.Format('{} of {}', $.n, 'x')", {"n": 5}, "5 of x", id="format"),
        pytest.param(r"States.Format('it\'s {} \{not this\}', $.n)", {"n": 5}, "it's 5 {not this}", id="escapes"),
        pytest.param(r"States.Format('a\\{}', $.n)", {"n": 5}, "a\\5", id="escaped-backslash"),
        pytest.param("States.Format('\"{}\"', $.n)", {"n": "é"}, '"é"', id="double-quotes"),
        pytest.param("States.Format('a\n\n{}\tb', $.n)", {"n": 5}, "a\n\n5\tb", id="control-characters"),
        pytest.param("States.StringToJson($.j)", {"j": '{"a":[1]}'}, {"a": [1]}, id="string-to-json"),
        pytest.param("States.JsonToString($.j)", {"j": {"a": ["é"]}}, '{"a":["é"]}', id="json-to-string"),
        pytest.param("States.ArrayGetItem(States.StringSplit($.p, '/'), 1)", {"p": "a/b"}, "b", id="nested"),
        pytest.param("States.ArrayLength($.a)", {"a": [1, 2, 3]}, 3, id="array-length"),
        pytest.param("States.MathAdd($.n, -1)", {"n": 5}, 4, id="math-add"),
        pytest.param("$$.State.Name", {}, "First", id="state-name"),
        pytest.param("$.rows[1].data[0].v", {"rows": [{}, {"data": [{"v": "7"}]}]}, "7", id="below-an-index"),
        pytest.param("$.rows[*].v", {"rows": [{"v": 1}]}, [1], id="a-wildcard-gives-a-list"),
        pytest.param("$.rows[*].v", {"rows": []}, [], id="an-empty-list"),
        pytest.param("$.rows[0:1]", {"rows": [1, 2]}, [1], id="slice"),
        pytest.param("$.rows[?(@.v > 1)].v", {"rows": [{"v": 1}, {"v": 2}]}, [2], id="filter"),
        pytest.param("$['a:b']", {"a:b": 1}, 1, id="quoted-name"),
        pytest.param("$.rows", {"rows": [1]}, [1], id="a-list-as-it-is"),
        pytest.param("States.Format('{}', $.o)", {"o": {"a": 1}}, "{a=1}", id="format-an-object"),
    ],
)
def test_expressions(machines: Machines, expression: str, given: Any, expected: Any) -> None:
    assert machines.output(parameters(value=expression), given) == {"value": expected}


@pytest.mark.parametrize("path", ["$.none", "$.rows[5]", "$.none[*].v"])
def test_a_path_that_leads_nowhere_is_a_runtime_error(machines: Machines, path: str) -> None:
    reported = machines.run(parameters(value=path), {"rows": []})
    assert reported["error"] == "States.Runtime"
    assert f"The JSONPath '{path}' specified for the field 'value.$' could not be found" in reported["cause"]


def test_a_function_that_can_not_do_it_fails_by_its_own_error_name(machines: Machines) -> None:
    reported = machines.run(parameters(value="States.StringToJson($.j)"), {"j": "{"})
    assert reported["error"] == "States.IntrinsicFailure"


def test_the_context_object_tells_ids_and_times_as_strings(machines: Machines) -> None:
    names = ("Execution.Id", "Execution.StartTime", "StateMachine.Id", "State.EnteredTime")
    reported = machines.run(parameters(**{name.replace(".", "_"): f"$$.{name}" for name in names}))
    output = json.loads(reported["output"])
    assert output["Execution_Id"] == reported["executionArn"]
    assert output["StateMachine_Id"] == reported["stateMachineArn"]
    for name in ("Execution_StartTime", "State_EnteredTime"):
        assert output[name].endswith("Z")
        assert len(output[name]) == len("2026-11-24T03:14:54.123Z")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param({"Variable": "$.text", "StringMatches": "Too*: *"}, True, id="matches"),
        pytest.param({"Variable": "$.text", "StringMatches": "TooMany?: *"}, False, id="only-the-star-is-special"),
        pytest.param({"Variable": "$.none", "IsPresent": False}, True, id="not-present"),
        pytest.param({"Not": {"Variable": "$.text", "StringEquals": "x"}}, True, id="not"),
        pytest.param({"Variable": "$.n", "NumericLessThanPath": "$.m"}, True, id="less-than-path"),
        pytest.param({"Variable": "$.m", "NumericLessThanPath": "$.n"}, False, id="not-less-than-path"),
        pytest.param({"Variable": "$.id", "StringEqualsPath": "$$.Execution.Id"}, False, id="context-path"),
        pytest.param({"Variable": "$$.Execution.Id", "StringEqualsPath": "$$.Execution.Id"}, True, id="both-context"),
        pytest.param(
            {"And": [{"Variable": "$.n", "NumericEquals": 1}, {"Variable": "$.none", "IsPresent": True}]},
            False,
            id="and",
        ),
    ],
)
def test_choices(machines: Machines, rule: dict[str, Any], expected: bool) -> None:
    assert machines.output(choice(rule), {"text": "TooMany: 5", "n": 1, "m": 2, "id": "x"}) is expected


def test_a_choice_that_asks_for_an_absent_value_is_a_runtime_error(machines: Machines) -> None:
    reported = machines.run(choice({"Variable": "$.none", "StringEquals": "x"}))
    assert reported["error"] == "States.Runtime"
    assert "Invalid path '$.none'" in reported["cause"]


def test_a_choice_without_match_and_default_has_its_own_error(machines: Machines) -> None:
    definition = choice({"Variable": "$.n", "NumericEquals": 2})
    del definition["States"]["First"]["Default"]
    assert machines.run(definition, {"n": 1})["error"] == "States.NoChoiceMatched"


def test_variables_assigned_in_a_choice_are_compared_with_later(machines: Machines) -> None:
    definition = one(
        {"Type": "Pass", "Assign": {"limit.$": "$.limit"}, "Next": "Ask"},
        Ask={
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThanPath": "$limit", "Next": "Yes"}],
            "Default": "No",
        },
        Yes={"Type": "Succeed"},
        No={"Type": "Fail", "Error": "No"},
    )
    assert machines.run(definition, {"n": 1, "limit": 2})["status"] == "SUCCEEDED"
    assert machines.run(definition, {"n": 3, "limit": 2})["error"] == "No"


def test_paths_of_pass_wait_fail_and_succeed(machines: Machines) -> None:
    definition = one(
        {"Type": "Pass", "Result": {"x": 1}, "ResultPath": "$.a.b", "Next": "Pause"},
        Pause={"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Drop"},
        Drop={"Type": "Pass", "Result": "lost", "ResultPath": None, "Next": "Done"},
        Done={"Type": "Succeed", "InputPath": "$.a", "OutputPath": "$.b"},
    )
    assert machines.output(definition, {"seconds": 0}) == {"x": 1}
    failing = one({"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('because {}', $.c)"})
    reported = machines.run(failing, {"e": "Mine", "c": "of this"})
    assert (reported["error"], reported["cause"]) == ("Mine", "because of this")
