"""The resource types of CloudFormation. supported.toml says which of their properties work."""

from __future__ import annotations

from local_aws.cloudformation.resource_types import (
    application,
    athena,
    compute,
    encryption,
    glue,
    identity,
    messaging,
    monitoring,
    storage,
)
from local_aws.cloudformation.resource_types.api import Api
from local_aws.cloudformation.resource_types.base import ApiResource
from local_aws.cloudformation.resource_types.custom import CustomResource
from local_aws.core.world import World

TYPES: tuple[type[ApiResource], ...] = (
    application.EventSourceMapping,
    application.Parameter,
    application.Rule,
    application.Secret,
    application.Table,
    athena.NamedQuery,
    athena.WorkGroup,
    compute.Alias,
    compute.Function,
    compute.FunctionVersion,
    compute.Permission,
    compute.Schedule,
    compute.StateMachine,
    encryption.Alias,
    encryption.Key,
    glue.Crawler,
    glue.Database,
    glue.Job,
    glue.SecurityConfiguration,
    glue.Table,
    identity.ManagedPolicy,
    identity.Policy,
    identity.Role,
    messaging.Queue,
    messaging.QueuePolicy,
    messaging.Subscription,
    messaging.Topic,
    messaging.TopicPolicy,
    monitoring.Alarm,
    monitoring.Dashboard,
    monitoring.LogGroup,
    storage.Bucket,
    storage.BucketPolicy,
)
_BY_NAME = {resource_type.type_name: resource_type for resource_type in TYPES}


def install(world: World) -> None:
    """Set the world in which the types create their objects."""
    ApiResource.world = world
    ApiResource.api = Api(world)


def resource_type(name: str) -> type[ApiResource] | None:
    """The class of a type such as `AWS::Glue::Job`; None for one that the local AWS does not have.

    Moto's own types do not count: it takes any property of theirs, and leaves out what it does not know.
    """
    if name.startswith("Custom::") or name == "AWS::CloudFormation::CustomResource":
        return CustomResource
    return _BY_NAME.get(name)
