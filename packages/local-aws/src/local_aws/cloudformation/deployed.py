"""The resources of a stack: creation, update, replacement, rollback and deletion in order of their references."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.exceptions import ServiceException

from local_aws.cloudformation import resource_types
from local_aws.cloudformation.outside_values import with_references
from local_aws.cloudformation.plans import Plan, in_order, needs
from local_aws.cloudformation.resource_types.api import PropertyError
from local_aws.cloudformation.resource_types.base import ApiResource, Properties, generated_name
from local_aws.cloudformation.resource_types.custom import CustomResource, CustomResourceFailed
from local_aws.cloudformation.templates import Template, resolve

Tell = Callable[[str, str, str, str, str | None], None]
"""A callback for events: logical id, type, status, physical id, reason."""


@dataclass
class Deployed:
    """A resource as it was last made: the object, its definition, the properties after resolution.

    `settled` is false after a change that failed: what it left is not known.
    """

    resource: ApiResource
    definition: Template
    properties: Properties
    settled: bool = True

    @property
    def type_name(self) -> str:
        """The type, such as `AWS::Glue::Job`."""
        name: str = self.definition["Type"]
        return name

    @property
    def physical_id(self) -> str:
        """The value of Ref."""
        physical: str = self.resource.physical_resource_id
        return physical


class DeployedResources:
    """The existing resources of a stack by logical id, in order of creation."""

    def __init__(self, stack_name: str, region: str, pseudo: Mapping[str, Any], tell: Tell) -> None:
        self._stack_name = stack_name
        self._region = region
        self._pseudo = pseudo
        self._tell = tell
        self.by_name: dict[str, Deployed] = {}
        self._superseded: list[tuple[str, Deployed]] = []

    def resolved(self, value: Any, plan: Plan) -> Any:
        """Resolve the references of `value`. Raises ValidationError for a missing one."""
        resources = {name: each.resource for name, each in self.by_name.items()}
        known = {**self._pseudo, **plan.values, **resources}
        return resolve(value, known.get, plan.conditions, plan.template)

    def apply(self, plan: Plan, verb: str) -> list[str]:
        """Create or change the resources of the plan; return the logical ids that failed.

        Resources that depend on a failed one are skipped; all others are tried, so that all reasons are known.
        Replaced resources are kept until `clean_up`.
        """
        failed: list[str] = []
        unmade: set[str] = set()
        for name in plan.order:
            if plan.needs[name] & unmade:
                unmade.add(name)
                continue
            try:
                self._apply_one(name, plan)
            except Exception as error:  # noqa: BLE001 - whatever a type raises is that resource's reason
                failed.append(name)
                unmade.add(name)
                self._event(name, plan.resources[name]["Type"], f"{verb}_FAILED", _reason(error))
        return failed

    def restore(self, plan: Plan) -> list[str]:
        """Roll back to the previous plan after a failed update; return the logical ids that failed."""
        # Replaced resources still exist; their replacements are deleted. Custom resources are updated back instead.
        for index, (name, old) in enumerate(self._superseded):
            if not isinstance(old.resource, CustomResource):
                self._superseded[index] = (name, self.by_name[name])
                self.by_name[name] = old
        return self.apply(plan, "UPDATE")

    def clean_up(self, plan: Plan, *, roll_back: bool = False) -> list[str]:
        """Delete resources that are not in the plan or were replaced; return the logical ids that failed."""
        failed = self.remove([name for name in self.by_name if name not in plan.resources], roll_back=roll_back)
        for name, old in reversed(self._superseded):
            now = self.by_name.get(name)
            still_used = now is not None and (now.physical_id, now.type_name) == (old.physical_id, old.type_name)
            kept = not roll_back and old.definition.get("UpdateReplacePolicy", "").startswith("Retain")
            if not still_used and not self._deleted(name, old, kept=kept):
                failed.append(name)
        self._superseded.clear()
        return failed

    def remove(self, names: Iterable[str], *, roll_back: bool = False, retain: Sequence[str] = ()) -> list[str]:
        """Delete resources, each before its dependencies; return the logical ids that failed.

        `roll_back`: the resources were created just before. Those of `retain` are kept. Dependencies of a failed one
        are not deleted, as they are still used.
        """
        wanted = set(names)
        needed = needs({name: each.definition for name, each in self.by_name.items()})
        failed: list[str] = []
        used: set[str] = set()
        for name in reversed(in_order(needed)):
            if name not in wanted:
                continue
            if name in used:
                used |= needed[name]
                continue
            kept = name in retain or _kept(self.by_name[name], roll_back=roll_back)
            if self._deleted(name, self.by_name[name], kept=kept):
                del self.by_name[name]
            else:
                failed.append(name)
                used |= needed[name]
        return failed

    # ------------------------------------------------------------ one resource

    def _apply_one(self, name: str, plan: Plan) -> None:
        definition = plan.resources[name]
        type_name = definition["Type"]
        kind = resource_types.resource_type(type_name)
        assert kind is not None, "Plan refuses unknown types"
        properties = with_references(self.resolved(definition.get("Properties", {}), plan), self._region)
        old = self.by_name.get(name)
        if old is not None and old.settled and (old.properties, old.type_name) == (properties, type_name):
            old.definition = definition
            return
        verb = "CREATE" if old is None else "UPDATE"
        self._event(name, type_name, f"{verb}_IN_PROGRESS")
        if old is None:
            made = self._create(name, kind, type_name, properties)
        else:
            old.settled = False
            made = self._changed(name, old, kind, type_name, properties)
            old.settled = True
            if made is not old.resource and (
                made.physical_resource_id != old.physical_id or type_name != old.type_name
            ):
                self._superseded.append((name, old))
        made.cf_resource_type = type_name
        made.logical_resource_id = name
        self.by_name[name] = Deployed(made, definition, properties)
        self._event(name, type_name, f"{verb}_COMPLETE")

    def _create(self, name: str, kind: type[ApiResource], type_name: str, properties: Properties) -> ApiResource:
        if issubclass(kind, CustomResource):
            stack_id = self._pseudo["AWS::StackId"]
            return kind.create_in_stack(properties, stack_id=stack_id, logical_id=name, resource_type=type_name)
        made_up = generated_name(self._stack_name, name, longest=kind.longest_name, lower=kind.lower_case_name)
        made = kind.create(properties.get(kind.name_property, made_up), properties)
        made.belong_to(self._pseudo["AWS::StackId"], self._stack_name, name)
        return made

    def _changed(
        self, name: str, old: Deployed, kind: type[ApiResource], type_name: str, properties: Properties
    ) -> ApiResource:
        """The changed resource, or a new one if its type or its name has changed."""
        if old.type_name == type_name:
            named = old.resource.name_property
            if old.properties.get(named) == properties.get(named):
                return old.resource.change(properties)
        return self._create(name, kind, type_name, properties)

    def _deleted(self, name: str, deployed: Deployed, *, kept: bool) -> bool:
        """Delete the resource, unless it is retained; return whether this succeeded."""
        reported = (name, deployed.type_name)
        if kept:
            self._tell(*reported, "DELETE_SKIPPED", deployed.physical_id, None)
            return True
        self._tell(*reported, "DELETE_IN_PROGRESS", deployed.physical_id, None)
        try:
            deployed.resource.delete()
        except Exception as error:  # noqa: BLE001 - whatever a type raises is that resource's reason
            self._tell(*reported, "DELETE_FAILED", deployed.physical_id, _reason(error))
            return False
        self._tell(*reported, "DELETE_COMPLETE", deployed.physical_id, None)
        return True

    def _event(self, name: str, type_name: str, status: str, reason: str | None = None) -> None:
        deployed = self.by_name.get(name)
        self._tell(name, type_name, status, deployed.physical_id if deployed else "", reason)


def _kept(deployed: Deployed, *, roll_back: bool) -> bool:
    """Whether a resource is retained: RetainExceptOnCreate does not retain a resource that was created just before."""
    policy = deployed.definition.get("DeletionPolicy", "Delete")
    return policy == "Retain" or (policy == "RetainExceptOnCreate" and not roll_back)


def _reason(error: Exception) -> str:
    """The reason of a failed resource."""
    if isinstance(error, KeyError):
        return f"the required property {error} is missing"
    if isinstance(error, PropertyError | CustomResourceFailed | ClientError | BotoCoreError | ServiceException):
        return str(error)
    return f"{type(error).__name__}: {error}"
