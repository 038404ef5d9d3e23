"""The comparison: all implementations in turn, in several rounds; results are compared with this project's."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import measure
from benchmarks.comparing import compare
from benchmarks.dataset import Dataset
from benchmarks.implementations import CORES, IMPLEMENTATIONS, OURS, Implementation, environment, table_folder
from benchmarks.places import CACHE
from benchmarks.reference import columns

HOP_LIMIT_SECONDS = 300
RACE_SECONDS = 18 * 60
"""No run starts that would end later than this, so that `make bench` takes at most twenty minutes."""

HOPS = ("convert", "transform")

Runs = dict[str, list[dict[str, Any]]]
"""Implementation to its runs; a run has the seconds, CPU seconds, peak memory and bytes written of each step."""


class ResultsDiffer(Exception):
    """A competitor's table differs from this project's; the message names the competitor and the difference."""


def race(data: Dataset, rounds: int, names: Sequence[str] = tuple(IMPLEMENTATIONS)) -> tuple[Runs, dict[str, str]]:
    """Run `rounds` rounds; return the runs, and the comparison of each competitor's table as text.

    Raises ResultsDiffer, RunFailed.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="race-") as folder:
        return _race(data, rounds, names, Path(folder))


def _race(data: Dataset, rounds: int, names: Sequence[str], folder: Path) -> tuple[Runs, dict[str, str]]:
    began = time.monotonic()
    runs: Runs = {name: [] for name in names}
    verdicts: dict[str, str] = {}
    kept = table_folder(OURS.name, folder / OURS.name)
    for number, name in turns(rounds, names):
        implementation = IMPLEMENTATIONS[name]
        if runs[name] and time.monotonic() - began + _seconds(runs[name][-1]) > RACE_SECONDS:
            print(f"{implementation.title}: round {number + 1} is skipped, as it would take too long", flush=True)
            continue
        runs[name].append(run_once(implementation, data, folder / name))
        _say(number, implementation, runs[name][-1])
        if name not in verdicts:
            verdicts[name] = _judged(implementation, kept, folder)
        if name != OURS.name:
            shutil.rmtree(folder / name)
    return runs, verdicts


def at_larger_scale(data: Dataset, names: Sequence[str]) -> dict[str, float]:
    """Run each quick implementation once on more rows; return its CPU seconds."""
    found = {}
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="slope-") as folder:
        for name in names:
            if IMPLEMENTATIONS[name].slope:
                run = run_once(IMPLEMENTATIONS[name], data, Path(folder) / name, limit_seconds=3 * HOP_LIMIT_SECONDS)
                found[name] = sum(float(run[hop]["cpu_seconds"]) for hop in HOPS)
                print(f"{IMPLEMENTATIONS[name].title}, {data.rows:,} rows: {found[name]:.1f} CPU seconds", flush=True)
                shutil.rmtree(Path(folder) / name)
    return found


def turns(rounds: int, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The order of the runs: (round from 0, name).

    The first round has all, ours first, as the others are compared with it. Then come the fast ones, starting with
    another one each round; later rounds of slow ones run last, if there is time.
    """
    yield from ((0, name) for name in names)
    for slow in (False, True):
        some = [name for name in names if IMPLEMENTATIONS[name].is_slow == slow]
        for number in range(1, rounds):
            place = number % max(1, len(some))
            yield from (
                (number, name) for name in [*some[place:], *some[:place]] if number < IMPLEMENTATIONS[name].most_rounds
            )


def _seconds(run: Mapping[str, Any]) -> float:
    return sum(float(run[hop]["seconds"]) for hop in HOPS)


def run_once(
    implementation: Implementation,
    data: Dataset,
    folder: Path,
    *,
    cores: int = CORES,
    limit_seconds: float = HOP_LIMIT_SECONDS,
) -> dict[str, Any]:
    """Run both steps of an implementation, in an emptied folder."""
    found: dict[str, Any] = {}
    for hop, step in zip(HOPS, implementation.hops(data, folder, cores), strict=True):
        log = folder / f"{hop}.log"
        usage = measure.run(
            step.command, environment=environment(), folder=folder, log=log, limit_seconds=limit_seconds
        )
        found[hop] = {**vars(usage), "bytes": size_of(step.result)}
    return found


def size_of(folder: Path) -> int:
    """The size of the Parquet files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The figures of an implementation: seconds of each step and of both (least and median), CPU, memory, bytes."""
    both = [_seconds(run) for run in runs]
    best = runs[both.index(min(both))]
    return {
        "rounds": len(runs),
        "convert": min(run["convert"]["seconds"] for run in runs),
        "transform": min(run["transform"]["seconds"] for run in runs),
        "both": round(min(both), 3),
        "both_median": round(median(both), 3),
        "cpu_seconds": round(median(sum(run[hop]["cpu_seconds"] for hop in HOPS) for run in runs), 1),
        "peak_bytes": max(run[hop]["peak_bytes"] for run in runs for hop in HOPS),
        "stage_bytes": best["convert"]["bytes"],
        "table_bytes": best["transform"]["bytes"],
    }


def _judged(implementation: Implementation, expected: Path, folder: Path) -> str:
    if implementation is OURS:
        return "the reference of the comparison"
    comparison = compare(expected, table_folder(implementation.name, folder / implementation.name), tuple(columns()))
    if comparison.faults:
        raise ResultsDiffer(f"{implementation.title} ({implementation.name}): {comparison.summary()}")
    return comparison.summary()


def _say(number: int, implementation: Implementation, run: Mapping[str, Any]) -> None:
    summary = ", ".join(
        f"{hop} {run[hop]['seconds']:.1f} s ({run[hop]['cpu_seconds']:.1f} CPU, {run[hop]['peak_bytes'] / 1e6:.0f} MB)"
        for hop in HOPS
    )
    print(f"{time.strftime('%H:%M:%S')} round {number + 1}: {implementation.title}: {summary}", flush=True)
