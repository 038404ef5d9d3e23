"""Messages to topics, as the foreground prints them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from moto.sns.models import SNSBackend, sns_backends

from local_aws.core.messages import as_email, tell_messages
from local_aws.core.patching import restore


@pytest.fixture
def backend() -> Iterator[SNSBackend]:
    regions = sns_backends["123456789012"]
    regions.reset()
    yield regions["us-east-1"]
    regions.reset()
    restore()


def test_each_message_is_told_with_its_topic_and_subject(backend: SNSBackend) -> None:
    told: list[str] = []
    tell_messages(told.append)
    topic = backend.create_topic("alarms")
    topic.publish("one\n\ntwo", subject="Failed")
    structured = json.dumps({"default": "{}", "email": "for people"})
    topic.publish(structured, message_structure="json")
    assert told == [
        "message to the topic alarms: Failed\n    one\n\n    two",
        "message to the topic alarms: no subject\n    for people",
    ]


@pytest.mark.parametrize(
    ("message", "structured", "expected"),
    [
        pytest.param("text", False, "    text", id="text"),
        pytest.param('{"a": 1, "b": "x"}', False, "    a: 1\n    b: x", id="object"),
        pytest.param("[1]", False, "    [1]", id="list"),
        pytest.param('{"default": "d"}', True, "    d", id="default"),
    ],
)
def test_the_text_of_an_email(message: str, structured: bool, expected: str) -> None:
    assert as_email(message, structured=structured) == expected


def test_a_long_message_is_cut() -> None:
    lines = as_email("\n".join(map(str, range(100))), structured=False).splitlines()
    assert (len(lines), lines[-1]) == (61, "    ... 40 more lines")
