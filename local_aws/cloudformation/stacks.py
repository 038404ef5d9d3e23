"""CloudFormation's engine: resources are made, changed and deleted in the order of their references.

It takes the place of moto's, which makes what it knows in the order of the file, skips what it does not know, and tells
no reasons. Like on AWS a stack that cannot be made says why for every resource that failed, and is rolled back.
Unlike there, a call returns when the stack is done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml
from botocore.exceptions import BotoCoreError, ClientError
from moto.cloudformation import models
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import Export
from moto.cloudformation.utils import yaml_tag_constructor
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import ServiceException

from local_aws.cloudformation import resource_types
from local_aws.cloudformation.plans import Plan
from local_aws.cloudformation.resource_types.api import PropertyError, as_text
from local_aws.cloudformation.resource_types.base import ApiResource, Properties, generated_name
from local_aws.cloudformation.resource_types.custom import CustomResource, CustomResourceFailed
from local_aws.cloudformation.templates import Template, expanded, resolve
from local_aws.replacing import replace
from local_aws.world import ACCOUNT, World


def install(world: World) -> None:
    """Put the engine into moto and let the resource types act in this world."""
    resource_types.install(world)
    replace(models, Stack=LocalStack)
    replace(models.CloudFormationBackend, delete_stack=_delete_stack)


@dataclass
class _Deployed:
    """A resource as it was last made: moto's or our object, its definition, the properties after resolution."""

    resource: Any
    definition: Template
    properties: Properties | None


