"""Metric alarms with a static threshold, evaluated on request.

CloudWatch's evaluation, including missing data:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import datetime
import operator
import threading
from collections.abc import Callable, Sequence
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse

from local_aws.cloudwatch.metrics import MINUTE, floor, periods
from local_aws.cloudwatch.notices import tell
from local_aws.core import clock
from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

EXTRA_PERIODS = 2
"""Additional periods of the evaluation range where data are missing. CloudWatch does not document its number; this is
the one in its guide's examples."""

DAY, HOUR = 86_400, 3600

_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}

_own_put = CloudWatchBackend.put_metric_alarm
_own_set_state = CloudWatchBackend.set_alarm_state
_own_describe = CloudWatchResponse.describe_alarms
_evaluating = threading.Lock()


def state_of(
    breaches: Sequence[bool | None], *, periods_looked_at: int, to_alarm: int, missing: str, current: str
) -> str:
    """The state of an alarm.

    `breaches` has for each period, the oldest first, whether its datapoint breaches the threshold, None where there is
    none; the newest `periods_looked_at` datapoints count. `to_alarm` of them make an alarm. `missing` is
    TreatMissingData, `current` the current state.
    """
    real = [one for one in breaches if one is not None][-periods_looked_at:]
    absent = periods_looked_at - len(real)
    if missing == "breaching":
        return ALARM if real.count(True) + absent >= to_alarm else OK
    if real.count(True) >= to_alarm:
        return ALARM
    if missing == "notBreaching" or (real and (not all(real) or not absent)):
        return OK
    if missing == "ignore":
        return current
    if not real:
        return INSUFFICIENT_DATA
    # All datapoints breach the threshold, but they are few: an alarm once the oldest is old enough.
    oldest = next(place for place, one in enumerate(breaches) if one is not None)
    return ALARM if len(breaches) - oldest >= to_alarm else current


def evaluate(region: str) -> None:
    """Evaluate every alarm of the region now, and run the actions of changed ones."""
    with _evaluating:
        for alarm in list(cloudwatch_backends[ACCOUNT][region].alarms.values()):
            if alarm.rule is None:
                _evaluate(alarm, region)


def _evaluate(alarm: Alarm, region: str) -> None:
    if alarm.metric_data_queries or alarm.comparison_operator not in _COMPARISONS or not alarm.statistic:
        alarm.state_reason = "the local AWS evaluates only static thresholds of one statistic of one metric"
        return
    count, period = int(alarm.evaluation_periods), int(alarm.period)
    # Periods slide by minutes; an alarm with a range of more than a day is evaluated every hour.
    end = floor(clock.now(), HOUR if count * period > DAY else min(period, MINUTE))
    start = end - datetime.timedelta(seconds=(count + EXTRA_PERIODS) * period)
    metric = {
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric_name,
        "Dimensions": [{"Name": one.name, "Value": one.value} for one in alarm.dimensions],
    }
    found = periods(
        cloudwatch_backends[ACCOUNT][region], metric, (start, end), period, [alarm.statistic], alarm.unit or None
    )
    values: list[float | None] = [None] * (count + EXTRA_PERIODS)
    for one in found:
        place = int((one.timestamp - start).total_seconds() // period)
        values[place] = float(one.get_statistics_for_type(alarm.statistic))  # type: ignore[arg-type]
    beyond = _COMPARISONS[alarm.comparison_operator][0]
    threshold = float(alarm.threshold)
    state = state_of(
        [None if value is None else beyond(value, threshold) for value in values],
        periods_looked_at=count,
        to_alarm=int(alarm.datapoints_to_alarm or count),
        missing=alarm.treat_missing_data or "missing",
        current=alarm.state_value,
    )
    if state != alarm.state_value:
        _change(alarm, state, _reason(alarm, state, values, threshold))


def _reason(alarm: Alarm, state: str, values: Sequence[float | None], threshold: float) -> str:
    """The StateReason of an alarm, in CloudWatch's format."""
    real = [value for value in values if value is not None][-int(alarm.evaluation_periods) :]
    absent = int(alarm.evaluation_periods) - len(real)
    if state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {absent} datapoints were unknown."
    if not real:
        treated = "Breaching" if state == ALARM else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {absent} periods and {absent} missing datapoints "
            f"were treated as [{treated}]."
        )
    verb = "were" if state == ALARM else "were not"
    return (
        f"Threshold Crossed: {len(real)} out of the last {alarm.evaluation_periods} datapoints {real} {verb} "
        f"{_COMPARISONS[alarm.comparison_operator][1]} the threshold ({threshold})."
    )


def _change(alarm: Alarm, state: str, reason: str) -> None:
    before = alarm.state_value
    alarm.update_state(reason, "{}", state)
    tell(alarm, before)


def _put_metric_alarm(backend: CloudWatchBackend, name: str, *args: Any, **kwargs: Any) -> Alarm:
    """PutMetricAlarm: a new alarm has INSUFFICIENT_DATA, a changed one keeps its state."""
    before = backend.alarms.get(name)
    alarm: Alarm = _own_put(backend, name, *args, **kwargs)
    alarm.state_value = before.state_value if before is not None else INSUFFICIENT_DATA
    return alarm


def _set_alarm_state(
    backend: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str
) -> None:
    """SetAlarmState: runs the alarm's actions, too."""
    alarm = backend.alarms.get(alarm_name)
    before = alarm.state_value if alarm is not None else ""
    _own_set_state(backend, alarm_name, reason, reason_data, state_value)
    if alarm is not None and state_value != before:
        tell(alarm, before)


def _describe_alarms(response: CloudWatchResponse) -> Any:
    evaluate(response.region)
    return _own_describe(response)


def install() -> None:
    """Evaluate alarms whenever they are requested."""
    replace(CloudWatchBackend, put_metric_alarm=_put_metric_alarm, set_alarm_state=_set_alarm_state)
    replace(CloudWatchResponse, describe_alarms=_describe_alarms)
