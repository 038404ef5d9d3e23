"""CloudFormation: installed as one."""

from __future__ import annotations

from local_aws.cloudformation import change_sets, stacks
from local_aws.core.world import World


def install(world: World) -> None:
    """Make stacks and change sets real."""
    stacks.install(world)
    change_sets.install(world)
