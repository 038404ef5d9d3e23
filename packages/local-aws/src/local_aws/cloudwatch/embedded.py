"""The embedded metric format: log lines from which CloudWatch Logs extracts metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import datetime
import json
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import LogsBackend

from local_aws.cloudwatch.metrics import add
from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT

MAX_DIMENSIONS = 30
MAX_METRICS = 100
MAX_VALUES = 100

Datapoints = list[tuple[str, dict[str, Any]]]
"""Namespace and MetricDatum of the API."""

_own_put = LogsBackend.put_log_events


class InvalidFormatError(Exception):
    """A line declares this format but is invalid; the message says where."""


def datapoints(line: str) -> Datapoints:
    """The datapoints of a log line, none for a line of another format. Raises InvalidFormatError."""
    if '"_aws"' not in line:
        return []
    try:
        document = json.loads(line)
    except ValueError:
        return []
    if not isinstance(document, dict) or "_aws" not in document:
        return []
    about = document["_aws"]
    if not isinstance(about, dict) or not isinstance(about.get("Timestamp"), int):
        raise InvalidFormatError("_aws.Timestamp is not a number of milliseconds")
    moment = datetime.datetime.fromtimestamp(about["Timestamp"] / 1000, tz=datetime.UTC).replace(tzinfo=None)
    found: Datapoints = []
    for directive in about.get("CloudWatchMetrics", []):
        namespace = directive.get("Namespace")
        if not namespace or not isinstance(namespace, str):
            raise InvalidFormatError("a directive without Namespace")
        metrics, sets = directive.get("Metrics", []), directive.get("Dimensions", [[]]) or [[]]
        if len(metrics) > MAX_METRICS:
            raise InvalidFormatError(f"{len(metrics)} metrics in a directive, at most {MAX_METRICS} are taken")
        for names in sets:
            dimensions = [{"Name": name, "Value": _dimension(document, name)} for name in names]
            if len(dimensions) > MAX_DIMENSIONS:
                raise InvalidFormatError(f"{len(dimensions)} dimensions, at most {MAX_DIMENSIONS} are taken")
            for metric in metrics:
                datum = {"MetricName": metric["Name"], "Dimensions": dimensions, "Timestamp": moment}
                datum |= {"Unit": metric.get("Unit", "None"), "Values": _values(document, metric["Name"])}
                found.append((namespace, datum))
    return found


def _dimension(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidFormatError(f"the dimension {name} is not a string of the line")
    return value


def _values(document: dict[str, Any], name: str) -> list[float]:
    value = document.get(name)
    values: list[Any] = value if isinstance(value, list) else [value]
    if not values or len(values) > MAX_VALUES:
        raise InvalidFormatError(f"the metric {name} has {len(values)} values, it may have 1 to {MAX_VALUES}")
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in values):
        raise InvalidFormatError(f"the metric {name} is neither a number of the line nor a list of numbers")
    return [float(one) for one in values]


def _put_log_events(
    backend: LogsBackend, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
) -> tuple[str, dict[str, Any]]:
    answer: tuple[str, dict[str, Any]] = _own_put(backend, log_group_name, log_stream_name, log_events)
    for event in log_events:
        try:
            found = datapoints(str(event["message"]))
        except InvalidFormatError:
            # On AWS this is visible in the metrics of the log group.
            group = {"LogGroupName": log_group_name}
            add(backend.region_name, "AWS/Logs", "EMFValidationErrors", group, 1.0, "Count")
            continue
        for namespace, datum in found:
            cloudwatch_backends[ACCOUNT][backend.region_name].put_metric_data(namespace, [datum])
    return answer


def install() -> None:
    """Extract metrics from the lines of all log groups."""
    replace(LogsBackend, put_log_events=_put_log_events)
