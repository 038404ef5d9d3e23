from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from mhealth.stage.parallel import parallel_map
from tools.waiting import HANG


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    def work(item: int) -> int:
        time.sleep(0.01 if item % 3 == 0 else 0)  # so that some are overtaken
        return item * item

    assert list(parallel_map(work, range(12), threads)) == [0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121]


def test_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=HANG)
    assert list(parallel_map(lambda _: together.wait() >= 0, range(6), 3)) == [True] * 6


def test_no_more_items_are_taken_than_can_be_worked_on() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    results = parallel_map(lambda item: item, items(), 2)
    assert (next(results), taken) == (0, 3)
    assert (next(results), taken) == (1, 4)


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_in_the_place_of_its_result(threads: int) -> None:
    results = parallel_map(lambda item: 12 // item, [3, 2, 0, 4], threads)
    assert [next(results), next(results)] == [4, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)
