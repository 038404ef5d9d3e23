"""AWS's own managed policies, made once in a process.

moto makes all 1,500 of them anew for each partition whenever it is reset: three seconds of every start.
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
    """Give the world's partition a copy of each policy, and the partitions in which nobody calls none."""
    here = get_partition(world.region)

    def policies(backend: IAMBackend) -> list[ManagedPolicy]:
        if backend.partition != here:
            return []
        # A copy: a policy counts to whom it is attached.
        return [copy.copy(policy) for policy in _made(backend.account_id, backend.region_name)]

    replace(IAMBackend, _init_aws_policies=policies)
