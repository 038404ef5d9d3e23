"""Change sets, which `sam deploy` and `aws cloudformation deploy` create, describe and execute.

As on AWS, a change set without changes fails, an invalid parameter is rejected immediately, and a template that SAM
cannot translate fails with SAM's reasons. Unlike on AWS, a call returns when its work is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from moto.cloudformation import models, responses
from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id, validate_create_change_set
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.s3.models import s3_backends

from local_aws.cloudformation.plans import Plan
from local_aws.cloudformation.templates import Template, references
from local_aws.core.patching import replace
from local_aws.core.world import World

if TYPE_CHECKING:
    from local_aws.cloudformation.stacks import LocalStack

_NO_CHANGE = "The submitted information didn't contain changes. Submit different information to create a change set."
_NO_CHANGE_OF_A_TRANSFORM = "No updates are to be performed."


class ChangeSetNotFound(CloudFormationError):
    """The change set does not exist on this stack."""

    code = "ChangeSetNotFound"


class InvalidChangeSetStatus(CloudFormationError):
    """The change set cannot be executed."""

    code = "InvalidChangeSetStatus"


class InsufficientCapabilities(CloudFormationError):
    """The template has IAM resources, which the caller did not acknowledge."""

    code = "InsufficientCapabilitiesException"


@dataclass
class Change:
    """The change of one resource by a change set."""

    action: str
    logical_resource_id: str
    resource_type: str
    physical_resource_id: str | None = None


@dataclass
class ChangeSet:
    """A template with parameters, compared with a stack. The names of the fields are those in moto's responses."""

    change_set_type: str
    change_set_id: str
    change_set_name: str
    stack: LocalStack
    template: str
    parameters: dict[str, str]
    description: str | None
    capabilities: list[str]
    tags: dict[str, str]
    role_arn: str | None
    changes: list[Change]
    status: str
    execution_status: str
    status_reason: str | None
    creation_time: Any

    @property
    def stack_id(self) -> str:
        """The stack's id."""
        stack_id: str = self.stack.stack_id
        return stack_id

    @property
    def stack_name(self) -> str:
        """The stack's name."""
        name: str = self.stack.name
        return name


def install(world: World) -> None:  # noqa: ARG001 - every module has the same signature
    """Install the calls for change sets, and templates in this process's S3."""
    replace(
        responses.CloudFormationResponse,
        create_change_set=_create,
        describe_change_set=_describe,
        execute_change_set=_execute,
        delete_change_set=_delete,
        list_change_sets=_list,
        _get_stack_from_s3_url=_template_from_url,
    )


# ------------------------------------------------------------ the calls


def _create(response: responses.CloudFormationResponse) -> ActionResult:
    backend, param = response.cloudformation_backend, response._get_param
    name, stack_name = param("ChangeSetName"), param("StackName")
    validate_create_change_set(name)
    kind = param("ChangeSetType", "UPDATE")
    stack = _stack_for(backend, kind, stack_name)
    if any(each.change_set_name == name and each.stack is stack for each in _change_sets(backend).values()):
        raise AlreadyExistsException(f"ChangeSet {name} cannot be created due to a mismatch with existing attribute")
    if response._get_bool_param("UsePreviousTemplate", False):
        template = cast("str", stack.template)
    else:
        url = param("TemplateURL")
        template = _template_from_url(response, url) if url else param("TemplateBody")
    parameters = _parameters(param("Parameters", []), stack)
    source = stack.parse_template(template)
    status, reason, changes = "CREATE_COMPLETE", None, []
    try:
        plan = stack.planned(source, parameters)
    except ValidationError as error:
        if "Transform" not in source or not error.message.startswith("Transform"):
            raise
        status, reason = "FAILED", error.message
    else:
        _refuse_missing_capabilities(plan, param("Capabilities", []))
        if stack.plan is not None and plan.same_as(stack.plan):
            status, reason = "FAILED", _NO_CHANGE_OF_A_TRANSFORM if "Transform" in source else _NO_CHANGE
        changes = list(_changes(stack, plan))
    backend.stacks.setdefault(stack.stack_id, stack)
    made = ChangeSet(
        change_set_type=kind,
        change_set_id=generate_changeset_id(name, backend.region_name, backend.account_id),
        change_set_name=name,
        stack=stack,
        template=template,
        parameters=parameters,
        description=param("Description"),
        capabilities=param("Capabilities", []),
        tags={tag["Key"]: tag["Value"] for tag in param("Tags", [])},
        role_arn=param("RoleARN"),
        changes=[] if status == "FAILED" else changes,
        status=status,
        execution_status="AVAILABLE" if status == "CREATE_COMPLETE" else "UNAVAILABLE",
        status_reason=reason,
        creation_time=utcnow(),
    )
    _change_sets(backend)[made.change_set_id] = made
    return ActionResult({"Id": made.change_set_id, "StackId": stack.stack_id})


def _describe(response: responses.CloudFormationResponse) -> ActionResult:
    return ActionResult(_named(response))