class LocalStack(models.Stack):
    """A stack of moto whose resources are kept by this engine."""

    plan: Plan

    # ------------------------------------------------------------ what moto's own code asks for

    def _create_resource_map(self) -> Any:
        self._deployed: dict[str, _Deployed] = {}
        self.stack_status_reason: str | None = None
        if self.template_dict:
            self.plan = Plan(self.template_dict, self.parameters, self.region_name)
            self.parameters = _texts(self.plan.values)
        return self

    def _create_output_map(self) -> Any:
        return self

    @staticmethod
    def parse_template(template: str) -> Template:
        """The template as objects. JSON is tried first: the YAML reader takes seconds for it."""
        try:
            return cast("Template", json.loads(template))
        except json.JSONDecodeError:
            yaml.add_multi_constructor("", yaml_tag_constructor)
            return cast("Template", yaml.load(template, Loader=yaml.Loader))  # noqa: S506 - moto's tags need it

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        """Every parameter with its value, those with NoEcho hidden."""
        hidden = {name for name, slot in self.plan.template.get("Parameters", {}).items() if slot.get("NoEcho")}
        return [
            {"ParameterKey": name, "ParameterValue": "****" if name in hidden else value}
            for name, value in self.parameters.items()
        ]

    @property
    def stack_parameters(self) -> dict[str, Any]:
        """The value of every parameter."""
        return self.parameters

    @property
    def stack_resources(self) -> Any:
        """What exists, in the order in which it was made."""
        return [deployed.resource for deployed in self._deployed.values()]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The outputs of a stack that is complete."""
        if not self.status.endswith("_COMPLETE") or not self._deployed:
            return []
        described = []
        for name, output in self.plan.outputs.items():
            each = {"OutputKey": name, "OutputValue": as_text(self._resolved(output["Value"]))}
            if "Description" in output:
                each["Description"] = output["Description"]
            if "Export" in output:
                each["ExportName"] = self._resolved(output["Export"]["Name"])
            described.append(each)
        return described

    @property
    def exports(self) -> list[Export]:
        """The outputs that other stacks may import."""
        return [
            Export(self.stack_id, output["ExportName"], output["OutputValue"])
            for output in self.outputs
            if "ExportName" in output
        ]

    def build_change_set_actions(self, template: Template) -> dict[str, dict[str, dict[str, str]]]:
        """What a change set would do, by logical id."""
        wanted = expanded(template, self.parameters, self.region_name)["Resources"]

        def described(names: set[str], resources: Mapping[str, Template]) -> dict[str, dict[str, str]]:
            return {
                name: {"LogicalResourceId": name, "ResourceType": resources[name]["Type"]} for name in sorted(names)
            }

        old = {name: deployed.definition for name, deployed in self._deployed.items()}
        changed = {name for name in wanted.keys() & old.keys() if wanted[name] != old[name]}
        return {
            "Add": described(wanted.keys() - old.keys(), wanted),
            "Modify": described(changed, wanted),
            "Remove": described(old.keys() - wanted.keys(), old),
        }

    # ------------------------------------------------------------ create, update, delete

    def create_resources(self) -> None:
        """Make every resource; where some fail, take the others away again."""
        self.status = "CREATE_IN_PROGRESS"
        failed = self._apply(self.plan, "CREATE")
        if not failed:
            self._done("CREATE_COMPLETE")
            backend = models.cloudformation_backends[self.account_id][self.region_name]
            backend.exports.update({export.name: export for export in self.exports})
            return
        reason = f"The following resource(s) failed to create: [{', '.join(failed)}]."
        self._add_stack_event("ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
        self._remove(list(self._deployed))
        self._done("ROLLBACK_COMPLETE", reason)

    def update(
        self,
        template: str | Template,
        role_arn: str | None = None,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Bring the resources to another template or other parameters; where that fails, back to the old ones.

        Raises ValidationError for a template that cannot be, or one that changes nothing.
        """
        source = self.parse_template(template) if isinstance(template, str) else template
        old = getattr(self, "plan", None)
        plan = Plan(source, parameters or {}, self.region_name)
        if old is not None and (plan.template, plan.values) == (old.template, old.values):
            raise ValidationError(message="No updates are to be performed.")
        self._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
        failed = self._apply(plan, "UPDATE")
        if failed:
            reason = f"The following resource(s) failed to update: [{', '.join(failed)}]."
            self._add_stack_event("UPDATE_ROLLBACK_IN_PROGRESS", reason)
            again = self._apply(old, "UPDATE") if old is not None else []
            if old is not None:
                self._remove([name for name in self._deployed if name not in old.resources])
            self._done("UPDATE_ROLLBACK_FAILED" if again else "UPDATE_ROLLBACK_COMPLETE", reason)
            return
        self.plan = plan
        self._remove([name for name in self._deployed if name not in plan.resources])
        self.template, self.template_dict = (template if isinstance(template, str) else json.dumps(template)), source
        self.description = source.get("Description")
        self.parameters = _texts(plan.values)
        self.role_arn = role_arn
        self.tags = self.tags if tags is None else tags
        self._done("UPDATE_COMPLETE")

    def delete(self) -> None:
        """Delete every resource that its DeletionPolicy does not keep."""
        self._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
        failed = self._remove(list(self._deployed))
        if failed:
            self._done("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}].")
        else:
            self._done("DELETE_COMPLETE")

    # ------------------------------------------------------------ one resource

    def _apply(self, plan: Plan, verb: str) -> list[str]:
        """Make or change what the plan asks for; return the logical ids that failed.

        What needs a failed one is not tried; everything else is, so that one attempt tells all reasons.
        """
        failed: list[str] = []
        unmade: set[str] = set()
        for name in plan.order:
            if plan.needs[name] & unmade:
                unmade.add(name)
                continue
            definition = plan.resources[name]
            try:
                self._apply_one(name, definition, plan)
            except Exception as error:  # noqa: BLE001 - whatever a type raises is that resource's reason
                failed.append(name)
                unmade.add(name)
                self._event(name, definition["Type"], f"{verb}_FAILED", _reason(error))
        return failed

    def _apply_one(self, name: str, definition: Template, plan: Plan) -> None:
        kind = resource_types.resource_type(definition["Type"])
        assert kind is not None, "Plan refuses unknown types"
        properties = self._resolved(definition.get("Properties", {}), plan)
        old = self._deployed.get(name)
        if old is None:
            made = self._create(name, kind, definition["Type"], properties)
        elif old.properties == properties:
            old.definition = definition
            return
        else:
            before, old.properties = old.properties, None  # what a change that fails leaves is not known
            made = self._change(name, old, before or {}, definition["Type"], properties)
        made.cf_resource_type = definition["Type"]
        made.logical_resource_id = name
        self._deployed[name] = _Deployed(made, definition, properties)
        self._event(name, definition["Type"], f"{'CREATE' if old is None else 'UPDATE'}_COMPLETE")

    def _create(self, name: str, kind: type[CloudFormationModel], type_name: str, properties: Properties) -> Any:
        if issubclass(kind, CustomResource):
            return kind.create_in_stack(properties, stack_id=self.stack_id, logical_id=name, resource_type=type_name)
        if issubclass(kind, ApiResource):
            made_up = generated_name(self.name, name, longest=kind.longest_name, lower=kind.lower_case_name)
            return kind.create(properties.get(kind.name_property, made_up), properties)
        physical = properties.get(kind.cloudformation_name_type(), generated_name(self.name, name))
        given = {"Type": type_name, "Properties": properties}
        more = {"LogicalId": name, "StackId": self.stack_id, "ResourceType": type_name}
        return kind.create_from_cloudformation_json(physical, given, ACCOUNT, self.region_name, **more)

    def _change(self, name: str, old: _Deployed, before: Properties, type_name: str, properties: Properties) -> Any:
        """Change the resource, or replace it where its type or its given name became another."""
        if isinstance(old.resource, ApiResource) and old.definition["Type"] == type_name:
            named = old.resource.name_property
            if before.get(named) == properties.get(named):
                return old.resource.change(properties)
        kind = resource_types.resource_type(type_name)
        assert kind is not None, "Plan refuses unknown types"
        made = self._create(name, kind, type_name, properties)
        if old.definition.get("UpdateReplacePolicy") != "Retain":
            self._delete_one(old)
        return made

    def _remove(self, names: list[str]) -> list[str]:
        """Delete resources, the last made first; return the logical ids that failed."""
        failed = []
        for name in reversed(names):
            deployed = self._deployed[name]
            type_name = deployed.definition["Type"]
            kept = deployed.definition.get("DeletionPolicy", "").startswith("Retain")
            # What a creation that failed had made goes in any case.
            if kept and self.status != "CREATE_IN_PROGRESS":
                self._event(name, type_name, "DELETE_SKIPPED")
                del self._deployed[name]
                continue
            try:
                self._delete_one(deployed)
            except Exception as error:  # noqa: BLE001 - whatever a type raises is that resource's reason
                failed.append(name)
                self._event(name, type_name, "DELETE_FAILED", _reason(error))
            else:
                self._event(name, type_name, "DELETE_COMPLETE")
                del self._deployed[name]
        return failed

    def _delete_one(self, deployed: _Deployed) -> None:
        resource = deployed.resource
        if isinstance(resource, ApiResource):
            resource.delete()
        elif hasattr(resource, "delete"):
            resource.delete(ACCOUNT, self.region_name)
        else:
            given = {"Type": deployed.definition["Type"], "Properties": deployed.properties}
            kind = type(resource)
            kind.delete_from_cloudformation_json(resource.physical_resource_id, given, ACCOUNT, self.region_name)

    # ------------------------------------------------------------ values and events

    def _resolved(self, value: Any, plan: Plan | None = None) -> Any:
        plan = plan or self.plan
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::NotificationARNs": self.notification_arns,
            "AWS::Partition": "aws",
            "AWS::Region": self.region_name,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        known = pseudo | plan.values | {name: each.resource for name, each in self._deployed.items()}
        return resolve(value, known.get, plan.conditions, plan.template)

    def _event(self, name: str, type_name: str, status: str, reason: str | None = None) -> None:
        deployed = self._deployed.get(name)
        self.events.append(
            models.Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=name,
                physical_resource_id=deployed.resource.physical_resource_id if deployed else "",
                resource_type=type_name,
                resource_status=status,
                resource_status_reason=reason,
                resource_properties=None,
            )
        )

    def _done(self, status: str, reason: str | None = None) -> None:
        self.status = status
        self.stack_status_reason = reason
        self._add_stack_event(status, reason)


def _reason(error: Exception) -> str:
    """Why a resource failed, for a person."""
    if isinstance(error, KeyError):
        return f"the required property {error} is missing"
    if isinstance(error, PropertyError | CustomResourceFailed | ClientError | BotoCoreError | ServiceException):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}


def _delete_stack(backend: models.CloudFormationBackend, name_or_stack_id: str) -> None:
    """Delete a stack; one that cannot be deleted whole stays, with status DELETE_FAILED."""
    for stack in list(backend.stacks.values()):
        if name_or_stack_id in (stack.stack_id, stack.name):
            names = [export.name for export in stack.exports]
            stack.delete()
            if stack.status == "DELETE_COMPLETE":
                backend.stacks.pop(stack.stack_id)
                backend.deleted_stacks[stack.stack_id] = stack
                for name in names:
                    backend.exports.pop(name, None)
