"""What a template asks for, before anything is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from local_aws.cloudformation import resource_types
from local_aws.cloudformation.templates import (
    PSEUDO_PARAMETERS,
    Template,
    condition_values,
    expanded,
    parameter_values,
    references,
)


class Plan:
    """What a template and its parameters ask for: expanded, checked, in order. Raises ValidationError."""

    def __init__(self, source: Template, parameters: Mapping[str, Any], region: str) -> None:
        if not source.get("Resources"):
            raise ValidationError(message="Template format error: At least one Resources member must be defined.")
        self.values = parameter_values(source, parameters)
        self.template = expanded(source, self.values, region)
        self.conditions = condition_values(self.template, self.values)
        every: dict[str, Template] = self.template["Resources"]
        _refuse_unknown_types(every)
        self._refuse_unknown_names(every)
        self.resources = {name: definition for name, definition in every.items() if self._wanted(definition)}
        self.needs = {name: self._needs(definition) for name, definition in self.resources.items()}
        self.order = list(self._ordered())
        self.outputs = {
            name: output for name, output in self.template.get("Outputs", {}).items() if self._wanted(output)
        }

    def _wanted(self, definition: Template) -> bool:
        return "Condition" not in definition or self.conditions[definition["Condition"]]

    def _refuse_unknown_names(self, every: Mapping[str, Template]) -> None:
        known = every.keys() | self.values.keys() | PSEUDO_PARAMETERS
        wanted = [*every.values(), *self.template.get("Outputs", {}).values()]
        unknown = sorted({name for name, _ in references(wanted)} - known)
        if unknown:
            raise ValidationError(
                message="Template format error: Unresolved resource dependencies "
                f"[{', '.join(unknown)}] in the template"
            )

    def _needs(self, definition: Template) -> set[str]:
        explicit = definition.get("DependsOn", [])
        named = {name for name, _ in references(definition.get("Properties", {}))}
        return (named | set([explicit] if isinstance(explicit, str) else explicit)) & self.resources.keys()

    def _ordered(self) -> Iterator[str]:
        done: set[str] = set()

        def visit(name: str, way: tuple[str, ...]) -> Iterator[str]:
            if name in way:
                raise ValidationError(message=f"Circular dependency between resources: [{', '.join(sorted(way))}]")
            if name not in done:
                for needed in sorted(self.needs[name]):
                    yield from visit(needed, (*way, name))
                done.add(name)
                yield name

        for name in self.resources:
            yield from visit(name, ())


def _refuse_unknown_types(resources: Mapping[str, Template]) -> None:
    unknown = sorted(
        f"{definition['Type']} ({name})"
        for name, definition in resources.items()
        if resource_types.resource_type(definition["Type"]) is None
    )
    if unknown:
        raise ValidationError(message=f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
