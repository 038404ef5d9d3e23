"""The values of a template's parameters, validated before any resource is created."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from local_aws.cloudformation.outside_values import ssm_type, ssm_value
from local_aws.cloudformation.resource_types.api import as_text

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def taken_from_ssm(template: Mapping[str, Any], values: Mapping[str, Any], region: str) -> dict[str, Any]:
    """`values` with what SSM has for each parameter of a type `AWS::SSM::Parameter::Value<...>`: its text names one.

    Raises ValidationError for one that SSM does not have.
    """
    taken = dict(values)
    for name, slot in template.get("Parameters", {}).items():
        inner = ssm_type(slot["Type"])
        if inner is not None:
            found = ssm_value(values[name], region, f"Parameter {name}")
            is_list = inner.startswith("List<") or inner == "CommaDelimitedList"
            taken[name] = [part.strip() for part in found.split(",")] if is_list else found
    return taken


def parameter_values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every parameter: as given or the default, checked against type and limits.

    A string, or a list of strings for list types. Raises ValidationError with CloudFormation's message.
    """
    declared: Mapping[str, Mapping[str, Any]] = template.get("Parameters", {})
    unknown = sorted(given.keys() - declared.keys())
    if unknown:
        raise ValidationError(message=f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = sorted(name for name, slot in declared.items() if name not in given and "Default" not in slot)
    if missing:
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    values: dict[str, Any] = {}
    for name, slot in declared.items():
        text = as_text(given.get(name, slot.get("Default")))
        is_list = slot["Type"].startswith("List<") or slot["Type"] == "CommaDelimitedList"
        parts = [part.strip() for part in text.split(",")] if is_list else [text]
        for part in parts:
            problem = _problem(part, slot)
            if problem and "ConstraintDescription" in slot:
                reported = f"Parameter {name} failed to satisfy constraint: {slot['ConstraintDescription']}"
                raise ValidationError(message=reported)
            if problem:
                raise ValidationError(message=f"Parameter '{name}' {problem}")
        values[name] = parts if is_list else text
    return values


def _problem(text: str, slot: Mapping[str, Any]) -> str | None:
    """The violated constraint of a parameter, None for a valid value."""
    if "AllowedValues" in slot and text not in [as_text(value) for value in slot["AllowedValues"]]:
        return "must be one of AllowedValues"
    if "AllowedPattern" in slot and not re.fullmatch(slot["AllowedPattern"], text):
        return f"must match pattern {slot['AllowedPattern']}"
    if len(text) < int(slot.get("MinLength", 0)):
        return f"must contain at least {slot['MinLength']} characters"
    if len(text) > int(slot.get("MaxLength", len(text))):
        return f"must contain at most {slot['MaxLength']} characters"
    if slot["Type"] in ("Number", "List<Number>"):
        if not _NUMBER.fullmatch(text):
            return "must be a number"
        number = float(text)
        if number < float(slot.get("MinValue", number)):
            return f"must be a number not less than {slot['MinValue']}"
        if number > float(slot.get("MaxValue", number)):
            return f"must be a number not greater than {slot['MaxValue']}"
    return None
