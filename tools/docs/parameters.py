"""docs/parameters.md, generated from the template: `python -m tools.docs.parameters` (`make reference`) writes it."""

from __future__ import annotations

import functools
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tools.paths import DOCS, TEMPLATE

PAGE = DOCS / "parameters.md"

_HEAD = """# Parameters and outputs

This page is generated from `cloudformation/template.yaml` by `make reference`. A test fails if the two differ.

## Parameters

Set parameters with `make deploy PARAMETERS="Name=value Other=value"`. Put a value with spaces in double quotes. The
other parameters keep the stack's values, or their defaults in a new stack. A value that is not allowed is rejected
before any resource is created. [operations.md](operations.md#change-a-parameter) describes the effect of a change.
"""


def page(template: dict[str, Any]) -> str:
    """The page as text."""
    parts = [_HEAD]
    for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]:
        parts.append(
            f"\n### {group['Label']['default']}\n\n| parameter | default | allowed | description |\n|---|---|---|---|\n"
        )
        for name in group["Parameters"]:
            slot = template["Parameters"][name]
            parts.append(f"| {name} | {_default(slot)} | {_allowed(slot)} | {cell(slot['Description'])} |\n")
    parts.append("\n## Outputs\n\n| output | description |\n|---|---|\n")
    parts += [f"| {name} | {cell(each['Description'])} |\n" for name, each in template["Outputs"].items()]
    return "".join(parts)


def _default(slot: dict[str, Any]) -> str:
    return f"`{slot['Default']}`" if slot["Default"] != "" else "(empty)"


def _allowed(slot: dict[str, Any]) -> str:
    if "AllowedValues" in slot:
        return ", ".join(f"`{value}`" for value in slot["AllowedValues"])
    if "MinValue" in slot:
        return f"{slot['MinValue']} to {slot['MaxValue']}"
    return cell(slot.get("ConstraintDescription") or f"`{slot['AllowedPattern']}`")


def cell(text: str) -> str:
    """A text, escaped for a table cell."""
    return text.replace("|", "\\|")


@functools.cache
def template() -> dict[str, Any]:
    """The project's template, parsed once: it must not be changed."""
    read: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return read


if __name__ == "__main__":
    PAGE.write_text(page(template()))
