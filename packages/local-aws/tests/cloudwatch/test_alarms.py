"""Alarms: their states by CloudWatch's rules, and what they tell to a topic that lets them."""

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.cloudwatch.models import cloudwatch_backends

from local_aws.cloudwatch import provider as cloudwatch
from local_aws.cloudwatch.alarms import state_of
from local_aws.core import clock
from local_aws_harness.keys import ACCOUNT_DECIDES, lets_service, make_key
from local_aws_harness.served import Served, document, serve

MINUTE = datetime.timedelta(minutes=1)
TO_CLOUDWATCH = lets_service("cloudwatch", "kms:Decrypt", "kms:GenerateDataKey*")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("world"), cloudwatch.install) as served:
        yield served


@pytest.fixture(autouse=True)
def time_again() -> Iterator[None]:
    clock.reset()
    yield
    clock.reset()


# The examples of CloudWatch's guide ("Configuring how CloudWatch alarms treat missing data"): X breaches, 0 does not,
# - is missing, the newest last; the states for `missing`, `ignore`, `breaching`, `notBreaching`; R: the state stays.
@pytest.mark.parametrize(
    ("points", "to_alarm", "states"),
    [
        ("0 - X - X", 3, "OK OK OK OK"),
        ("0 - - - -", 3, "OK OK OK OK"),
        ("- - - - -", 3, "INSUFFICIENT_DATA R ALARM OK"),
        ("0 X X - X", 3, "ALARM ALARM ALARM ALARM"),
        ("- - X - -", 3, "ALARM R ALARM OK"),
        ("0 - X - X", 2, "ALARM ALARM ALARM ALARM"),
        ("0 0 X 0 X", 2, "ALARM ALARM ALARM ALARM"),
        ("0 - X - -", 2, "OK OK ALARM OK"),
        ("- - - - 0", 2, "OK OK ALARM OK"),
        ("- - - X -", 2, "ALARM R ALARM OK"),
    ],
)
def test_missing_data_are_treated_as_in_cloudwatchs_examples(points: str, to_alarm: int, states: str) -> None:
    breaches = [{"X": True, "0": False, "-": None}[point] for point in points.split()]
    reported = [
        state_of(breaches, periods_looked_at=3, to_alarm=to_alarm, missing=missing, current="R")
        for missing in ("missing", "ignore", "breaching", "notBreaching")
    ]
    assert reported == states.split()


def put(served: Served, name: str, value: float, ago: datetime.timedelta) -> None:
    datum = {"MetricName": name, "Value": value, "Timestamp": clock.now() - ago}
    served.client("cloudwatch").put_metric_data(Namespace="shop", MetricData=[datum])


def make_alarm(served: Served, name: str, **settings: Any) -> None:
    """An alarm on more than zero of the metric of its name, in one minute."""
    defaults = {
        "Namespace": "shop",
        "MetricName": name,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    served.client("cloudwatch").put_metric_alarm(AlarmName=name, **{**defaults, **settings})


def state(served: Served, name: str) -> str:
    (alarm,) = served.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def test_an_alarm_follows_its_metric(served: Served) -> None:
    make_alarm(served, "failed")
    assert state(served, "failed") == "OK"
    put(served, "failed", 1.0, ago=MINUTE)
    assert state(served, "failed") == "ALARM"
    make_alarm(served, "failed", AlarmDescription="changed")  # a changed alarm keeps its state
    assert cloudwatch_backends["123456789012"]["us-east-1"].alarms["failed"].state_value == "ALARM"
    clock.move(5 * MINUTE)
    assert state(served, "failed") == "OK"


def test_the_minute_that_is_not_over_does_not_count_yet(served: Served) -> None:
    make_alarm(served, "fresh")
    put(served, "fresh", 1.0, ago=datetime.timedelta())
    assert state(served, "fresh") == "OK"
    clock.move(MINUTE)
    assert state(served, "fresh") == "ALARM"


def test_an_alarm_without_data_knows_nothing(served: Served) -> None:
    make_alarm(served, "unknown", TreatMissingData="missing")
    assert state(served, "unknown") == "INSUFFICIENT_DATA"


@pytest.mark.parametrize(
    ("comparison", "value", "expected"),
    [
        ("GreaterThanThreshold", 5.0, "OK"),
        ("GreaterThanOrEqualToThreshold", 5.0, "ALARM"),
        ("LessThanThreshold", 5.0, "OK"),
        ("LessThanThreshold", 4.0, "ALARM"),
        ("LessThanOrEqualToThreshold", 5.0, "ALARM"),
    ],
)
def test_the_threshold_is_compared_as_asked(served: Served, comparison: str, value: float, expected: str) -> None:
    name = f"{comparison}-{value}"
    put(served, name, value, ago=MINUTE)
    make_alarm(served, name, ComparisonOperator=comparison, Threshold=5)
    assert state(served, name) == expected


def test_statistic_and_number_of_periods_count(served: Served) -> None:
    for ago, value in ((1, 10.0), (2, 2.0), (3, 10.0)):
        put(served, "spread", value, ago=ago * MINUTE)
    make_alarm(served, "spread", Threshold=5, EvaluationPeriods=3, DatapointsToAlarm=2)
    assert state(served, "spread") == "ALARM"
    make_alarm(served, "spread", Threshold=5, EvaluationPeriods=3, DatapointsToAlarm=3)
    assert state(served, "spread") == "OK"
    make_alarm(served, "spread", Threshold=11, Period=300)
    assert state(served, "spread") == "ALARM"
    make_alarm(served, "spread", Threshold=11, Period=300, Statistic="Maximum")
    assert state(served, "spread") == "OK"


def test_nothing_published_for_26_hours_is_an_alarm(served: Served) -> None:
    make_alarm(
        served,
        "published",
        Period=3600,
        EvaluationPeriods=26,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
    )
    put(served, "published", 1.0, ago=2 * MINUTE)
    clock.move(datetime.timedelta(hours=25))
    assert state(served, "published") == "OK"
    clock.move(datetime.timedelta(hours=5))
    assert state(served, "published") == "ALARM"


# What an alarm tells


class Subscriber:
    """A topic and a queue that receives what is published there."""

    def __init__(self, served: Served, name: str, **attributes: str) -> None:
        self._sqs, sns = served.client("sqs"), served.client("sns")
        self.topic = sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{name}")

    def received(self) -> list[dict[str, Any]]:
        messages = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in messages]


