"""The state machine's definition: what cfn-lint does not look into."""

from __future__ import annotations

import inspect
import re
from itertools import pairwise
from typing import Any

import pytest

import errors as ingest_errors
from mhealth import errors as glue_errors

STATES_OF_THE_DESIGN = (
    "DownloadCSV",
    "ConvertParquet",
    "GlueTransform",
    "RefreshCatalog",
    "VerifySnapshot",
    "PublishSnapshot",
    "RecordSuccess",
    "NotifyFailure",
)


def next_states(state: dict[str, Any]) -> set[str]:
    """Where a state can lead."""
    followers = {state[key] for key in ("Next", "Default") if key in state}
    followers |= {choice["Next"] for choice in state.get("Choices", [])}
    return followers | {catcher["Next"] for catcher in state.get("Catch", [])}


def error_names(module: Any) -> set[str]:
    """The named errors of a deployable: every exception class of its module that no other one derives from."""
    classes = [each for _, each in inspect.getmembers(module, inspect.isclass) if issubclass(each, Exception)]
    own = [each for each in classes if each.__module__ == module.__name__]
    return {each.__name__ for each in own if not any(other is not each and issubclass(other, each) for other in own)}


def test_has_every_state_of_the_design(states: dict[str, Any]) -> None:
    assert [name for name in STATES_OF_THE_DESIGN if name not in states] == []


def test_every_transition_leads_to_a_state_and_every_state_is_reached(definition: dict[str, Any]) -> None:
    states = definition["States"]
    reached, ahead = set(), {definition["StartAt"]}
    while ahead:
        name = ahead.pop()
        assert name in states, f"a transition leads to {name}, which is no state"
        reached.add(name)
        ahead |= next_states(states[name]) - reached
    assert set(states) - reached == set()


def test_every_task_retries_catches_and_ends_in_time(states: dict[str, Any]) -> None:
    tasks = {name: state for name, state in states.items() if state["Type"] == "Task"}
    assert len(tasks) >= 10
    for name, task in tasks.items():
        assert task["TimeoutSeconds"] > 0, name
        assert task["Retry"], name
        assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_every_failure_is_notified_with_the_state_that_failed(states: dict[str, Any]) -> None:
    for name, state in states.items():
        if state["Type"] != "Task" or name in {"NotifyFailure", "StopCrawler"} or name.startswith("Measure"):
            continue
        last = state["Catch"][-1]
        assert last["Next"] == "ExplainFailure", name
        assert last["Assign"] == {"failedState.$": "$$.State.Name"}, name


def test_a_metric_that_cannot_be_put_fails_no_run(states: dict[str, Any]) -> None:
    measuring = {name: state for name, state in states.items() if name.startswith("Measure")}
    assert set(measuring) == {"MeasureNothingNew", "MeasurePublication"}
    for name, state in measuring.items():
        assert state["Catch"] == [
            {"ErrorEquals": ["States.ALL"], "ResultPath": "$.unmeasured", "Next": state["Next"]}
        ], name


def test_every_way_out_of_a_failure_passes_the_notification(states: dict[str, Any]) -> None:
    before_the_end = [name for name, state in states.items() if "Failed" in next_states(state)]
    assert before_the_end == ["NotifyFailure"]


def test_no_data_error_is_retried(states: dict[str, Any]) -> None:
    deterministic = (error_names(glue_errors) | error_names(ingest_errors)) - {"KaggleUnavailable"}
    retried = {
        error for state in states.values() for retrier in state.get("Retry", []) for error in retrier["ErrorEquals"]
    }
    assert "KaggleUnavailable" in retried
    assert retried & deterministic == set()
    for name in ("DownloadCSV", "ConvertParquet", "GlueTransform"):
        errors = {error for retrier in states[name]["Retry"] for error in retrier["ErrorEquals"]}
        assert errors & {"States.ALL", "States.TaskFailed", "States.Timeout"} == set(), name


def test_the_errors_of_the_jobs_keep_their_names(states: dict[str, Any]) -> None:
    named = {}
    for choice in states["NameJobFailure"]["Choices"]:
        error = choice["StringMatches"].removeprefix("*").removesuffix(": *")
        named[error] = states[choice["Next"]]["Result"]
    assert set(named) == error_names(glue_errors)
    assert all(error == result for error, result in named.items())


def test_substitutions_of_template_and_definition_are_the_same(
    template: dict[str, Any], definition: dict[str, Any]
) -> None:
    given = set(template["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"])
    assert set(re.findall(r"\$\{(\w+)\}", str(definition))) == given


@pytest.mark.parametrize("statement", ["VerifyStatement", "PublishStatement"])
def test_statements_fit_into_a_quoted_intrinsic(template: dict[str, Any], statement: str) -> None:
    # They stand between single quotes in States.Format, inside a JSON string, and have one place for the number.
    text = str(template["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"][statement])
    columns = template["Mappings"]["View"]["Select"]["Columns"]
    assert text.count("{}") == 1
    assert not re.search(r"['\"\\]", columns)
    assert "\\" not in text


def test_publication_comes_after_verification_and_before_the_record(states: dict[str, Any]) -> None:
    order = ["GlueTransform", "RefreshCatalog", "VerifySnapshot", "PublishSnapshot", "RecordSuccess"]
    for earlier, later in pairwise(order):
        # Without the state `later`, nothing behind it can be reached from the start but through `earlier`.
        assert not _reachable_without(states, "DownloadCSV", later, avoided=earlier)


def _reachable_without(states: dict[str, Any], start: str, goal: str, *, avoided: str) -> bool:
    seen, ahead = set(), {start}
    while ahead:
        name = ahead.pop()
        seen.add(name)
        ahead |= next_states(states[name]) - seen - {avoided}
    return goal in seen
