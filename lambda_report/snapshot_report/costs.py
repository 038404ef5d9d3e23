"""The cost of each stage: seconds, bytes and requests times the prices of prices.json, before any free tier."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snapshot_report.stages import Timing

PRICES: dict[str, Any] = json.loads((Path(__file__).parents[1] / "prices.json").read_text())

_HOUR = 3600
_TB = 1e12
_MB_OF_A_GB = 1024


@dataclass(frozen=True)
class Usage:
    """The billed usage besides wall-clock time.

    `job_seconds` are those that Glue bills, of the jobs that succeeded; `dpus` are those of each job; `memory_mb` is
    that of the ingest function; `verify_bytes` were scanned by the query of VerifySnapshot.
    """

    job_seconds: Mapping[str, float]
    dpus: float
    memory_mb: int
    verify_bytes: int


@dataclass(frozen=True)
class Stage:
    """A stage with its cost: `usd` is None where nothing is billed for the stage; `how` names the billed usage.

    `assumed` says that the cost depends on a number that nobody has read or measured.
    """

    name: str
    seconds: float
    usd: float | None
    how: str
    assumed: bool = False


class Totals:
    """The sums over the `stages` of a run, up to its publication or its failure."""

    stages: Sequence[Stage]

    @property
    def seconds(self) -> float:
        """The duration of the run in seconds."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def usd(self) -> float:
        """The cost of the run in US dollars."""
        return sum(stage.usd or 0 for stage in self.stages)

    @property
    def assumed_usd(self) -> float:
        """The part of the cost that depends on an assumption."""
        return sum(stage.usd or 0 for stage in self.stages if stage.assumed)


def stages(timing: Timing, usage: Usage) -> list[Stage]:
    """Every stage with its cost; the last one is the state machine itself."""
    costs = [Stage(name, seconds, *_cost(name, seconds, usage)) for name, seconds in timing.seconds.items()]
    transitions = timing.states * _price("step_functions_transition")
    return [*costs, Stage("StateMachine", 0.0, transitions, f"{timing.states} state transitions")]


def _cost(stage: str, seconds: float, usage: Usage) -> tuple[float | None, str, bool]:
    billing = PRICES["billing"]
    match stage:
        case "DownloadCSV":
            gigabytes = usage.memory_mb / _MB_OF_A_GB
            how = f"{gigabytes:.2f} GB of memory x {seconds:.1f} s"
            return gigabytes * seconds * _price("lambda_gb_second"), how, False
        case "ConvertParquet" | "GlueTransform":
            ran, least = usage.job_seconds.get(stage, seconds), billing["glue_job_minimum_seconds"]
            cost, how = (
                _dpu_hours(usage.dpus, max(ran, least)) * _price("glue_dpu_hour"),
                _billed(usage.dpus, ran, least),
            )
            if stage in usage.job_seconds:
                return cost, how, False
            return cost, f"{how}; Glue's own seconds of a failed job are not known here: the state's are assumed", True
        case "RefreshCatalog":
            dpus, least = billing["glue_crawler_dpu"], billing["glue_crawler_minimum_seconds"]
            cost = _dpu_hours(dpus, max(seconds, least)) * _price("glue_crawler_dpu_hour")
            how = f"{_billed(dpus, seconds, least)}; how many DPUs a crawl takes is Glue's decision, this is assumed"
            return cost, how, True
        case "VerifySnapshot":
            billed = max(usage.verify_bytes, billing["athena_minimum_bytes"])
            return billed / _TB * _price("athena_terabyte"), f"{billed / 1e6:,.0f} MB scanned, as billed", False
        case "PublishSnapshot":
            return None, "a statement that moves a view is free", False
        case _:
            return _price("s3_write"), "one object written", False


def _dpu_hours(dpus: float, seconds: float) -> float:
    return dpus * seconds / _HOUR


def _billed(dpus: float, seconds: float, least: float) -> str:
    """The billed DPU-seconds as text; it says so where the service's minimum is billed."""
    text = f"{dpus:g} DPU x {max(seconds, least):,.0f} s, as billed"
    return text if seconds >= least else f"{text}: the least, it took {seconds:,.0f} s"


def _price(name: str) -> float:
    price = PRICES["prices"][name]
    return float(price["usd"]) / float(price["per"])
