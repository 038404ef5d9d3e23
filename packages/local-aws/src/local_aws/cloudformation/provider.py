"""The provider of CloudFormation."""

from __future__ import annotations

from local_aws.cloudformation import change_sets, stacks
from local_aws.core.world import World


def install(world: World) -> None:
    """Install stacks and change sets."""
    stacks.install(world)
    change_sets.install(world)
