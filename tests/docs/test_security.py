"""docs/security.md explains every statement of every policy of the template, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tools.docs.parameters import template as project_template

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text()


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    resources: dict[str, Any] = project_template()["Resources"]
    return resources


def sids(policy: dict[str, Any]) -> list[str]:
    """The names of a policy's statements, those with a condition of the template among them."""
    statements = [each["Fn::If"][1] if "Fn::If" in each else each for each in policy["Statement"]]
    return [statement["Sid"] for statement in statements]


def table(text: str) -> list[str]:
    """The first column of the first table in the text."""
    lines = text.split("|---|---|---|\n")[1].splitlines()
    rows = [line for line in lines[: lines.index("")] if line.startswith("| ")]
    return [row.split("|")[1].strip() for row in rows]


def test_every_statement_of_every_role_is_explained_and_no_other(resources: dict[str, Any]) -> None:
    roles = {name: each["Properties"] for name, each in resources.items() if each["Type"] == "AWS::IAM::Role"}
    explained = {
        role: table(section)
        for role, section in re.findall(r"^\*\*(\w+Role)\*\*,(.+?)(?=^\*\*|^## )", PAGE, re.MULTILINE | re.DOTALL)
    }
    assert explained == {
        name: [sid for policy in role["Policies"] for sid in sids(policy["PolicyDocument"])]
        for name, role in roles.items()
    }


def test_every_statement_for_analysts_is_explained(resources: dict[str, Any]) -> None:
    analysts = PAGE.split("\n## Analysts\n")[1]
    assert table(analysts) == sids(resources["AnalystPolicy"]["Properties"]["PolicyDocument"])


def test_every_statement_of_the_key_is_explained(resources: dict[str, Any]) -> None:
    assert table(PAGE.split("\n## Encryption\n")[1]) == sids(resources["DataKey"]["Properties"]["KeyPolicy"])


def test_every_statement_of_bucket_queue_and_topic_is_named(resources: dict[str, Any]) -> None:
    exposure = PAGE.split("\n## Exposure\n")[1].split("\n## ")[0]
    named = {
        sid
        for each in resources.values()
        if each["Type"].endswith(("BucketPolicy", "QueuePolicy", "TopicPolicy"))
        for sid in sids(each["Properties"]["PolicyDocument"])
    }
    assert named == set(re.findall(r"statement (\w+)", exposure))


def test_what_no_local_run_uses_says_so_in_the_template() -> None:
    assert "`# unused locally:`" in PAGE
    template = (Path(__file__).parents[2] / "cloudformation" / "template.yaml").read_text()
    assert "# unused locally:" in template
