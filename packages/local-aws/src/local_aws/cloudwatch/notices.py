"""The actions of alarms: messages to SNS topics that allow CloudWatch to publish."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from moto.cloudwatch.models import Alarm
from moto.sns.models import sns_backends

from local_aws.core import clock
from local_aws.core.world import ACCOUNT
from local_aws.iam.evaluation import judge_service
from local_aws.iam.keys import is_customers, service_may_use
from local_aws.iam.policies import Request

CLOUDWATCH = "cloudwatch.amazonaws.com"


def tell(alarm: Alarm, before: str) -> None:
    """Run the actions of an alarm's new state; `before` is the previous state."""
    by_state = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}
    if not alarm.actions_enabled:
        return
    for action in by_state.get(alarm.state_value, alarm.insufficient_data_actions):
        refusal = _publish(action, alarm, before)
        done = f"Failed to execute action {action}: {refusal}" if refusal else f"Successfully executed action {action}"
        alarm.history.append(("Action", done, "{}", alarm.state_value, alarm.state_updated_timestamp))


def _publish(topic_arn: str, alarm: Alarm, before: str) -> str | None:
    """Publish to a topic; return the error of the alarm's history, None for success."""
    region = topic_arn.split(":")[3]
    topic = sns_backends[ACCOUNT][region].topics.get(topic_arn) if ":sns:" in topic_arn else None
    if topic is None:
        return "Resource not found"
    source = {"aws:SourceArn": alarm.alarm_arn, "aws:SourceAccount": ACCOUNT}
    context = {name.lower(): value for name, value in source.items()} | {"aws:sourceowner": ACCOUNT}
    if not judge_service(topic.policy, CLOUDWATCH, Request("sns:Publish", topic_arn, context)).allowed:
        return "CloudWatch Alarms is not authorized to perform: SNS:Publish on the topic"
    through_sns = {"kms:ViaService": f"sns.{region}.amazonaws.com", "kms:EncryptionContext:aws:sns:topicArn": topic_arn}
    key = topic.kms_master_key_id
    if key and not (is_customers(key) and service_may_use(key, CLOUDWATCH, region, {**source, **through_sns})):
        return "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."
    subject = f'{alarm.state_value}: "{alarm.name}" in {_region_name(region)}'
    topic.publish(json.dumps(message(alarm, before)), subject=subject)
    return None


def message(alarm: Alarm, before: str) -> dict[str, Any]:
    """The message in CloudWatch's format."""
    region = alarm.region_name
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": ACCOUNT,
        "AlarmConfigurationUpdatedTimestamp": _time(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": _time(clock.now()),
        "Region": _region_name(region),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.alarm_actions,
        "InsufficientDataActions": alarm.insufficient_data_actions,
        "Trigger": {
            "MetricName": alarm.metric_name,
            "Namespace": alarm.namespace,
            "StatisticType": "Statistic",
            "Statistic": (alarm.statistic or "").upper(),
            "Unit": alarm.unit,
            "Dimensions": [{"value": one.value, "name": one.name} for one in alarm.dimensions],
            "Period": alarm.period,
            "EvaluationPeriods": alarm.evaluation_periods,
            "DatapointsToAlarm": alarm.datapoints_to_alarm or alarm.evaluation_periods,
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.treat_missing_data or "missing",
            "EvaluateLowSampleCountPercentile": alarm.evaluate_low_sample_count_percentile or "",
        },
    }


def _time(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def _region_name(region: str) -> str:
    """`US East (N. Virginia)` for us-east-1."""
    partitions = botocore.session.get_session().get_data("endpoints")["partitions"]
    names = {code: one["description"] for partition in partitions for code, one in partition["regions"].items()}
    return str(names.get(region, region))
