"""The cost of a stack.

A cost is a quantity times a price. Quantities come from the template (workers, memory, limits, alarms), from the state
machine (transitions of a run) and from usage.json (seconds, bytes, requests, each with its origin); prices, free tiers
and billing minimums come from prices.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tools.cost.stack import PRICE_LIST, USAGE, Case, Kind, Stack, used

PRICES: dict[str, Any] = json.loads(PRICE_LIST.read_text())

HOUR = 3600
HOURS_A_MONTH = 720
DAYS_A_MONTH = 30
GB, TB = 1e9, 1e12  # AWS bills some of them in powers of two, which are cheaper by at most a tenth


@dataclass(frozen=True)
class Line:
    """A billed quantity, in the unit of `price`, a key of prices.json."""

    what: str
    price: str
    quantity: float

    @property
    def usd(self) -> float:
        """The cost without free tier."""
        price = PRICES["prices"][self.price]
        return float(self.quantity * price["usd"] / price["per"])

    def times(self, factor: float) -> Line:
        """The line times `factor`."""
        return Line(self.what, self.price, self.quantity * factor)


def after_free_tier(lines: Iterable[Line]) -> list[float]:
    """The cost of each line after the free tier of a month, if nothing else in the account uses it."""
    lines = list(lines)
    total: dict[str, float] = {}
    for line in lines:
        total[line.price] = total.get(line.price, 0) + line.quantity
    paid = {price: max(0, 1 - PRICES["prices"][price].get("free", 0) / total[price]) for price in total if total[price]}
    return [line.usd * paid.get(line.price, 0) for line in lines]


def dpus(job: dict[str, Any]) -> float:
    """The data processing units of a Glue job, which are billed for its whole run time."""
    if job["Command"]["Name"] == "pythonshell":
        return float(job.get("MaxCapacity", 0.0625))
    return float(job["NumberOfWorkers"] * PRICES["billing"]["glue_worker_dpu"][job["WorkerType"]])


def job_line(stack: Stack, logical_id: str, seconds: float) -> Line:
    """A run of a Glue job of `seconds`; 0 is no run."""
    job = stack.properties(logical_id)
    billed = max(seconds, PRICES["billing"]["glue_job_minimum_seconds"]) if seconds else 0
    price = "glue_flex_dpu_hour" if job.get("ExecutionClass") == "FLEX" else "glue_dpu_hour"
    return Line(f"{logical_id}: {dpus(job):g} DPU x {billed:g} s", price, dpus(job) * billed / HOUR)


def crawler_line(seconds: float) -> Line:
    """A crawl of `seconds`; 0 is no crawl."""
    billed = max(seconds, PRICES["billing"]["glue_crawler_minimum_seconds"])
    dpu = PRICES["billing"]["glue_crawler_dpu"] if seconds else 0
    return Line(f"Crawler: {dpu:g} DPU x {billed:g} s", "glue_crawler_dpu_hour", dpu * billed / HOUR)


def function_lines(stack: Stack, logical_id: str, seconds: float) -> list[Line]:
    """One invocation of a function of `seconds`; 0 is none."""
    function, free = stack.properties(logical_id), PRICES["billing"]["lambda_free_tmp_mb"]
    gigabytes = function["MemorySize"] / 1024
    tmp = max(0, function.get("EphemeralStorage", {"Size": free})["Size"] - free) / 1024
    return [
        Line(f"{logical_id}: {gigabytes:.2f} GB x {seconds:g} s", "lambda_gb_second", gigabytes * seconds),
        Line(f"{logical_id} /tmp: {tmp:g} GB x {seconds:g} s", "lambda_tmp_gb_second", tmp * seconds),
        Line(f"{logical_id} invocation", "lambda_request", 1 if seconds else 0),
    ]


def query_line(what: str, scanned: float) -> Line:
    """A query that scans `scanned` bytes, at least Athena's minimum. DDL and failed queries are free."""
    billed = max(scanned, PRICES["billing"]["athena_minimum_bytes"])
    return Line(what, "athena_terabyte", billed / TB)


