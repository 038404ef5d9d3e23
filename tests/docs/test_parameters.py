"""docs/parameters.md is what the template says today."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tools.docs import parameters


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return parameters.template()


def test_page_is_what_the_script_makes_today(template: dict[str, Any]) -> None:
    assert parameters.PAGE.read_text() == parameters.page(template), "stale: run `make reference`"


def test_every_parameter_and_output_has_a_line(template: dict[str, Any]) -> None:
    named = re.findall(r"^\| ([A-Z]\w+) \|", parameters.PAGE.read_text(), re.MULTILINE)
    assert sorted(named) == sorted([*template["Parameters"], *template["Outputs"]])


def test_what_a_change_of_each_parameter_does_is_told_once(template: dict[str, Any]) -> None:
    operations = parameters.PAGE.with_name("operations.md").read_text()
    section = operations.split("\n## Change a parameter\n")[1].split("\n## ")[0]
    reported = [
        name for cell in re.findall(r"^\| ([A-Z][\w, ]+) \|", section, re.MULTILINE) for name in cell.split(", ")
    ]
    assert sorted(reported) == sorted(template["Parameters"])


def test_a_limit_is_shown_with_both_ends_and_a_choice_with_every_value() -> None:
    template = {
        "Metadata": {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [{"Label": {"default": "G"}, "Parameters": ["A", "B"]}]
            }
        },
        "Parameters": {
            "A": {"Default": 2, "MinValue": 1, "MaxValue": 3, "Description": "how many"},
            "B": {"Default": "", "AllowedValues": ["", "x"], "Description": "this | that"},
        },
        "Outputs": {"C": {"Description": "what"}},
    }
    assert (
        parameters.page(template).splitlines()[-9:]
        == [
            "| parameter | default | allowed | description |",
            "|---|---|---|---|",
            "| A | `2` | 1 to 3 | how many |",
            "| B | (empty) | ``, `x` | this \\| that |",
            "",
            "## Outputs",
            "",
            "| output | description |",
            "|---|---|",
            "| C | what |",
        ][-9:]
    )
