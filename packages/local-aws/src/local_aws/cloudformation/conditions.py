"""The sections Conditions and Rules of a template, which depend on parameters only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from local_aws.cloudformation.resource_types.api import as_text
from local_aws.cloudformation.templates import Template, resolve


def condition_values(template: Template, values: Mapping[str, Any]) -> dict[str, bool]:
    """Evaluate every condition of the template, from parameters, pseudo parameters and mappings."""
    conditions: Mapping[str, Any] = template.get("Conditions", {})

    def holds(condition: Any) -> bool:
        ((function, argument),) = condition.items()
        if function == "Condition":
            return holds(conditions[argument])
        if function == "Fn::Equals":
            left, right = (as_text(resolve(each, values.get, {}, template)) for each in argument)
            return left == right
        if function == "Fn::Not":
            return not holds(argument[0])
        if function in ("Fn::And", "Fn::Or"):
            return (all if function == "Fn::And" else any)(holds(each) for each in argument)
        raise ValidationError(message=f"Template error: {function} is no condition function")

    return {name: holds(condition) for name, condition in conditions.items()}


def refuse_by_rules(template: Template, values: Mapping[str, Any]) -> None:
    """Raise ValidationError with the description of the first false assertion of the section Rules."""

    def value(each: Any) -> Any:
        return resolve(each, values.get, {}, template)

    def members(each: Any) -> list[str]:
        found = value(each)
        return [as_text(member) for member in (found if isinstance(found, list) else [found])]

    def holds(assertion: Any) -> bool:
        ((function, argument),) = assertion.items()
        match function:
            case "Fn::And":
                return all(holds(each) for each in argument)
            case "Fn::Or":
                return any(holds(each) for each in argument)
            case "Fn::Not":
                return not holds(argument[0])
            case "Fn::Equals":
                return as_text(value(argument[0])) == as_text(value(argument[1]))
            case "Fn::Contains":
                return as_text(value(argument[1])) in members(argument[0])
            case "Fn::EachMemberEquals":
                return set(members(argument[0])) <= {as_text(value(argument[1]))}
            case "Fn::EachMemberIn":
                return set(members(argument[0])) <= set(members(argument[1]))
        raise ValidationError(message=f"Template error: the local AWS does not know {function} in Rules")

    for name, rule in template.get("Rules", {}).items():
        if "RuleCondition" in rule and not holds(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not holds(assertion["Assert"]):
                reported = assertion.get("AssertDescription", f"assertion {assertion['Assert']} does not hold")
                raise ValidationError(message=f"Template validation error: Rule {name}: {reported}")