def run(stack: Stack, kind: Kind, case: Case = "least") -> list[Line]:
    """The cost of one run."""
    use = {name: used(name, kind, case) for name in USAGE["run"]}
    sent = stack.metrics(kind)
    lines = [
        Line("Schedule", "scheduler_invocation", 1),
        Line("StateMachine", "step_functions_transition", stack.transitions(kind, case)),
        *function_lines(stack, "DownloadFunction", use["download_seconds"]),
        job_line(stack, "ConvertParquetJob", use["convert_seconds"]),
        job_line(stack, "GlueTransformJob", use["transform_seconds"]),
        crawler_line(use["crawl_seconds"] if "RefreshCatalog" in stack.path(kind) else 0),
        *([query_line("VerifySnapshot", use["verify_bytes"])] if use["verify_bytes"] else []),
        *([query_line("CountForReaders", use["count_bytes"])] if use["count_bytes"] else []),
        *function_lines(stack, "ReportFunction", use["report_seconds"]),
        *(query_line("ReportFunction: a query", each) for each in use["report_bytes"]),
        Line("Catalog", "glue_catalog_request", use["catalog_requests"]),
        Line("DataBucket: writes", "s3_write", use["s3_writes"]),
        Line("DataBucket: reads", "s3_read", use["s3_reads"]),
        Line("Logs", "logs_gb", (use["log_bytes"] + use["glue_log_bytes"]) / GB),
        Line("Metrics, each for one hour", "metric_month", (sum(sent) + use["function_metrics"]) / HOURS_A_MONTH),
        Line("Metrics, calls that put them", "cloudwatch_request", len(sent)),
    ]
    if stack.of_type("AWS::KMS::Key"):
        lines.append(Line("DataKey: requests", "kms_request", use["kms_requests"]))
    if stack.template["Resources"]["StateMachine"]["Properties"].get("Tracing"):
        lines.append(Line("Traces", "xray_trace", use["traces"]))
    return [line for line in lines if line.quantity]


def standing(stack: Stack, changed_runs: int) -> list[Line]:
    """The fixed cost of a month, with the objects of `changed_runs` runs in the bucket at its end."""
    keep, stored = int(stack.parameters["KeepSnapshots"]), USAGE["stored_bytes"]
    rules = stack.properties("DataBucket")["LifecycleConfiguration"]["Rules"]
    # Versioning keeps deleted objects for some days, so a deleted snapshot is billed until then.
    noncurrent = max(
        (rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 0) for rule in rules), default=0
    )
    kept = keep + 1  # the last published ones, and that of the last run
    removed = min(max(0, changed_runs - kept), noncurrent)
    snapshots = min(changed_runs, kept) + removed
    held = changed_runs * (stored["version"]["bytes"] + stored["report"]["bytes"])
    held += snapshots * stored["snapshot"]["bytes"]
    alarms = [stack.properties(name) for name in stack.of_type("AWS::CloudWatch::Alarm")]
    watched = sum(sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1 for alarm in alarms)
    lines = [
        Line(f"DataBucket: {changed_runs} versions, {snapshots} snapshots", "s3_gb_month", held / GB),
        Line("DataKey, before its first rotation", "kms_key_month", len(stack.of_type("AWS::KMS::Key"))),
        Line("Alarms, by the metrics that they watch", "alarm_metric_month", watched),
        Line("Dashboard", "dashboard_month", len(stack.of_type("AWS::CloudWatch::Dashboard"))),
    ]
    return [line for line in lines if line.quantity]


def month(stack: Stack, changed_runs: int, case: Case = "least") -> list[Line]:
    """A month of daily runs, `changed_runs` of them with a new version; one line per price."""
    runs = [line.times(changed_runs) for line in run(stack, "full", case)]
    runs += [line.times(DAYS_A_MONTH - changed_runs) for line in run(stack, "unchanged")]
    logged = sum(line.quantity for line in runs if line.price == "logs_gb")
    kept = Line("Logs, kept", "logs_gb_month", logged * int(stack.parameters["LogRetentionDays"]) / DAYS_A_MONTH)
    together: dict[str, float] = {}
    for line in [*runs, *standing(stack, changed_runs), kept]:
        together[line.price] = together.get(line.price, 0) + line.quantity
    return [Line(price.replace("_", " "), price, quantity) for price, quantity in together.items()]


def total(lines: Iterable[Line]) -> float:
    """The cost of all lines without free tier."""
    return sum(line.usd for line in lines)
