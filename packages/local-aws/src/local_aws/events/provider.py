"""EventBridge: installed as one."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.events import targets


def install(world: World) -> None:
    """Let rules deliver."""
    targets.install(world)
