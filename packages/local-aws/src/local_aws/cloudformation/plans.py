"""The plan of a template: its resources in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from local_aws.cloudformation import resource_types
from local_aws.cloudformation.conditions import condition_values, refuse_by_rules
from local_aws.cloudformation.parameters import parameter_values, taken_from_ssm
from local_aws.cloudformation.resource_types.supported import (
    SUPPORTED,
    WAY_OUT,
    WAY_OUT_OF_A_TYPE,
    problems,
    why_refused,
)
from local_aws.cloudformation.templates import (
    FUNCTIONS,
    PSEUDO_PARAMETERS,
    Template,
    expanded,
    known_now,
    references,
    unknown_functions,
)


class Plan:
    """The plan of a template and its parameters: expanded, validated, in order. Raises ValidationError.

    `given` are the parameters as text or lists of it, `values` the same with what SSM has for those that name a
    parameter of SSM. `pseudo` holds the values of the pseudo parameters that are known before anything is made
    (`AWS::Region`, ...).
    """

    def __init__(self, source: Template, parameters: Mapping[str, Any], pseudo: Mapping[str, Any]) -> None:
        if not source.get("Resources"):
            raise ValidationError(message="Template format error: At least one Resources member must be defined.")
        self.given = parameter_values(source, parameters)
        self.values = taken_from_ssm(source, self.given, pseudo["AWS::Region"])
        refuse_by_rules(source, {**pseudo, **self.values})
        self.template = expanded(source, self.values, pseudo["AWS::Region"])
        self.conditions = condition_values(self.template, {**pseudo, **self.values})
        every: dict[str, Template] = self.template["Resources"]
        self._refuse_unknown_names(every)
        self.resources = {name: definition for name, definition in every.items() if self._wanted(definition)}
        _refuse_unknown_types(self.resources)
        self.needs = needs(self.resources)
        self.order = in_order(self.needs)
        self.outputs = {
            name: output for name, output in self.template.get("Outputs", {}).items() if self._wanted(output)
        }
        self._refuse_what_does_not_work({**pseudo, **self.values})

    def same_as(self, other: Plan) -> bool:
        """Whether both plans are equal."""
        return (self.template, self.values) == (other.template, other.values)

    def _wanted(self, definition: Template) -> bool:
        return "Condition" not in definition or self.conditions[definition["Condition"]]

    def _refuse_what_does_not_work(self, values: Mapping[str, Any]) -> None:
        """Raise ValidationError with every property that this template gives and the local AWS does not have."""
        if unknown := unknown_functions([*self.resources.values(), *self.outputs.values()]):
            names = ", ".join(sorted(unknown))
            raise ValidationError(
                message=f"Template error: the local AWS does not know {names}; it knows {', '.join(FUNCTIONS)}. "
                "Hand the value over as a parameter"
            )
        reported = [
            f"{name} ({definition['Type']}): {problem}"
            for name, definition in self.resources.items()
            for problem in problems(
                definition["Type"], known_now(definition.get("Properties", {}), values, self.conditions, self.template)
            )
        ]
        if reported:
            raise ValidationError(message="Not supported by the local AWS: " + "; ".join(reported) + f". {WAY_OUT}")

    def _refuse_unknown_names(self, every: Mapping[str, Template]) -> None:
        known = every.keys() | self.values.keys() | PSEUDO_PARAMETERS
        wanted = [*every.values(), *self.template.get("Outputs", {}).values()]
        named = {name for name, _ in references(wanted)}
        unknown = sorted((named - known) | set().union(*(_depends_on(each) - every.keys() for each in every.values())))
        if unknown:
            raise ValidationError(
                message="Template format error: Unresolved resource dependencies "
                f"[{', '.join(unknown)}] in the template"
            )


def _refuse_unknown_types(resources: Mapping[str, Template]) -> None:
    unknown = {
        name: definition["Type"]
        for name, definition in resources.items()
        if resource_types.resource_type(definition["Type"]) is None
    }
    if unknown:
        named = ", ".join(
            f"{type_name} ({name})" for name, type_name in sorted(unknown.items(), key=lambda each: each[1])
        )
        reasons = sorted(
            f"{type_name}: {why}" for type_name in set(unknown.values()) if (why := why_refused(type_name))
        )
        raise ValidationError(
            message=f"Template format error: Unrecognized resource types: [{named}]. "
            + "".join(f"{reason}. " for reason in reasons)
            + f"The local AWS has: {', '.join(sorted(SUPPORTED))}. {WAY_OUT_OF_A_TYPE}"
        )


def needs(definitions: Mapping[str, Template]) -> dict[str, set[str]]:
    """Logical id to the resources that must exist before it: its references and its DependsOn."""

    def of_one(definition: Template) -> set[str]:
        named = {name for name, _ in references(definition.get("Properties", {}))}
        return (named | _depends_on(definition)) & definitions.keys()

    return {name: of_one(definition) for name, definition in definitions.items()}


def _depends_on(definition: Template) -> set[str]:
    explicit = definition.get("DependsOn", [])
    return {explicit} if isinstance(explicit, str) else set(explicit)


def in_order(needed: Mapping[str, set[str]]) -> list[str]:
    """Logical ids, each after its dependencies. Raises ValidationError for a circular dependency."""
    done: dict[str, None] = {}

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            raise ValidationError(message=f"Circular dependency between resources: [{', '.join(sorted(way))}]")
        if name not in done:
            for each in sorted(needed[name]):
                visit(each, (*way, name))
            done[name] = None

    for name in needed:
        visit(name, ())
    return list(done)
