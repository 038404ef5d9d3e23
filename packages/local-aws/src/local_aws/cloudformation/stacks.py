"""The engine of CloudFormation: creation, update and deletion of stacks.

It replaces moto's engine, which creates resources in file order, skips unknown types, and reports no reasons. As on
AWS, a failed stack has the reason of every failed resource, and is rolled back. Unlike on AWS, a call returns when
the stack is complete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from moto.cloudformation import models, responses
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import Export
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from local_aws.cloudformation import resource_types, templates
from local_aws.cloudformation.deployed import DeployedResources
from local_aws.cloudformation.plans import Plan
from local_aws.cloudformation.resource_types.api import as_text
from local_aws.cloudformation.templates import Template
from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, World

_CANNOT_BE_UPDATED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")


def install(world: World) -> None:
    """Install the engine in moto, and set the world of the resource types."""
    resource_types.install(world)
    replace(models, Stack=LocalStack)
    replace(models.CloudFormationBackend, delete_stack=_delete_stack)
    replace(responses.CloudFormationResponse, delete_stack=_answer_delete_stack)


class LocalStack(models.Stack):
    """A stack of moto whose resources are managed by this engine."""

    plan: Plan | None = None
    stack_status_reason: str | None = None
    last_updated_time: Any = None

    # ------------------------------------------------------------ what moto's own code asks for

    def _create_resource_map(self) -> Any:
        self.deployed = DeployedResources(self.name, self.region_name, self._pseudo(), self._event)
        if self.template_dict:
            self.plan = self.planned(self.template_dict, self.parameters)
            self.parameters = _texts(self.plan.given)
        return self

    def _create_output_map(self) -> Any:
        return self

    @staticmethod
    def parse_template(template: str) -> Template:
        """The parsed template. JSON is tried first, as the YAML reader takes seconds for it."""
        try:
            return cast("Template", json.loads(template))
        except json.JSONDecodeError:
            return templates.read(template)

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        """Every parameter with its value, those with NoEcho hidden."""
        slots = self.plan.template.get("Parameters", {}) if self.plan else {}
        hidden = {name for name, slot in slots.items() if slot.get("NoEcho")}
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
        """The existing resources, in order of creation."""
        return [each.resource for each in self.deployed.by_name.values()]

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The outputs of a complete stack."""
        if not self.status.endswith("_COMPLETE") or not self.deployed.by_name or self.plan is None:
            return []
        described = []
        for name, output in self.plan.outputs.items():
            value = self.deployed.resolved(output["Value"], self.plan)
            each = {"OutputKey": name, "OutputValue": as_text(value)}
            if "Description" in output:
                each["Description"] = output["Description"]
            if "Export" in output:
                each["ExportName"] = self.deployed.resolved(output["Export"]["Name"], self.plan)
            described.append(each)
        return described

    @property
    def exports(self) -> list[Export]:
        """The exported outputs."""
        return [
            Export(self.stack_id, output["ExportName"], output["OutputValue"])
            for output in self.outputs
            if "ExportName" in output
        ]

    # ------------------------------------------------------------ create, update, delete

    def planned(self, source: Template, parameters: Mapping[str, Any]) -> Plan:
        """The plan of a template for this stack. Raises ValidationError."""
        return Plan(source, parameters, self._pseudo())

    def create_resources(self) -> None:
        """Create all resources; roll back if some fail."""
        assert self.plan is not None, "a stack is created from a template"
        self.status = "CREATE_IN_PROGRESS"
        failed = self.deployed.apply(self.plan, "CREATE")
        if not failed:
            self._done("CREATE_COMPLETE")
            backend = models.cloudformation_backends[self.account_id][self.region_name]
            backend.exports.update({export.name: export for export in self.exports})
            return
        reason = f"The following resource(s) failed to create: [{', '.join(failed)}]."
        self._add_stack_event("ROLLBACK_IN_PROGRESS", f"{reason} Rollback requested by user.")
        left = self.deployed.remove(list(self.deployed.by_name), roll_back=True)
        self._done("ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE", reason)

    def create_from(self, template: str, parameters: Mapping[str, Any]) -> None:
        """Set the template of an empty stack, and create all resources."""
        source = self.parse_template(template)
        self.plan = self.planned(source, parameters)
        self.template, self.template_dict, self.description = template, source, source.get("Description")
        self.parameters = _texts(self.plan.given)
        self._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
        self.create_resources()

    def update(
        self,
        template: str | Template,
        role_arn: str | None = None,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        """Update the resources to another template or other parameters; roll back if this fails.

        Raises ValidationError for an invalid template, or one without changes.
        """
        old = self.plan_to_update()
        source = self.parse_template(template) if isinstance(template, str) else template
        plan = self.planned(source, parameters or {})
        if plan.same_as(old):
            raise ValidationError(message="No updates are to be performed.")
        self.last_updated_time = utcnow()
        self._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
        failed = self.deployed.apply(plan, "UPDATE")
        if failed:
            self._back_to(old, f"The following resource(s) failed to update: [{', '.join(failed)}].")
            return
        self.plan = plan
        self._add_stack_event("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self.deployed.clean_up(plan)
        self.template, self.template_dict = (template if isinstance(template, str) else json.dumps(template)), source
        self.description = source.get("Description")
        self.parameters = _texts(plan.given)
        self.role_arn = role_arn
        self.tags = self.tags if tags is None else tags
        self._done("UPDATE_COMPLETE")

    def plan_to_update(self) -> Plan:
        """The current plan. Raises ValidationError for a stack that can only be deleted, or is not created yet."""
        if self.status in _CANNOT_BE_UPDATED or self.plan is None:
            raise ValidationError(message=f"Stack:{self.stack_id} is in {self.status} state and can not be updated.")
        return self.plan

    def _back_to(self, old: Plan, reason: str) -> None:
        self._add_stack_event("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        if self.deployed.restore(old):
            self._done("UPDATE_ROLLBACK_FAILED", reason)
            return
        self._add_stack_event("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self.deployed.clean_up(old, roll_back=True)
        self._done("UPDATE_ROLLBACK_COMPLETE", reason)

    def delete(self, retain: Sequence[str] = ()) -> None:
        """Delete all resources except those kept by DeletionPolicy or `retain`.

        Raises ValidationError for `retain` without a failed deletion.
        """
        if retain and self.status != "DELETE_FAILED":
            raise ValidationError(
                message=f"Invalid operation on stack [{self.stack_id}]. "
                "Specify the resources to retain only when the current stack state is DELETE_FAILED."
            )
        self._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
        failed = self.deployed.remove(list(self.deployed.by_name), retain=retain)
        if failed:
            self._done("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}].")
        else:
            self._done("DELETE_COMPLETE")

    # ------------------------------------------------------------ values and events

    def _pseudo(self) -> dict[str, Any]:
        return {
            "AWS::AccountId": ACCOUNT,
            "AWS::NotificationARNs": self.notification_arns,
            "AWS::Partition": "aws",
            "AWS::Region": self.region_name,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def _event(self, name: str, type_name: str, status: str, physical_id: str, reason: str | None) -> None:
        self.events.append(
            models.Event(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=name,
                physical_resource_id=physical_id,
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


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}


def _answer_delete_stack(response: responses.CloudFormationResponse) -> ActionResult:
    retain = response._get_param("RetainResources", [])
    _delete_stack(response.cloudformation_backend, response._get_param("StackName"), retain)
    return EmptyResult()


def _delete_stack(backend: models.CloudFormationBackend, name_or_stack_id: str, retain: Sequence[str] = ()) -> None:
    """Delete a stack; if this fails, the stack is kept with status DELETE_FAILED."""
    for stack in list(backend.stacks.values()):
        if name_or_stack_id in (stack.stack_id, stack.name):
            names = [export.name for export in stack.exports]
            cast("LocalStack", stack).delete(retain)
            if stack.status == "DELETE_COMPLETE":
                backend.stacks.pop(stack.stack_id)
                backend.deleted_stacks[stack.stack_id] = stack
                for name in names:
                    backend.exports.pop(name, None)
