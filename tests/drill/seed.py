"""The seed of all that is random in a drill: the same one gives the same course and the same table."""

from __future__ import annotations

import os
import random

DEFAULT_SEED = 20261124


def drill_seed() -> int:
    """The number of `make drill SEED=...`, else always the same one."""
    return int(os.environ.get("SEED") or DEFAULT_SEED)


def drawn(*words: object) -> random.Random:
    """A source of random numbers that depends on the seed and on the words, and on nothing else."""
    return random.Random(" ".join(map(str, (drill_seed(), *words))))
