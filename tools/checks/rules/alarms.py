"""Rules on alarms and dashboard: their metrics exist, and alarms notify the topic."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.checks.project import Project
from tools.checks.rules.registry import rule
from tools.paths import ROOT

METRICS = {
    # Step Functions Developer Guide, "Monitoring Step Functions metrics using CloudWatch".
    "AWS/States": (
        {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionsSucceeded", "ExecutionTime"},
        {"StateMachineArn"},
    ),
    # Lambda Developer Guide, "Types of metrics for Lambda functions".
    "AWS/Lambda": ({"Errors", "Invocations", "Duration", "Throttles"}, {"FunctionName"}),
    # SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
    "AWS/SQS": (
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"},
        {"QueueName"},
    ),
    # EventBridge Scheduler User Guide, "Monitoring with CloudWatch".
    "AWS/Scheduler": ({"InvocationDroppedCount", "TargetErrorCount", "InvocationAttemptCount"}, {"ScheduleGroup"}),
    # Athena User Guide, "List of CloudWatch metrics and dimensions for Athena".
    "AWS/Athena": ({"ProcessedBytes", "TotalExecutionTime"}, {"WorkGroup", "QueryState", "QueryType"}),
}
"""Namespace to the names of its metrics and dimensions, as far as this project may use them."""

EXPECTED = {
    "ExecutionsFailed",
    "ExecutionsTimedOut",
    "SnapshotConfirmed",
    "ApproximateNumberOfMessagesVisible",
    "Errors",
}
"""The metrics that must have an alarm."""

OWN_DIMENSIONS = {"Stack"}
_TOPIC = [{"Ref": "AlarmTopic"}]
_OWN_NAMESPACE = {"Fn::FindInMap": ["Metrics", "Of", "Pipeline"]}


def own_metrics(project: Project, source: Path = ROOT / "lambda_ingest" / "ingest" / "metrics.py") -> set[str]:
    """The pipeline's own metrics: those put by states and those logged by the function."""
    put = {
        datum["MetricName"]
        for task in project.tasks.values()
        if task["Resource"].endswith("putMetricData")
        for datum in task["Parameters"]["MetricData"]
    }
    return put | set(re.findall(r"""add_metric\(\s*(?:name=)?["'](\w+)["']""", source.read_text()))


def _known(project: Project, namespace: Any) -> tuple[set[str], set[str]]:
    if namespace in (_OWN_NAMESPACE, "${Namespace}"):
        return own_metrics(project), OWN_DIMENSIONS
    return METRICS.get(namespace, (set(), set())) if isinstance(namespace, str) else (set(), set())


@rule
def alarms_use_existing_metrics(project: Project) -> Iterable[str]:
    """An alarm on a misspelt metric or dimension deploys without an error and never goes off."""
    for name, alarm in project.of_type("AWS::CloudWatch::Alarm").items():
        metrics, dimensions = _known(project, alarm.get("Namespace"))
        if alarm.get("MetricName") not in metrics:
            yield f"{name}: {alarm.get('Namespace')} has no metric {alarm.get('MetricName')}"
        given = {each.get("Name") for each in alarm.get("Dimensions", [])}
        if given != dimensions:
            yield f"{name}: dimensions are {sorted(map(str, given))}, expected {sorted(dimensions)}"
        for each in alarm.get("Dimensions", []):
            if not isinstance(each.get("Value"), dict):
                yield f"{name}: the dimension {each.get('Name')} is the literal {each.get('Value')!r}"
    for name, state in project.tasks.items():
        for datum in state.get("Parameters", {}).get("MetricData", []):
            if {each["Name"] for each in datum.get("Dimensions", [])} != OWN_DIMENSIONS:
                yield f"{name}: {datum['MetricName']} is put without the dimension Stack"


@rule
def alarms_notify_the_topic(project: Project) -> Iterable[str]:
    """An alarm without an action notifies nobody."""
    for name, alarm in project.of_type("AWS::CloudWatch::Alarm").items():
        for key in ("AlarmActions", "OKActions"):
            if alarm.get(key) != _TOPIC:
                yield f"{name}: {key} must be the topic AlarmTopic"
        if not alarm.get("AlarmDescription"):
            yield f"{name}: AlarmDescription is missing; it must say what to do"
        if alarm.get("ActionsEnabled", True) is not True:
            yield f"{name}: its actions are disabled"


@rule
def failures_have_alarms(project: Project) -> Iterable[str]:
    """Failed and timed-out runs, missing runs, undelivered starts and errors of the functions need an alarm."""
    alarms = project.of_type("AWS::CloudWatch::Alarm")
    for metric in sorted(EXPECTED - {alarm.get("MetricName") for alarm in alarms.values()}):
        yield f"there is no alarm on {metric}"
    for name, alarm in alarms.items():
        # Missing data is a failure for the metric of successful runs, and normal for all others.
        awaited = str(alarm.get("ComparisonOperator")).startswith("LessThan")
        expected = "breaching" if awaited else "notBreaching"
        if alarm.get("TreatMissingData") != expected:
            yield f"{name}: TreatMissingData is {alarm.get('TreatMissingData')}, expected {expected}"
        # CloudWatch rejects an alarm whose evaluation range is longer than a week.
        evaluation = alarm.get("EvaluationPeriods")
        parameter = project.parameters.get(str(evaluation.get("Ref")), {}) if isinstance(evaluation, dict) else {}
        longest = (parameter.get("MaxValue") if parameter else evaluation) or 0
        if not 0 < longest * alarm.get("Period", 0) <= 7 * 86400:
            yield f"{name}: evaluates {longest} periods of {alarm.get('Period')} s: expected a week at most"


@rule
def dashboard_uses_existing_metrics(project: Project) -> Iterable[str]:
    """A graph of a misspelt metric is empty."""
    for name, dashboard in project.of_type("AWS::CloudWatch::Dashboard").items():
        shown = list(_graphs(str(dashboard.get("DashboardBody"))))
        if not shown:
            yield f"{name} shows no metric"
        yield from (f"{name}: {problem}" for problem in _body_problems(project, dashboard.get("DashboardBody")))
        for namespace, metric, *dimensions in shown:
            metrics, known = _known(project, namespace)
            if metric not in metrics:
                yield f"{name}: {namespace} has no metric {metric}"
            if set(dimensions[::2]) != known:
                yield f"{name}: {metric} is shown with the dimensions {dimensions[::2]}, expected {sorted(known)}"


def _body_problems(project: Project, body: object) -> Iterator[str]:
    text, own = body.get("Fn::Sub", ["", {}]) if isinstance(body, dict) else (str(body), {})
    for alarm in project.of_type("AWS::CloudWatch::Alarm"):
        if f"${{{alarm}.Arn}}" not in str(body):
            yield f"the alarm {alarm} is missing"
    for variable in own:
        text = text.replace(f"${{{variable}}}", "" if variable == "Freshness" else variable)
    try:
        json.loads(text)
    except ValueError as error:
        yield f"the body is not valid JSON: {error}"


def _graphs(body: str) -> Iterator[list[str]]:
    """Namespace, metric, dimension, value, ... of every line of every graph; `.` repeats the line before's."""
    before: list[str] = []
    body = body.replace("\\n", "\n")
    for row in re.findall(r"""\[((?:"[^"\[\]]*"(?:,\s*)?){4,})(?:\{[^{}]*\})?\]""", body):
        line = re.findall(r'"([^"]*)"', row)
        line = [before[place] if text == "." and place < len(before) else text for place, text in enumerate(line)]
        if not line[0].startswith(("AWS/", "${Namespace}")):
            continue
        before = line
        yield line
