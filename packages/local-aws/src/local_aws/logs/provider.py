"""CloudWatch Logs: installed as one."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.logs import log_groups


def install(world: World) -> None:
    """Check the keys of log groups."""
    log_groups.install(world)
