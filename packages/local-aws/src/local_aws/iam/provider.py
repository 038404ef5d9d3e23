"""The provider of IAM and of CloudTrail's event history."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.iam import authorizer, cloudtrail, managed_policies


def install_managed_policies(world: World) -> None:
    """Install the AWS managed policies; call it before a reset of moto."""
    managed_policies.install(world)


def install(world: World) -> None:
    """Install the authorization of roles' requests; call it after the services are installed."""
    authorizer.install(world)
    cloudtrail.install(world)
