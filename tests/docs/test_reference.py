"""docs/columns.md and the picture in docs/architecture.md are what the template and the state machine say today."""

from __future__ import annotations

import re
from typing import Any

import pytest

from docs import architecture, columns
from docs.parameters import template


def test_columns_are_those_of_the_template_today() -> None:
    assert columns.PAGE.read_text() == columns.page(template()), "stale: run `make reference`"


def test_every_measured_column_has_a_unit_and_no_other() -> None:
    rows = re.findall(r"^\| (\w+) \| (\S+) \| (.*) \| .+ \|$", columns.PAGE.read_text(), re.MULTILINE)
    assert len(rows) == 27 + 2
    assert {name for name, kind, unit in rows if unit} == {name for name, kind, _ in rows if kind == "double"}


def test_picture_is_the_one_of_the_definition_today() -> None:
    text = architecture.PAGE.read_text()
    assert architecture.page(text, architecture.definition()) == text, "stale: run `make reference`"


def test_picture_shows_the_way_of_a_run_and_leaves_failures_out() -> None:
    definition: dict[str, Any] = {
        "StartAt": "Fetch",
        "States": {
            "Fetch": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Next": "IsItNew",
                "Catch": [{"Next": "Tell"}],
            },
            "IsItNew": {"Type": "Choice", "Choices": [{"Next": "Load"}, {"Next": "Load"}], "Default": "Stop"},
            "Load": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:startCrawler", "End": True},
            "Stop": {"Type": "Fail"},
            "Tell": {"Type": "Fail"},
        },
    }
    assert architecture.picture(definition).splitlines() == [
        "```mermaid",
        "flowchart TD",
        '  Fetch["Fetch<br/>lambda:invoke"]',
        '  IsItNew{"IsItNew"}',
        '  Load(["Load<br/>glue:startCrawler"])',
        '  Stop(["Stop"])',
        "  Fetch --> IsItNew",
        "  IsItNew --> Load",
        "  IsItNew --> Stop",
        "```",
    ]


def test_page_without_its_marker_is_refused() -> None:
    with pytest.raises(LookupError, match="has 0 pictures behind its marker, expected one"):
        architecture.page("# Architecture\n", architecture.definition())
