"""What the function measures, as CloudWatch metrics: printed in the embedded metric format, so no call and no right."""

from __future__ import annotations

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit


def publish(namespace: str, stack: str, age: float | None, seconds: float) -> None:
    """Print the metrics of a run, with the dimension Stack.

    `age` is the seconds since the last publication, None before the first; `seconds` is how long the function took.
    """
    metrics = EphemeralMetrics(namespace=namespace)
    metrics.add_dimension("Stack", stack)
    metrics.add_metric("DownloadSeconds", MetricUnit.Seconds, seconds)
    if age is not None:
        metrics.add_metric("PublishedSnapshotAge", MetricUnit.Seconds, age)
    metrics.flush_metrics()
