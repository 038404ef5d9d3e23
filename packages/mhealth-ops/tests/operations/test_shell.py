"""How the shell reads statements and commands."""

from __future__ import annotations

import json

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from mhealth_ops.operations import asking
from mhealth_ops.operations.shell import completer, is_complete, statements
from mhealth_ops.project import ROOT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"], id="two"),
        pytest.param("SELECT ';' AS a;", ["SELECT ';' AS a"], id="in-a-string"),
        pytest.param("SELECT 'it''s;';", ["SELECT 'it''s;'"], id="quote-in-a-string"),
        pytest.param('SELECT 1 AS "a;b";', ['SELECT 1 AS "a;b"'], id="in-a-name"),
        pytest.param("SELECT 1 -- a;b\n;", ["SELECT 1 -- a;b"], id="in-a-comment"),
        pytest.param("SELECT /* ; */ 1", ["SELECT /* ; */ 1"], id="in-a-long-comment"),
        pytest.param("SELECT 'open; ", ["SELECT 'open;"], id="not-closed"),
        pytest.param(" ;; \n", [], id="nothing"),
    ],
)
def test_statements(text: str, expected: list[str]) -> None:
    assert statements(text) == expected


@pytest.mark.parametrize("text", ["", "SELECT 1;", "SELECT\n1 ; ", "\\d", "exit", "SELECT ';';"])
def test_enter_ends(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize("text", ["SELECT 1", "SELECT ';", "SELECT 1 -- ;", "SELECT /* ;", "SELECT 1; SELECT"])
def test_enter_continues(text: str) -> None:
    assert not is_complete(text)


def test_the_price_is_that_of_the_report() -> None:
    prices = json.loads((ROOT / "lambda_report" / "prices.json").read_text())
    price = prices["prices"]["athena_terabyte"]
    assert price["usd"] / price["per"] == asking._USD_PER_TB
    assert prices["billing"]["athena_minimum_bytes"] == asking._LEAST_BYTES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT max(subj", ["subject"]),
        ("select * from mh", ["mhealth", "mhealth_snapshots"]),
        ("SELECT accel", ["accel_x", "accel_y"]),
        ("sel", ["SELECT"]),
    ],
)
def test_tables_columns_and_keywords_are_completed(text: str, expected: list[str]) -> None:
    columns = [("accel_x", "double"), ("accel_y", "double"), ("subject", "int")]
    found = completer({"mhealth": columns, "mhealth_snapshots": columns})
    assert [each.text for each in found.get_completions(Document(text), CompleteEvent())] == expected
