"""Rules on references of the template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tools.checks.project import Project
from tools.checks.rules.registry import rule

PSEUDO = {
    *("AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName"),
    "AWS::URLSuffix",
}
"""The pseudo parameters that the template uses."""

_OPERANDS = {"Fn::If": (3, 3), "Fn::Equals": (2, 2), "Fn::Not": (1, 1), "Fn::GetAtt": (2, 2), "Fn::FindInMap": (3, 3)}
_OPERANDS |= {"Fn::Join": (2, 2), "Fn::Select": (2, 2), "Fn::Split": (2, 2)}
"""The least and the most operands of each intrinsic function."""


def functions(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Path, name and operands of every intrinsic function in a value."""
    if isinstance(value, dict):
        for key, member in value.items():
            place = f"{path}.{key}" if path else str(key)
            if key == "Ref" or str(key).startswith("Fn::"):
                yield path, str(key), member
            yield from functions(member, place)
    elif isinstance(value, list):
        for place_in_list, member in enumerate(value):
            yield from functions(member, f"{path}[{place_in_list}]")


def _nothings(value: Any, path: str = "") -> Iterator[str]:
    """The path of every empty mapping."""
    if isinstance(value, dict):
        if not value:
            yield path
        for key, member in value.items():
            yield from _nothings(member, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, member in enumerate(value):
            yield from _nothings(member, f"{path}[{place}]")


def _names(operands: Any, own: Iterable[str] = ()) -> Iterator[str]:
    """The names in the text of a Fn::Sub, without its variables and without attributes."""
    text = operands[0] if isinstance(operands, list) else operands
    for name in re.findall(r"\$\{([^!}][^}]*)\}", str(text)):
        if name not in own:
            yield name if name.startswith("AWS::") else name.partition(".")[0]


@rule
def references_exist(project: Project) -> Iterable[str]:
    """A reference to a missing name, or a missing operand, fails the deployment."""
    template = project.template
    known = {*PSEUDO, *template.get("Parameters", {}), *template["Resources"]}
    conditions, mappings = template.get("Conditions", {}), template.get("Mappings", {})
    for path in _nothings(template):
        yield f"{path} is nothing"
    for path, function, operands in functions(template):
        at_least, at_most = _OPERANDS.get(function, (0, 99))
        if function == "Fn::Sub" and isinstance(operands, list) and len(operands) != 2:
            yield f"{path}: Fn::Sub takes a text, or a list of a text and its variables"
            continue
        if function in _OPERANDS and not (isinstance(operands, list) and at_least <= len(operands) <= at_most):
            yield f"{path}: {function} takes {at_least} operands, found {operands!r}"
            continue
        if function == "Ref":
            # SAM creates FUNCTION.Version for a function with AutoPublishAlias.
            referred = [str(operands).removesuffix(".Version")]
        elif function == "Fn::GetAtt":
            referred = [operands[0]]
        elif function == "Fn::Sub":
            own = operands[1] if isinstance(operands, list) else {}
            referred = list(_names(operands, own))
            for unused in sorted(set(own) - set(re.findall(r"\$\{(\w+)\}", str(operands)))):
                yield f"{path}: Fn::Sub has a variable {unused} that its text does not use"
        else:
            referred = []
        for name in referred:
            if name not in known:
                yield f"{path}: {function} refers to {name!r}, which does not exist in the template"
        if function == "Fn::If" and operands[0] not in conditions:
            yield f"{path}: Fn::If names the condition {operands[0]!r}, which does not exist in the template"
        if function == "Fn::FindInMap" and not _is_found(operands, mappings):
            yield f"{path}: Fn::FindInMap finds nothing at {'.'.join(map(str, operands))}"
    for name, resource in template["Resources"].items():
        if resource.get("Condition", next(iter(conditions), None)) not in conditions:
            yield f"{name}: Condition {resource.get('Condition')!r} does not exist in the template"


@rule
def definitions_are_used(project: Project) -> Iterable[str]:
    """A parameter, condition or mapping without a use has no effect."""
    template = project.template
    rest = {key: template[key] for key in ("Resources", "Conditions", "Outputs") if key in template}
    used = {str(operands) for _, function, operands in functions(rest) if function == "Ref"}
    used |= {name for _, function, operands in functions(rest) if function == "Fn::Sub" for name in _names(operands)}
    used |= {str(operands[0]) for _, function, operands in functions(rest) if function in ("Fn::If", "Fn::FindInMap")}
    used |= {str(resource.get("Condition")) for resource in template["Resources"].values()}
    for section in ("Parameters", "Conditions", "Mappings"):
        for name in sorted(set(template.get(section, {})) - used):
            yield f"nothing uses {name} of {section}"


def _is_found(operands: list[Any], mappings: dict[str, Any]) -> bool:
    """Whether Fn::FindInMap finds a value, under every first key where that is known at deployment only."""
    name, first, second = operands
    mapping = mappings.get(name, {})
    entries = mapping.values() if isinstance(first, dict) else [mapping.get(first, {})]
    return bool(entries) and all(second in entry for entry in entries)
