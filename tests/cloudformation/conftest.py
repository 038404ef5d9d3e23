"""The template and the state machine as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import decode

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def template() -> dict[str, Any]:
    decoded, problems = decode(str(ROOT / "cloudformation" / "template.yaml"))
    assert problems == []
    return decoded


@pytest.fixture(scope="session")
def definition() -> dict[str, Any]:
    return json.loads((ROOT / "cloudformation" / "pipeline.asl.json").read_text())


@pytest.fixture(scope="session")
def states(definition: dict[str, Any]) -> dict[str, Any]:
    return definition["States"]


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Logical id -> properties of every resource of a type."""
    return {name: each.get("Properties", {}) for name, each in template["Resources"].items() if each["Type"] == kind}
