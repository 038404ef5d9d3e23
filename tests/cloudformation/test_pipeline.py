"""The state machine's definition: what is decided once. What holds for every state is in tools/checks/rules/."""

from __future__ import annotations

import re
from typing import Any

import pytest

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


def test_has_every_state_of_the_design(states: dict[str, Any]) -> None:
    assert [name for name in STATES_OF_THE_DESIGN if name not in states] == []


@pytest.mark.parametrize("statement", ["VerifyStatement", "PublishStatement"])
def test_statements_fit_into_a_quoted_intrinsic(template: dict[str, Any], statement: str) -> None:
    # They stand between single quotes in States.Format, inside a JSON string, and have one place for the number.
    text = str(template["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"][statement])
    columns = template["Mappings"]["View"]["Select"]["Columns"]
    assert text.count("{}") == 1
    assert not re.search(r"['\"\\]", columns)
    assert "\\" not in text
