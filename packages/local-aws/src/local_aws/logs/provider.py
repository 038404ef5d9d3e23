"""The provider of CloudWatch Logs."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.logs import log_groups


def install(world: World) -> None:
    """Install the check of log groups' keys."""
    log_groups.install(world)
