"""The provider of Glue."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.glue import crawler, jobs


def install(world: World) -> None:
    """Install job runs and crawls."""
    jobs.install(world)
    crawler.install(world)
