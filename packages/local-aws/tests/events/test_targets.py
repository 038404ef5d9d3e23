"""What rules deliver, and with whose rights; S3's notifications go the same way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.events import provider as events
from local_aws.events.targets import fire
from local_aws.s3 import provider as s3
from local_aws_harness.served import Served, document, serve
from local_aws_harness.waiting import HANG

REGION = "arn:aws:sqs:us-east-1:123456789012"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("events"), events.install, s3.install) as made:
        yield made


def queue(served: Served, name: str, service: str | None, source: str = "*") -> str:
    """The URL of a new queue; `service` may send to it, in the name of `source`."""
    url: str = served.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    if service is not None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": f"{REGION}:{name}",
            "Condition": {"ArnLike": {"aws:SourceArn": source}},
        }
        policy = {"Policy": json.dumps(document(statement))}
        served.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=policy)
    return url


def until(ask: Callable[[], Any]) -> Any:
    end = time.monotonic() + HANG
    while not (reported := ask()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.02)
    return reported


def received(served: Served, url: str) -> str:
    sqs = served.client("sqs")
    (message,) = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    return str(message["Body"])


def put_rule(served: Served, name: str, target: str, **more: Any) -> None:
    pattern = json.dumps({"source": [name]})
    client = served.client("events")
    client.put_rule(Name=name, EventPattern=pattern)
    client.put_targets(Rule=name, Targets=[{"Id": "it", "Arn": f"{REGION}:{target}", **more}])


def put_event(served: Served, source: str, **detail: Any) -> None:
    entry = {"Source": source, "DetailType": "Told", "Detail": json.dumps(detail)}
    served.client("events").put_events(Entries=[entry])


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"Input": '{"fixed": 1}'}, '{"fixed": 1}'),
        ({"InputPath": "$.detail.a"}, '{"b": [1]}'),
        (
            {"InputTransformer": {"InputPathsMap": {"b": "$.detail.a.b", "t": "$.detail.text"},
                                  "InputTemplate": '{"list": <b>, "text": <t>, "all": "It is <t>"}'}},
            '{"list": [1], "text": "say \\"hi\\"", "all": "It is say \\"hi\\""}',
        ),
        (
            {"InputTransformer": {"InputTemplate": '"<aws.events.rule-name> told <unknown>"'}},
            '"input-3 told <unknown>"',
        ),
    ],
)  # fmt: skip
def test_a_target_says_what_it_is_sent(
    served: Served, request: pytest.FixtureRequest, how: dict[str, Any], expected: str
) -> None:
    name = f"input-{next(iter(request.node.callspec.indices.values()))}"
    url = queue(served, name, "events")
    put_rule(served, name, name, **how)
    put_event(served, name, a={"b": [1]}, text='say "hi"')
    assert received(served, url) == expected


def test_what_the_queues_policy_does_not_allow_is_not_delivered_and_noted(served: Served) -> None:
    url = queue(served, "closed", "events", source="arn:aws:events:*:*:rule/another")
    put_rule(served, "closed", "closed")
    put_event(served, "closed")
    log = served.world.folder / "logs" / "events-closed.log"
    until(lambda: log.exists() and log.read_text())
    assert f"events.amazonaws.com is not authorized to perform sqs:SendMessage on {REGION}:closed" in log.read_text()
    assert "Messages" not in served.client("sqs").receive_message(QueueUrl=url)


def test_a_rule_that_is_disabled_or_has_a_schedule_alone_hears_nothing(served: Served) -> None:
    url = queue(served, "quiet", "events")
    put_rule(served, "quiet", "quiet")
    client = served.client("events")
    client.disable_rule(Name="quiet")
    client.put_rule(Name="nightly", ScheduleExpression="rate(1 day)")
    client.put_targets(Rule="nightly", Targets=[{"Id": "it", "Arn": f"{REGION}:quiet"}])
    put_event(served, "quiet")
    fire(served.world, "quiet")
    fire(served.world, "nightly")
    assert json.loads(received(served, url))["detail-type"] == "Scheduled Event"
    assert "Messages" not in served.client("sqs").receive_message(QueueUrl=url)


def test_a_bucket_cannot_notify_whom_the_policy_does_not_let_it(served: Served) -> None:
    url = queue(served, "uploads", "s3", source="arn:aws:s3:::own")
    client = served.client("s3")
    reported = {"QueueConfigurations": [{"QueueArn": f"{REGION}:uploads", "Events": ["s3:ObjectCreated:*"]}]}
    for bucket in ("own", "others"):
        client.create_bucket(Bucket=bucket)
    with pytest.raises(ClientError, match=f"Unable to validate the following destination configurations: {REGION}:upl"):
        client.put_bucket_notification_configuration(Bucket="others", NotificationConfiguration=reported)
    assert "QueueConfigurations" not in client.get_bucket_notification_configuration(Bucket="others")
    client.put_bucket_notification_configuration(Bucket="own", NotificationConfiguration=reported)
    assert json.loads(received(served, url))["Event"] == "s3:TestEvent"
    client.put_object(Bucket="others", Key="no", Body=b"")
    client.put_object(Bucket="own", Key="yes", Body=b"abc")
    (record,) = json.loads(received(served, url))["Records"]
    assert (record["s3"]["object"]["key"], record["eventName"]) == ("yes", "ObjectCreated:Put")
