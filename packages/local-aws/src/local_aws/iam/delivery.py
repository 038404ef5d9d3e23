"""What a service delivers in its own name (S3, EventBridge): to a function, a queue or a topic whose policy lets it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local_aws.core.world import ACCOUNT, ADMINISTRATOR, World
from local_aws.iam.evaluation import judge_service
from local_aws.iam.policies import Decision, Request
from local_aws.iam.resource_policies import policy_of

_ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}
"""By the service of the target."""

TARGETS = tuple(_ACTIONS)


class NotDeliveredError(Exception):
    """The target cannot be reached; the message says what to change."""


def decision(region: str, service: str, source: str, target: str) -> Decision:
    """Whether the target's policy lets a service (`s3`) deliver what `source`, an ARN, has to tell."""
    kind = target.split(":")[2]
    policy = _function_policy(region, target) if kind == "lambda" else policy_of(_ACTIONS[kind], target, region)
    context = {"aws:sourceaccount": ACCOUNT, "aws:sourcearn": source}
    return judge_service(policy, f"{service}.amazonaws.com", Request(_ACTIONS[kind], target, context))


def deliver(world: World, service: str, source: str, target: str, body: str, group: str | None = None) -> None:
    """Invoke a function without waiting for it, send a message, or publish. Raises NotDeliveredError."""
    kind = target.split(":")[2]
    if kind not in _ACTIONS:
        raise NotDeliveredError(f"{target}: the local AWS delivers to {', '.join(_ACTIONS)} only")
    judged = decision(world.region, service, source, target)
    if not judged.allowed:
        raise NotDeliveredError(
            f"{service}.amazonaws.com is not authorized to perform {_ACTIONS[kind]} on {target}: {judged.reason}"
        )
    try:
        if kind == "lambda":
            function = world.client("lambda", ADMINISTRATOR)
            function.invoke(FunctionName=target, InvocationType="Event", Payload=body.encode())
        elif kind == "sqs":
            queue = target.rsplit(":", 1)[-1]
            sqs_backends[ACCOUNT][world.region].send_message(queue_name=queue, message_body=body, group_id=group)
        else:
            sns_backends[ACCOUNT][world.region].publish(arn=target, message=body)
    except Exception as failed:
        raise NotDeliveredError(f"{target}: {type(failed).__name__}: {failed}") from failed


def in_background(world: World, name: str, delivery: Callable[[], None]) -> None:
    """Deliver in a thread of its own; what cannot be delivered is written to logs/NAME.log of the world's folder."""

    def run() -> None:
        try:
            delivery()
        except (NotDeliveredError, ClientError) as failed:
            note(world.folder / "logs" / f"{name}.log", str(failed))

    threading.Thread(target=run, name=name, daemon=True).start()


def note(log: Path, text: str) -> None:
    """Append a line."""
    with contextlib.suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as out:
            out.write(f"{text}\n")


def _function_policy(region: str, arn: str) -> str:
    function = lambda_backends[ACCOUNT][region].get_function(arn)
    return json.dumps({"Version": "2012-10-17", "Statement": function.policy.statements if function.policy else []})
