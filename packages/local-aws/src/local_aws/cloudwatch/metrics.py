"""Metrics by period, for exactly the requested dimensions: moto mixes up namespaces and dimensions."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend, MetricDatum, MetricDatumBase, Statistics, cloudwatch_backends
from moto.sqs.models import sqs_backends

from local_aws.core import clock
from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT

Dimensions = Sequence[Mapping[str, str]]
"""Dimensions in the API's form: `[{"Name": ..., "Value": ...}]`."""

MINUTE = 60

_own_put = CloudWatchBackend.put_metric_data
_own_metrics = CloudWatchBackend.get_all_metrics


def add(region: str, namespace: str, name: str, dimensions: Mapping[str, str], value: float, unit: str) -> None:
    """Add a datapoint of a service's own metric at the current time."""
    given = [{"Name": key, "Value": text} for key, text in dimensions.items()]
    datum = {"MetricName": name, "Dimensions": given, "Value": value, "Unit": unit}
    cloudwatch_backends[ACCOUNT][region].put_metric_data(namespace, [datum])


def naive(moment: datetime.datetime) -> datetime.datetime:
    """A naive time in UTC, as moto stores most of them."""
    return moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment


def floor(moment: datetime.datetime, seconds: int) -> datetime.datetime:
    """The time rounded down to a multiple of `seconds`."""
    whole = naive(moment).replace(tzinfo=datetime.UTC).timestamp() // seconds * seconds
    return datetime.datetime.fromtimestamp(whole, tz=datetime.UTC).replace(tzinfo=None)


def periods(
    backend: CloudWatchBackend,
    metric: Mapping[str, Any],
    span: tuple[datetime.datetime, datetime.datetime],
    period: int,
    stats: list[str],
    unit: str | None = None,
) -> list[Statistics]:
    """The statistics of a metric (Namespace, MetricName, Dimensions) in each period that has datapoints, in order.

    Periods (in seconds) count from the start of the span, rounded down to the minute; its end is not in it.
    """
    start, end = floor(span[0], min(period, MINUTE)), naive(span[1])
    wanted = _set(metric.get("Dimensions") or ())
    found: dict[int, Statistics] = {}
    for datum in backend.get_all_metrics():
        moment = naive(datum.timestamp)
        if (
            (datum.namespace, datum.name) == (metric["Namespace"], metric["MetricName"])
            and start <= moment < end
            and {(one.name, one.value) for one in datum.dimensions} == wanted
            and unit in (None, datum.unit)
        ):
            number = int((moment - start).total_seconds() // period)
            if number not in found:
                found[number] = Statistics(stats, start + datetime.timedelta(seconds=number * period), datum.unit)
            found[number].metric_data.append(datum)
    return [found[number] for number in sorted(found)]


def _set(dimensions: Dimensions) -> set[tuple[str | None, str | None]]:
    return {(one["Name"], one.get("Value")) for one in dimensions}


def _put(backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
    """PutMetricData: data without a time has the current time."""
    _own_put(backend, namespace, [{"Timestamp": naive(clock.now()), **datum} for datum in metric_data])


def _get_statistics(
    backend: CloudWatchBackend,
    namespace: str,
    metric_name: str,
    start_time: datetime.datetime,
    end_time: datetime.datetime,
    period: int,
    stats: list[str],
    dimensions: Dimensions,
    unit: str | None = None,
) -> list[Statistics]:
    metric = {"Namespace": namespace, "MetricName": metric_name, "Dimensions": dimensions}
    return periods(backend, metric, (start_time, end_time), period, stats, unit)


def _get_data(
    backend: CloudWatchBackend,
    queries: list[dict[str, Any]],
    start_time: datetime.datetime,
    end_time: datetime.datetime,
    scan_by: str = "TimestampAscending",
) -> list[dict[str, Any]]:
    results = []
    for query in queries:
        if "MetricStat" not in query:
            raise ValidationError(f"the local AWS does no metric math: {query.get('Expression')}")
        asked = query["MetricStat"]
        stat = asked["Stat"]
        found = periods(
            backend, asked["Metric"], (start_time, end_time), int(asked["Period"]), [stat], asked.get("Unit")
        )
        if scan_by == "TimestampDescending":
            found.reverse()
        if query.get("ReturnData", True):
            results.append(
                {
                    "id": query["Id"],
                    "label": query.get("Label") or asked["Metric"]["MetricName"],
                    "values": [one.get_statistics_for_type(stat) for one in found],
                    "timestamps": [one.timestamp for one in found],
                    "status_code": "Complete",
                }
            )
    return results


def _all_metrics(backend: CloudWatchBackend) -> list[MetricDatumBase]:
    return [*_own_metrics(backend), *_of_queues(backend.region_name)]


def _of_queues(region: str) -> Iterable[MetricDatum]:
    """The number of messages in each queue, as the metric of the last whole minute."""
    moment = floor(clock.now(), MINUTE) - datetime.timedelta(seconds=MINUTE)
    for name, queue in sqs_backends[ACCOUNT][region].queues.items():
        dimensions = [{"Name": "QueueName", "Value": name}]
        waiting = float(queue.approximate_number_of_messages)
        yield MetricDatum("AWS/SQS", "ApproximateNumberOfMessagesVisible", waiting, dimensions, moment, "Count")


def install() -> None:
    """Replace the reading of metrics; data without a time has the clock's time."""
    replace(
        CloudWatchBackend,
        put_metric_data=_put,
        get_metric_statistics=_get_statistics,
        get_metric_data=_get_data,
        get_all_metrics=_all_metrics,
    )
