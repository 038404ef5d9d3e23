from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any, cast

import pytest

from tests.suite import order

GB = 1024**3


@dataclass
class Item:
    """As much of a test as its order needs."""

    nodeid: str
    marks: tuple[str, ...] = ()

    def get_closest_marker(self, name: str) -> str | None:
        return name if name in self.marks else None


def items(*names: str) -> Any:
    return [Item(f"tests/{name}") for name in names]


def names(ordered: Any) -> list[str]:
    return [item.nodeid.removeprefix("tests/") for item in cast("list[Item]", ordered)]


def test_the_longest_files_are_first_and_each_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "seconds_by_file", lambda: {"c/long.py": 100, "b/longer.py": 200})
    tests = items("a/short.py::a", "c/long.py::a", "c/long.py::b", "b/longer.py::z", "b/longer.py::a", "d/short.py::a")
    order.longest_first(tests)
    assert names(tests) == [
        *("b/longer.py::z", "b/longer.py::a", "c/long.py::a", "c/long.py::b"),
        *("a/short.py::a", "d/short.py::a"),
    ]


def test_a_seed_gives_one_order_of_files_and_of_the_tests_of_each() -> None:
    every = [f"{file}.py::{test}" for file in "abcdef" for test in "uvwxyz"]
    first, again, other = items(*every), items(*every), items(*every)
    order.shuffle(first, "1")
    order.shuffle(again, "1")
    order.shuffle(other, "2")
    assert names(first) == names(again)
    assert sorted(names(first)) == sorted(names(other)) == every
    assert every != names(first) != names(other)
    files = [name.partition("::")[0] for name in names(first)]
    assert all(files[start : start + 6] == [files[start]] * 6 for start in range(0, 36, 6))


def test_a_story_stays_in_its_order() -> None:
    story: Any = [Item(f"tests/a.py::{test}", ("story",)) for test in "uvwxyz"]
    tests = [*story, *items(*(f"b.py::{test}" for test in "uvwxyz"))]
    order.shuffle(tests, "1")
    assert [item for item in tests if item in story] == story


@pytest.mark.parametrize(
    ("cores", "gigabytes", "expected"),
    [
        pytest.param(2, 16, 3, id="one more than cores"),
        pytest.param(4, 16, 5, id="of four cores"),
        pytest.param(4, 7, 2, id="memory is short"),
        pytest.param(64, 256, 6, id="no more than the longest file allows"),
        pytest.param(2, 1, 1, id="never none"),
    ],
)
def test_workers_follow_cores_and_memory(cores: int, gigabytes: int, expected: int) -> None:
    assert order.workers(cores, gigabytes * GB) == expected


def test_every_file_of_the_table_exists() -> None:
    roots = order.SECONDS.parents[1:3]
    assert [name for name in order.seconds_by_file() if not any((root / name).is_file() for root in roots)] == []


def test_the_garbage_collector_looks_rarely_at_what_stays() -> None:
    """Python's own thresholds begin with 700 objects, and took a third of the CPU seconds of a file of tests."""
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == (20_000, 20, 20)
