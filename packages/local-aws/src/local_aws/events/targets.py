"""Rules deliver: an event that matches goes to every target, with the rights that the rule's target gives.

A rule with a schedule fires when it is told to (`fire`): nothing here starts by itself.
"""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from jsonpath_ng.ext.parser import parse
from moto.events.models import Rule, events_backends

from local_aws.core import clock
from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, ADMINISTRATOR, World
from local_aws.iam import delivery
from local_aws.iam.delivery import NotDeliveredError
from local_aws.iam.roles import RoleNotTakenError, take_role
from local_aws.logs.service_logs import put_lines

KINDS = ("lambda", "states", "sqs", "sns", "logs")
"""The services that a rule here delivers to, as their ARNs name them."""


def install(world: World) -> None:
    """Let rules deliver what they match."""

    def send_to_targets(rule: Rule, original_event: Any, transform_input: bool = True) -> None:  # noqa: ARG001
        matches = rule.event_pattern.get_pattern() and rule.event_pattern.matches_event(original_event)
        if rule.state == "ENABLED" and matches and _is_on_its_bus(rule, original_event):
            _send(world, rule, original_event)

    replace(Rule, send_to_targets=send_to_targets)


def fire(world: World, name: str) -> None:
    """Let a rule's schedule come round once; a rule that is DISABLED, or has no schedule, does nothing."""
    rule = events_backends[ACCOUNT][world.region].describe_rule(name, None)
    if rule.state != "ENABLED" or not rule.scheduled_expression:
        return
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}",
        "region": world.region,
        "resources": [rule.arn],
        "detail": {},
    }
    _send(world, rule, event)


def _is_on_its_bus(rule: Rule, event: Mapping[str, Any]) -> bool:
    """AWS's own services tell the default bus only; moto's S3 tells every one."""
    return not str(event["source"]).startswith("aws.") or rule.event_bus_name == "default"


def _send(world: World, rule: Rule, event: Mapping[str, Any]) -> None:
    for target in rule.targets:
        delivered = partial(_deliver, world, rule, target, _body(rule, target, _as_sent(event)))
        delivery.in_background(world, f"events-{rule.name}", delivered)


def _as_sent(event: Mapping[str, Any]) -> dict[str, Any]:
    sent = copy.deepcopy(dict(event))
    sent.pop("ingestion-time", None)
    if isinstance(sent["time"], int | float):
        sent["time"] = f"{datetime.fromtimestamp(sent['time'], tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
    return sent


def _body(rule: Rule, target: Mapping[str, Any], event: dict[str, Any]) -> str:
    """What a target is sent: the event, a part of it, or what the target says."""
    if "Input" in target:
        return str(target["Input"])
    if "InputTransformer" in target:
        return _transformed(rule, target["InputTransformer"], event)
    return json.dumps(_at(target.get("InputPath", "$"), event))


def _at(path: str, event: dict[str, Any]) -> Any:
    """What a JSON path finds first, None where it finds nothing."""
    found = parse(path).find(event)
    return found[0].value if found else None


def _transformed(rule: Rule, asked: Mapping[str, Any], event: dict[str, Any]) -> str:
    """The template with each <NAME> replaced: as JSON, or as bare text inside of quotes."""
    values = {name: _at(path, event) for name, path in (asked.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": rule.arn,
        "aws.events.rule-name": rule.name,
        "aws.events.event": event,
        "aws.events.event.json": event,
        "aws.events.event.ingestion-time": event["time"],
    }
    template = str(asked["InputTemplate"])

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        value = values[match[1]]
        is_quoted = len(re.findall(r'(?<!\\)"', template[: match.start()])) % 2 == 1
        if not is_quoted:
            return json.dumps(value)
        return json.dumps(value if isinstance(value, str) else json.dumps(value))[1:-1]

    return re.sub(r"<([^<>]+)>", replaced, template)


def _deliver(world: World, rule: Rule, target: Mapping[str, Any], body: str) -> None:
    arn = target["Arn"]
    kind = arn.split(":")[2]
    if kind == "states":
        try:
            granted = take_role(world, target["RoleArn"], "events", "events", rule.arn)
            states = world.client("stepfunctions", granted, Config(retries={"total_max_attempts": 1}))
            states.start_execution(stateMachineArn=arn, input=body)
        except (ClientError, RoleNotTakenError, KeyError) as failed:
            raise NotDeliveredError(f"{arn}: {type(failed).__name__}: {failed}") from failed
    elif kind == "logs":
        group = arn.split(":log-group:")[1].removesuffix(":*")
        put_lines(world.client("logs", ADMINISTRATOR), group, str(uuid.uuid4()), [body])
    else:
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        delivery.deliver(world, "events", rule.arn, arn, body, group)
