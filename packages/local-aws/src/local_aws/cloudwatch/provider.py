"""The provider of CloudWatch."""

from __future__ import annotations

from local_aws.cloudwatch import alarms, embedded, metrics
from local_aws.core import clock
from local_aws.core.world import World


def install(world: World) -> None:  # noqa: ARG001 - every module has the same signature
    """Install metrics, the embedded metric format and alarms; reset the clock."""
    clock.reset()
    metrics.install()
    embedded.install()
    alarms.install()
