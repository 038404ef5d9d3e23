"""The provider of S3."""

from __future__ import annotations

from local_aws.core.world import World
from local_aws.s3 import buckets, notifications


def install(world: World) -> None:
    """Correct conditional writes, copies and statements on buckets; deliver notifications."""
    buckets.install(world)
    notifications.install(world)
