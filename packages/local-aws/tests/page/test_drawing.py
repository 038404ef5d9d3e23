"""The picture of a state machine: which state stands in which row, and what an execution colors. Expected by hand."""

from __future__ import annotations

import datetime
from typing import Any

from local_aws.page.drawing import drawing, rows
from local_aws.page.look import Visit, visits

MACHINE: dict[str, Any] = {
    "StartAt": "Fetch",
    "States": {
        "Fetch": {"Type": "Task", "Next": "IsItNew", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell"}]},
        "IsItNew": {"Type": "Choice", "Choices": [{"Next": "Wait"}], "Default": "Done"},
        "Wait": {"Type": "Wait", "Next": "Look"},
        "Look": {"Type": "Task", "Next": "IsItOver"},
        "IsItOver": {"Type": "Choice", "Choices": [{"Next": "Done"}], "Default": "Wait"},
        "Done": {"Type": "Succeed"},
        "Tell": {"Type": "Task", "Next": "Failed"},
        "Failed": {"Type": "Fail"},
    },
}


def event(kind: str, second: float, **details: Any) -> dict[str, Any]:
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=second)
    return {"type": kind, "timestamp": moment, **details}


def entered(name: str, second: float) -> dict[str, Any]:
    return event("TaskStateEntered", second, stateEnteredEventDetails={"name": name})


def exited(name: str, second: float) -> dict[str, Any]:
    return event("TaskStateExited", second, stateExitedEventDetails={"name": name})


def test_a_state_stands_below_those_that_lead_to_it_and_a_loop_leads_back() -> None:
    assert rows(MACHINE) == [["Fetch"], ["IsItNew", "Tell"], ["Wait", "Failed"], ["Look"], ["IsItOver"], ["Done"]]


def test_a_visited_state_has_its_seconds_and_one_that_failed_its_color() -> None:
    text = str(drawing(MACHINE, {"Fetch": Visit(2.345, failed=True), "Tell": Visit(None, failed=False)}))
    assert '<g class="failed">' in text
    assert ">2.3 s<" in text
    assert '<g class="running">' in text
    assert text.count("<rect") == len(MACHINE["States"])


def test_a_name_cannot_bring_markup_along() -> None:
    machine = {"StartAt": "<script>", "States": {"<script>": {"Type": "Succeed"}}}
    assert "&lt;script&gt;" in drawing(machine, {})
    assert "<script>" not in drawing(machine, {})


def test_seconds_come_from_the_events_and_those_of_a_loop_are_added() -> None:
    history = [entered("Wait", 1.0), exited("Wait", 3.0), entered("Look", 3.0), exited("Look", 3.5)]
    history += [entered("Wait", 4.0), exited("Wait", 6.5), entered("Look", 6.5)]
    assert visits(history) == {"Wait": Visit(4.5, failed=False), "Look": Visit(None, failed=False)}


def test_a_state_that_failed_and_was_caught_is_marked() -> None:
    history = [entered("Fetch", 0.0), event("TaskFailed", 1.0), exited("Fetch", 1.0), entered("Tell", 1.0)]
    assert visits(history) == {"Fetch": Visit(1.0, failed=True), "Tell": Visit(None, failed=False)}
