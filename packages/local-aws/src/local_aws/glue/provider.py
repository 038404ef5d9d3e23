"""Glue: installed as one."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.glue import crawler, jobs


def install(world: World) -> None:
    """Make job runs and crawls real."""
    jobs.install(world)
    crawler.install(world)
