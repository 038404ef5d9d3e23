"""What `make reference` writes is what its sources say today: columns, queries, a picture, resource types."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tools.docs import architecture, columns, queries, resource_types
from tools.docs.parameters import template


def test_resource_types_are_those_of_the_local_aws_today() -> None:
    assert resource_types.PAGE.read_text() == resource_types.page(), "stale: run `make reference`"


def test_columns_are_those_of_the_template_today() -> None:
    assert columns.PAGE.read_text() == columns.page(template()), "stale: run `make reference`"


def test_every_measured_column_has_a_unit_and_no_other() -> None:
    rows = re.findall(r"^\| (\w+) \| (\S+) \| (.*) \| .+ \|$", columns.PAGE.read_text(), re.MULTILINE)
    table = template()["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    assert len(rows) == len(table["StorageDescriptor"]["Columns"]) + len(table["PartitionKeys"])
    assert {name for name, kind, unit in rows if unit} == {name for name, kind, _ in rows if kind == "double"}


def test_queries_of_the_readmes_are_those_of_the_template_today() -> None:
    assert [path.name for path in queries.PAGES] == ["README.md", "README.ja.md"]
    for path in queries.PAGES:
        assert queries.page(path.read_text(), queries.queries(template())) == path.read_text(), (
            f"{path.name} is stale: run `make reference`"
        )


def test_a_query_is_put_where_its_marker_is() -> None:
    text = "One:\n\n<!-- query: One -->\n```sql\nSELECT 0\n```\n\nand\n\n<!-- query: Two -->\n```sql\nold\n\nold\n```\n"
    assert queries.page(text, {"One": "SELECT 1", "Two": "SELECT r'\\1'"}) == (
        "One:\n\n<!-- query: One -->\n```sql\nSELECT 1\n```\n\nand\n\n<!-- query: Two -->\n```sql\nSELECT r'\\1'\n```\n"
    )


@pytest.mark.parametrize(
    ("marker", "reported"), [("<!-- query: Three -->\n", "is marked as Three"), ("A query:\n\n", "has no marker")]
)
def test_a_block_of_sql_that_is_no_named_query_is_refused(marker: str, reported: str) -> None:
    with pytest.raises(LookupError, match=f"a block of SQL {reported}: .* with one of One, Two"):
        queries.page(f"{marker}```sql\nSELECT 3\n```\n", {"One": "SELECT 1", "Two": "SELECT 2"})


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
    with pytest.raises(LookupError, match="has 0 diagrams after its marker, expected one"):
        architecture.page("# Architecture\n", architecture.definition())
