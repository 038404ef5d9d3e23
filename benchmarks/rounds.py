"""The race: every contestant in turn, round after round, each hop measured, the results compared with ours."""

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
from benchmarks.contestants import CONTESTANTS, CORES, OURS, Contestant, environment, table_folder
from benchmarks.dataset import Dataset
from benchmarks.places import CACHE
from benchmarks.reference import columns

HOP_LIMIT_SECONDS = 300
RACE_SECONDS = 18 * 60
"""Nobody begins another run that would not be over by then, so that `make bench` takes at most twenty minutes."""

HOPS = ("convert", "transform")

Runs = dict[str, list[dict[str, Any]]]
"""For each contestant its runs; a run has for each hop the seconds, CPU seconds, peak memory and bytes written."""


class ResultsDiffer(Exception):
    """A contestant did not make the table that this project makes; the message names who and what."""


def race(data: Dataset, rounds: int, names: Sequence[str] = tuple(CONTESTANTS)) -> tuple[Runs, dict[str, str]]:
    """Run `rounds` rounds; returns the runs, and for each contestant in words how its table compares with ours.

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
        contestant = CONTESTANTS[name]
        if runs[name] and time.monotonic() - began + _seconds(runs[name][-1]) > RACE_SECONDS:
            print(f"{contestant.title}: no round {number + 1}, as it would take too long", flush=True)
            continue
        runs[name].append(run_once(contestant, data, folder / name))
        _say(number, contestant, runs[name][-1])
        if name not in verdicts:
            verdicts[name] = _judged(contestant, kept, folder)
        if name != OURS.name:
            shutil.rmtree(folder / name)
    return runs, verdicts


def turns(rounds: int, names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Who runs when: (round from 0, name).

    All in the first round, in the order of the names: ours first, as the others are compared with it. Then the quick
    ones, another one beginning each round; the slow ones' further rounds come last, where there is time for them.
    """
    yield from ((0, name) for name in names)
    for slow in (False, True):
        some = [name for name in names if CONTESTANTS[name].is_slow == slow]
        for number in range(1, rounds):
            place = number % max(1, len(some))
            yield from (
                (number, name) for name in [*some[place:], *some[:place]] if number < CONTESTANTS[name].most_rounds
            )


def _seconds(run: Mapping[str, Any]) -> float:
    return sum(float(run[hop]["seconds"]) for hop in HOPS)


def run_once(
    contestant: Contestant,
    data: Dataset,
    folder: Path,
    *,
    cores: int = CORES,
    limit_seconds: float = HOP_LIMIT_SECONDS,
) -> dict[str, Any]:
    """Both hops of a contestant, in a folder that is emptied before."""
    found: dict[str, Any] = {}
    for hop, step in zip(HOPS, contestant.hops(data, folder, cores), strict=True):
        log = folder / f"{hop}.log"
        usage = measure.run(
            step.command, environment=environment(), folder=folder, log=log, limit_seconds=limit_seconds
        )
        found[hop] = {**vars(usage), "bytes": size_of(step.result)}
    return found


def size_of(folder: Path) -> int:
    """Bytes of the Parquet files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a contestant took: seconds of each hop and of both (least and median), CPU, memory, bytes."""
    both = [_seconds(run) for run in runs]
    best = runs[both.index(min(both))]
    return {
        "rounds": len(runs),
        "convert": min(run["convert"]["seconds"] for run in runs),
        "transform": min(run["transform"]["seconds"] for run in runs),
        "both": round(min(both), 3),
        "both_median": round(median(both), 3),
        "cpu_seconds": round(best["convert"]["cpu_seconds"] + best["transform"]["cpu_seconds"], 1),
        "peak_bytes": max(run[hop]["peak_bytes"] for run in runs for hop in HOPS),
        "stage_bytes": best["convert"]["bytes"],
        "table_bytes": best["transform"]["bytes"],
    }


def _judged(contestant: Contestant, expected: Path, folder: Path) -> str:
    if contestant is OURS:
        return "what the others are compared with"
    comparison = compare(expected, table_folder(contestant.name, folder / contestant.name), tuple(columns()))
    if comparison.faults:
        raise ResultsDiffer(f"{contestant.title} ({contestant.name}): {comparison.told()}")
    return comparison.told()


def _say(number: int, contestant: Contestant, run: Mapping[str, Any]) -> None:
    told = ", ".join(
        f"{hop} {run[hop]['seconds']:.1f} s ({run[hop]['cpu_seconds']:.1f} CPU, {run[hop]['peak_bytes'] / 1e6:.0f} MB)"
        for hop in HOPS
    )
    print(f"{time.strftime('%H:%M:%S')} round {number + 1}: {contestant.title}: {told}", flush=True)
