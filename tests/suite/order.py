"""Which tests run first, and by how many workers.

The longest files are first, so that the end is not one of them alone. With `--shuffle SEED` the files are in a random
order, and so are the tests of each. Only a file that tells a story keeps its order: each of its tests starts where the
one before it ended.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import tomllib
from collections.abc import Generator, Sequence
from pathlib import Path

import pytest

from local_aws.core.garbage import RARELY

SECONDS = Path(__file__).with_name("seconds.toml")
_WORKER_MEMORY = 3 * 1024**3
"""Bytes: the tests' process with its Spark, and a job's Spark beside it."""
_NO_LIMIT = 1 << 62
_MOST_WORKERS = 6
"""With more the longest file alone would take as long as all the others."""


def seconds_by_file() -> dict[str, float]:
    """How long files took, by their path, without `tests/` at its begin."""
    seconds: dict[str, float] = tomllib.loads(SECONDS.read_text())["files"]
    return seconds


def longest_first(items: list[pytest.Item]) -> None:
    """Bring the files that take longest to the front; those of which nothing is known keep their order behind them."""
    known = seconds_by_file()
    items.sort(key=lambda item: -known.get(item.nodeid.partition("::")[0].removeprefix("tests/"), 0))


def shuffle(items: list[pytest.Item], seed: str) -> None:
    """Shuffle the files, and the tests in each file without a fixed order."""
    chance = random.Random(seed)
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    groups = list(files.values())
    chance.shuffle(groups)
    for group in groups:
        if group[0].get_closest_marker("story") is None:
            chance.shuffle(group)
    items[:] = [item for group in groups for item in group]


def workers(cores: int, memory: int, *, waiting: bool = True) -> int:
    """How many workers a machine of so many cores and free bytes gets: one more than cores where tests often wait.

    Each worker has a Spark of its own: two more took 626 s on two cores instead of 584.
    """
    return max(1, min(cores + waiting, memory // _WORKER_MEMORY, _MOST_WORKERS))


def _cores() -> int:
    """The cores that this process may use; on macOS all cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _free_memory() -> int:
    """The available memory in bytes: the machine's or a container's; `_NO_LIMIT` where unknown."""
    limits = [_NO_LIMIT]
    with contextlib.suppress(OSError, KeyError):
        found = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        limits.append(int(found["MemAvailable"].split()[0]) * 1024)
    with contextlib.suppress(OSError, ValueError):  # it says `max` where there is no limit
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(limits)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--shuffle`."""
    parser.addoption("--shuffle", metavar="SEED", help="run files, and the tests of each, in a random order")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known; have the objects unfrozen (below) at the very end, as libraries report what remains then.

    First, and so the last of pytest's cleanups: it collects garbage twice before, each time all that is not frozen.
    """
    config.add_cleanup(gc.unfreeze)
    config.addinivalue_line("markers", "story: each test of the module starts where the one before it ended")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the tests; each worker comes to the same order."""
    if seed := config.getoption("--shuffle"):
        shuffle(items, seed)
    else:
        longest_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while tests are collected: of some hundred thousand new objects nearly all remain."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Have the garbage collector skip the objects before the first test, and look at all others rarely.

    A local AWS has half a million objects. Python's own thresholds took a third of the tests' CPU seconds to look at
    them again and again, whenever a client of boto3 was made.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """The number of workers for `-n auto`."""
    return workers(_cores(), _free_memory(), waiting=not config.getoption("--fast"))


def pytest_report_header(config: pytest.Config) -> Sequence[str]:
    """Report a shuffled order, and low memory."""
    found = [f"shuffled: --shuffle {config.getoption('--shuffle')}"] if config.getoption("--shuffle") else []
    cores = _cores()
    if workers(cores, _free_memory()) < workers(cores, _NO_LIMIT):
        found.append(f"memory is short: {_free_memory() / 1024**3:.0f} GB free, 3 GB for each worker")
    return found