def test_a_change_is_told_once_in_cloudwatchs_words(served: Served) -> None:
    reported = Subscriber(served, "words")
    stack = [{"Name": "Stack", "Value": "s"}]
    make_alarm(served, "words", AlarmActions=[reported.topic], AlarmDescription="what to do", Dimensions=stack)
    assert state(served, "words") == "OK"
    assert reported.received() == []
    datum = {"MetricName": "words", "Value": 1.0, "Timestamp": clock.now() - MINUTE, "Dimensions": stack}
    served.client("cloudwatch").put_metric_data(Namespace="shop", MetricData=[datum])
    assert state(served, "words") == state(served, "words") == "ALARM"
    (notice,) = reported.received()
    assert notice["Subject"] == 'ALARM: "words" in US East (N. Virginia)'
    message = json.loads(notice["Message"])
    named = ("AlarmName", "AlarmDescription", "NewStateValue", "OldStateValue", "NewStateReason", "AlarmArn")
    assert [message[name] for name in named] == [
        "words",
        "what to do",
        "ALARM",
        "OK",
        "Threshold Crossed: 1 out of the last 1 datapoints [1.0] were greater than the threshold (0.0).",
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:words",
    ]
    assert message["Trigger"]["Dimensions"] == [{"value": "s", "name": "Stack"}]
    assert (message["Trigger"]["Statistic"], message["Trigger"]["Threshold"]) == ("SUM", 0.0)


def test_each_state_has_its_actions_and_they_can_be_switched_off(served: Served) -> None:
    good, bad = Subscriber(served, "good"), Subscriber(served, "bad")
    make_alarm(served, "both", AlarmActions=[bad.topic], OKActions=[good.topic])
    assert state(served, "both") == "OK"
    assert [json.loads(one["Message"])["NewStateValue"] for one in good.received()] == ["OK"]
    admin = served.client("cloudwatch")
    admin.disable_alarm_actions(AlarmNames=["both"])
    admin.set_alarm_state(AlarmName="both", StateValue="ALARM", StateReason="trying it out")
    assert bad.received() == []
    admin.enable_alarm_actions(AlarmNames=["both"])
    admin.set_alarm_state(AlarmName="both", StateValue="OK", StateReason="x")
    admin.set_alarm_state(AlarmName="both", StateValue="ALARM", StateReason="trying it out")
    assert [json.loads(one["Message"])["NewStateReason"] for one in bad.received()] == ["trying it out"]


def tried(served: Served, name: str, reported: Subscriber) -> tuple[int, str]:
    """How many messages arrive when an alarm goes off, and the last line of its history."""
    make_alarm(served, name, AlarmActions=[reported.topic])
    served.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="x")
    history = cloudwatch_backends["123456789012"]["us-east-1"].alarms[name].history
    return len(reported.received()), str(history[-1][1])


@pytest.mark.parametrize(
    ("name", "statements", "arrives"),
    [
        ("key-for-account", [ACCOUNT_DECIDES], False),
        ("key-for-cloudwatch", [ACCOUNT_DECIDES, TO_CLOUDWATCH], True),
        ("key-for-sns", [ACCOUNT_DECIDES, lets_service("sns")], False),
        (
            "key-for-this-account",
            [{**TO_CLOUDWATCH, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}}],
            True,
        ),
        (
            "key-for-another-account",
            [{**TO_CLOUDWATCH, "Condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}}],
            False,
        ),
    ],
)
def test_an_encrypted_topic_gets_nothing_unless_cloudwatch_may_use_the_key(
    served: Served, name: str, statements: list[dict[str, Any]], arrives: bool
) -> None:
    reported = Subscriber(served, name, KmsMasterKeyId=make_key(served, *statements))
    arrived, history = tried(served, name, reported)
    assert arrived == int(arrives)
    assert arrives or "does not have authorization to access the SNS topic encryption key" in history


def test_an_aws_managed_key_lets_no_alarm_through(served: Served) -> None:
    reported = Subscriber(served, "managed", KmsMasterKeyId="alias/aws/sns")
    assert tried(served, "managed", reported)[0] == 0


@pytest.mark.parametrize(
    ("name", "principal", "arrives"), [("to-cloudwatch", "cloudwatch", 1), ("to-events", "events", 0)]
)
def test_a_topics_own_policy_must_let_cloudwatch_publish(
    served: Served, name: str, principal: str, arrives: int
) -> None:
    policy = json.dumps(document({**lets_service(principal, "sns:Publish"), "Sid": "alarms"}))
    assert tried(served, name, Subscriber(served, name, Policy=policy))[0] == arrives
