"""AWS managed policies, created once per process.

moto creates all 1,500 of them for each partition at every reset, which takes three seconds.
"""

from __future__ import annotations

import copy
import functools

from moto.iam.models import IAMBackend, ManagedPolicy
from moto.utilities.utils import get_partition

from local_aws.core.patching import replace
from local_aws.core.world import World

_own = IAMBackend._init_aws_policies


@functools.cache
def _made(account: str, partition: str) -> tuple[ManagedPolicy, ...]:
    maker = IAMBackend.__new__(IAMBackend)
    maker.account_id, maker.region_name = account, partition
    return tuple(_own(maker))


def install(world: World) -> None:
    """Copy the policies to the world's partition; unused partitions get none."""
    here = get_partition(world.region)

    def policies(backend: IAMBackend) -> list[ManagedPolicy]:
        if backend.partition != here:
            return []
        # A copy, as a policy counts its attachments.
        return [copy.copy(policy) for policy in _made(backend.account_id, backend.region_name)]

    replace(IAMBackend, _init_aws_policies=policies)
