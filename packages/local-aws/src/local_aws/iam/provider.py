"""IAM, and the record that CloudTrail keeps of what it allowed and refused: installed as one."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.iam import authorizer, cloudtrail, managed_policies


def install_managed_policies(world: World) -> None:
    """Have AWS's own policies made anew by each reset of moto: to be installed before one."""
    managed_policies.install(world)


def install(world: World) -> None:
    """Decide on the requests of roles. To be installed behind what answers them."""
    authorizer.install(world)
    cloudtrail.install(world)
