"""Messages to SNS topics, as a person with an e-mail subscription would get them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.sns.models import Topic

from local_aws.core.patching import replace

_MOST_LINES = 60


def tell_messages(tell: Callable[[str], None]) -> None:
    """Call `tell` with each message that is published to a topic from now on: topic, subject and the e-mail's text."""
    publish = Topic.publish

    def published(topic: Topic, message: str, subject: str | None = None, *rest: Any, **named: Any) -> str:
        found = publish(topic, message, subject, *rest, **named)
        text = as_email(message, structured=named.get("message_structure") == "json")
        tell(f"message to the topic {topic.name}: {subject or 'no subject'}\n{text}")
        return found

    replace(Topic, publish=published)


def is_structured(message: str) -> bool:
    """Whether a message has a text for each protocol: with the structure `json`, SNS demands the key `default`.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html

    >>> [is_structured(text) for text in ('{"default": "all", "email": "people"}', '{"state": "ALARM"}', "[default]")]
    [True, False, False]
    """
    try:
        texts = json.loads(message)
    except ValueError:
        return False
    return isinstance(texts, dict) and isinstance(texts.get("default"), str)


def as_email(message: str, *, structured: bool) -> str:
    """The indented text of an e-mail; a JSON object has a line for each field.

    >>> print(as_email('{"NewStateValue": "ALARM", "AlarmName": "x"}', structured=False))
        NewStateValue: ALARM
        AlarmName: x
    """
    if structured:
        texts = json.loads(message)
        message = texts.get("email", texts["default"])
    try:
        fields = json.loads(message)
    except ValueError:
        fields = None
    if isinstance(fields, dict):
        message = "\n".join(f"{name}: {value}" for name, value in fields.items())
    lines = message.rstrip().splitlines()
    more = [f"... {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    return "\n".join(f"    {line}".rstrip() for line in [*lines[:_MOST_LINES], *more])
