"""Requests as clients send them that are newer than the botocore here."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest

from local_aws.server import protocols
from local_aws_harness.served import Served, serve

SIGNED = "AWS4-HMAC-SHA256 Credential=any/20261130/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("protocols"), protocols.install) as started:
        yield started


def test_cloudwatch_answers_in_json_who_asks_in_json(served: Served) -> None:
    """As aws-cli 1.46.3 does (botocore 1.43.62)."""
    served.client("cloudwatch").put_metric_alarm(
        AlarmName="late",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=2,
        Threshold=1.5,
        ComparisonOperator="GreaterThanThreshold",
    )
    request = urllib.request.Request(
        served.world.endpoint,
        json.dumps({"AlarmNames": ["late"]}).encode(),
        {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "GraniteServiceVersion20100801.DescribeAlarms",
            "Authorization": SIGNED,
        },
    )
    with urllib.request.urlopen(request) as answer:
        (alarm,) = json.load(answer)["MetricAlarms"]
    assert (alarm["AlarmName"], alarm["Threshold"], alarm["EvaluationPeriods"]) == ("late", 1.5, 2)