def _execute(response: responses.CloudFormationResponse) -> ActionResult:
    change_set = _named(response)
    if change_set.execution_status != "AVAILABLE":
        raise InvalidChangeSetStatus(
            f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of [{change_set.status}]"
        )
    if response._get_bool_param("DisableRollback", False):
        raise ValidationError(message="the local AWS does not know DisableRollback: a stack that fails is rolled back")
    change_set.execution_status = "EXECUTE_COMPLETE"
    stack = change_set.stack
    if change_set.change_set_type == "CREATE":
        stack.tags, stack.role_arn = change_set.tags, change_set.role_arn
        stack.create_from(change_set.template, change_set.parameters)
    else:
        tags = change_set.tags or None
        stack.update(change_set.template, change_set.role_arn, change_set.parameters, tags)
    return EmptyResult()


def _delete(response: responses.CloudFormationResponse) -> ActionResult:
    del response.cloudformation_backend.change_sets[_named(response).change_set_id]
    return EmptyResult()


def _list(response: responses.CloudFormationResponse) -> ActionResult:
    wanted = response._get_param("StackName")
    every = _change_sets(response.cloudformation_backend).values()
    return ActionResult({"Summaries": [each for each in every if wanted in (each.stack_name, each.stack_id)]})


# ------------------------------------------------------------ what they need


def _change_sets(backend: models.CloudFormationBackend) -> dict[str, ChangeSet]:
    return cast("dict[str, ChangeSet]", backend.change_sets)


def _named(response: responses.CloudFormationResponse) -> ChangeSet:
    name, stack_name = response._get_param("ChangeSetName"), response._get_param("StackName")
    for each in _change_sets(response.cloudformation_backend).values():
        of_the_stack = stack_name in (each.stack_name, each.stack_id)
        if each.change_set_id == name or (each.change_set_name == name and of_the_stack):
            return each
    raise ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def _stack_for(backend: models.CloudFormationBackend, kind: str, name: str) -> LocalStack:
    """The stack to update, or a new one without resources."""
    stacks = cast("dict[str, LocalStack]", backend.stacks)
    there = next((each for each in stacks.values() if name in (each.name, each.stack_id)), None)
    if kind == "UPDATE":
        if there is None:
            raise ValidationError(message=f"Stack [{name}] does not exist")
        there.plan_to_update()
        return there
    if there is not None:
        if there.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{name}] already exists and cannot be created again with the changeSet"
            )
        return there
    stack: LocalStack = cast("Any", models.Stack)(  # which is LocalStack by now
        stack_id=generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        template={},
        parameters={},
        account_id=backend.account_id,
        region_name=backend.region_name,
    )
    stack.status = "REVIEW_IN_PROGRESS"
    stack._add_stack_event("REVIEW_IN_PROGRESS", resource_status_reason="User Initiated")
    return stack


def _parameters(given: list[dict[str, Any]], stack: LocalStack) -> dict[str, str]:
    """The parameter values of a request: its own, or the stack's."""
    values = {}
    for each in given:
        name = each["ParameterKey"]
        if str(each.get("UsePreviousValue", False)).lower() != "true":
            values[name] = each["ParameterValue"]
        elif name in stack.parameters:
            values[name] = stack.parameters[name]
        else:
            raise ValidationError(message=f"Parameters: [{name}] must have values")
    return values


def _refuse_missing_capabilities(plan: Plan, given: list[str]) -> None:
    iam = [each for each in plan.resources.values() if each["Type"].startswith("AWS::IAM::")]
    named = any(name.endswith("Name") for each in iam for name in each.get("Properties", {}))
    sufficient = {"CAPABILITY_NAMED_IAM"} if named else {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}
    if iam and not sufficient & set(given):
        raise InsufficientCapabilities(f"Requires capabilities : [{min(sufficient)}]")


def _changes(stack: LocalStack, plan: Plan) -> Iterator[Change]:
    """The changes of each resource by the plan, as far as they are known."""
    there = stack.deployed.by_name
    old_values: Mapping[str, Any] = stack.plan.values if stack.plan else {}
    # Resources whose Ref, and those whose Fn::GetAtt, may change.
    refs = {name for name, value in plan.values.items() if old_values.get(name) != value}
    attributes: set[str] = set()
    for name in plan.order:
        definition: Template = plan.resources[name]
        named = references(definition)
        if name not in there:
            yield Change("Add", name, definition["Type"])
            refs.add(name)
        elif definition != there[name].definition or any(
            each in (attributes if attribute else refs) for each, attribute in named
        ):
            yield Change("Modify", name, definition["Type"], there[name].physical_id)
        else:
            continue
        attributes.add(name)
    for name in there.keys() - plan.resources.keys():
        yield Change("Remove", name, there[name].type_name, there[name].physical_id)


def _template_from_url(response: responses.CloudFormationResponse, url: str) -> str:
    """The template at an S3 URL: path-style, as from the local AWS and SAM, or virtual-hosted."""
    address = urlsplit(url)
    host, path = (address.hostname or ""), address.path.lstrip("/")
    bucket, _, rest = host.partition(".s3")
    key = path
    if not rest:  # path style: s3.REGION.amazonaws.com, or this process
        bucket, _, key = path.partition("/")
    found = s3_backends[response.current_account][response.partition].get_object(bucket, key)
    if found is None:
        raise ValidationError(message=f"S3 error: The specified key does not exist. (template {url})")
    text: str = found.value.decode()
    return text
