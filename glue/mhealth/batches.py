"""Batches of files: the tasks of a Spark job. A task costs a Python worker a tenth of a second beside its work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")

_SMALLEST_SHARE = 8
"""No batch, but for the last one, is smaller than this share of what one core has to do."""


def batches(items: Sequence[Item], size: Callable[[Item], int], cores: int, largest: int) -> list[list[Item]]:
    """Divide items among tasks, the largest items and batches first.

    A batch takes half of what remains for one core, so that cores with quick tasks take over from the others, and the
    last tasks are short. It is closed where it reaches `largest`: a task that fails is repeated as a whole.

    >>> batches([1, 9, 1, 1, 1, 1, 1, 1], lambda item: item, cores=2, largest=100)
    [[9], [1, 1], [1, 1], [1], [1], [1]]
    >>> [len(batch) for batch in batches([600] * 2000, lambda item: item, cores=2, largest=1_000_000)][:4]
    [500, 375, 282, 211]
    """
    remaining = sum(map(size, items))
    smallest = remaining / (cores * _SMALLEST_SHARE)
    found: list[list[Item]] = []
    taken = wanted = 0.0
    for item in sorted(items, key=size, reverse=True):
        if taken >= wanted:
            remaining -= int(taken)
            wanted = min(max(remaining / (2 * cores), smallest), largest)
            taken = 0
            found.append([])
        found[-1].append(item)
        taken += size(item)
    return found
