"""The sweep over a process's requests leaves none out."""

from __future__ import annotations

import itertools

import pytest

from tests.interrupted import FAULTS, chosen


@pytest.mark.parametrize("seed", ["", "7", "8"])
@pytest.mark.parametrize("every", [1, 2, 3])
def test_as_many_consecutive_kinds_of_fault_as_requests_are_left_out_reach_every_request(
    every: int, seed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEED", seed)
    kinds = list(FAULTS)
    for first in range(len(kinds) - every + 1):
        reached = [set(chosen(20, every, kind)) for kind in kinds[first : first + every]]
        assert set().union(*reached) == set(range(20))
        assert not any(one & other for one, other in itertools.combinations(reached, 2)), "each in one of them"


def test_the_seed_decides_where_a_sweep_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    begins = set()
    for seed in range(20):
        monkeypatch.setenv("SEED", str(seed))
        begins.add(chosen(20, 3, next(iter(FAULTS)))[0])
    assert begins == {0, 1, 2}
