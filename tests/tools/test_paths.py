"""The rules on what states read, decide and hand on, on machines of two or three states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tools.checks.project import Project
from tools.checks.rules import arguments, decisions, paths, promises

TASK = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Next": "Reader"}


def machine(first: dict[str, Any], reads: str, **others: dict[str, Any]) -> Project:
    """A machine whose state `Reader` reads a path after the state `First`."""
    reader = {"Type": "Pass", "Parameters": {"x.$": reads}, "End": True}
    states = {"First": {**TASK, **first}, "Reader": reader, **others}
    return Project({}).with_data("definition", {"StartAt": "First", "States": states})


def found(rule: Callable[[Project], Iterable[str]], project: Project) -> list[str]:
    return list(rule(project))


@pytest.mark.parametrize(
    ("first", "reads"),
    [
        ({"ResultSelector": {"a.$": "$.A"}, "ResultPath": "$.r"}, "$.r.a"),
        ({"ResultPath": "$.r"}, "$.r.whatever.the.service.says"),
        ({"ResultPath": "$.r", "Assign": {"name.$": "$$.State.Name"}}, "$name"),
        ({"ResultPath": "$.r"}, "States.Format('{} of {}', $.r.a, $$.Execution.Id)"),
    ],
)
def test_what_was_written_may_be_read(first: dict[str, Any], reads: str) -> None:
    project = machine(first, reads)
    assert found(paths.paths_are_written_before_they_are_read, project) == []
    assert found(paths.paths_are_well_formed, project) == []


@pytest.mark.parametrize(
    ("first", "reads"),
    [
        ({"ResultSelector": {"a.$": "$.A"}, "ResultPath": "$.r"}, "$.r.b"),
        ({"ResultPath": None}, "$.r"),
        ({"ResultPath": "$.r"}, "$name"),
        ({"ResultSelector": {"a.$": "$.A"}}, "$.r.a"),
    ],
)
def test_what_was_not_written_is_told(first: dict[str, Any], reads: str) -> None:
    (problem,) = found(paths.paths_are_written_before_they_are_read, machine(first, reads))
    assert problem.startswith("Reader: Parameters.x.$ reads ")


def test_a_way_around_what_is_written_is_told() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Reader"}]
    project = machine({"ResultPath": "$.r", "Catch": catch}, "$.r.a")
    assert len(found(paths.paths_are_written_before_they_are_read, project)) == 1


@pytest.mark.parametrize("text", ["", "$.a$.a", "a", "States.Nothing($.a)", "$$.Execution.Nothing"])
def test_what_is_no_path_is_told(text: str) -> None:
    assert found(paths.paths_are_well_formed, machine({"ResultPath": "$.r"}, text)) != []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"Bucket": "b"}, "Parameters lacks Key"),
        ({"Bucket": "b", "Key": "k", "Kee": "x"}, "Parameters has the unknown argument Kee"),
        ({"Bucket": "b", "Key": 1}, "Parameters.Key is 1, expected a text"),
        ({"Bucket": "b", "Key.$": "$.k", "ChecksumMode": "ON"}, "Parameters.ChecksumMode is 'ON', expected ENABLED"),
    ],
)
def test_arguments_are_those_of_the_service(given: dict[str, Any], problem: str) -> None:
    project = machine({"Parameters": given}, "$.r")
    assert found(arguments.calls_match_the_service_models, project) == [f"First: {problem}"]


@pytest.mark.parametrize(
    ("choice", "document", "expected"),
    [
        ({"Variable": "$.a", "NumericGreaterThan": 1}, {"a": 2}, "Yes"),
        ({"Variable": "$.a", "NumericGreaterThan": 1}, {"a": 1}, "No"),
        ({"Variable": "$.a", "IsPresent": False}, {}, "Yes"),
        ({"Variable": "$.a", "StringMatches": "*{x}*"}, {"a": "1{x}2"}, "Yes"),
        ({"Variable": "$.a[1]", "StringEquals": "b"}, {"a": ["a", "b"]}, "Yes"),
        (
            {"And": [{"Variable": "$.a", "IsNull": True}, {"Variable": "$.b", "IsNull": True}]},
            {"a": None, "b": 1},
            "No",
        ),
        (
            {"Or": [{"Variable": "$.a", "IsNull": True}, {"Variable": "$.b", "IsNull": True}]},
            {"a": None, "b": 1},
            "Yes",
        ),
    ],
)
def test_a_decision_is_taken(choice: dict[str, Any], document: dict[str, Any], expected: str) -> None:
    assert decisions.decided({"Choices": [{**choice, "Next": "Yes"}], "Default": "No"}, document) == expected


def test_a_path_to_nothing_stops_a_decision() -> None:
    state = {"Choices": [{"Variable": "$.a", "NumericEquals": 1, "Next": "Yes"}], "Default": "No"}
    assert decisions.decided(state, {}).startswith("an error")


@pytest.mark.parametrize(
    ("value", "promised", "holds"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"b": 2}, {"a": 1}, False),
        ([1, 2], [1], False),
        (True, 1, False),
        ("x", "x", True),
    ],
)
def test_a_promise_names_what_must_be_there(value: Any, promised: Any, holds: bool) -> None:
    assert promises.holds(value, promised) is holds


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("A.Rules.b.Days", 7),
        ("A.Rules.0.Id", "b"),
        ("A.key.with.dots", 1),
    ],
)
def test_a_promise_is_found_by_its_path(path: str, expected: Any) -> None:
    assert promises.at({"A": {"Rules": [{"Id": "b", "Days": 7}], "key.with.dots": 1}}, path) == expected
