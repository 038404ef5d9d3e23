"""S3's notifications: delivered in the background, to targets whose policy lets S3; any other one is refused.

moto delivers them while PutObject waits, to whomever, and says nothing of a failure.
"""

from __future__ import annotations

import json
from typing import Any

from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend

from local_aws.core.patching import replace
from local_aws.core.world import World
from local_aws.iam import delivery

_own_put = S3Backend.put_bucket_notification_configuration


class InvalidDestination(S3ClientError):
    """A target that S3 may not deliver to."""

    code = "InvalidArgument"

    def __init__(self, reason: str) -> None:
        super().__init__("InvalidArgument", f"Unable to validate the following destination configurations: {reason}")


def install(world: World) -> None:
    """Deliver what moto finds to tell."""

    def put(backend: S3Backend, bucket_name: str, notification_config: dict[str, Any]) -> None:
        bucket = backend.get_bucket(bucket_name)
        before = bucket.notification_configuration
        _own_put(backend, bucket_name, notification_config)
        if bucket.notification_configuration is None:
            return
        for kind in ("cloud_function", "queue", "topic"):
            for target in getattr(bucket.notification_configuration, kind):
                judged = delivery.decision(world.region, "s3", bucket.arn, target.arn)
                if not judged.allowed:
                    bucket.notification_configuration = before
                    raise InvalidDestination(f"{target.arn}, its policy does not let s3.amazonaws.com: {judged.reason}")

    def send(event: dict[str, Any], target: str) -> None:
        records = event.get("Records")
        # A test event has no records.
        source = records[0]["s3"]["bucket"]["arn"] if records else f"arn:aws:s3:::{event['Bucket']}"
        delivery.in_background(
            world,
            "s3-notifications",
            lambda: delivery.deliver(world, "s3", source, target, json.dumps(event)),
        )

    replace(S3Backend, put_bucket_notification_configuration=put)
    replace(
        notifications,
        _invoke_awslambda=lambda account, event, arn, region: send(event, arn),  # noqa: ARG005 - moto's interface
        _send_sqs_message=lambda account, event, queue, region: send(event, f"arn:aws:sqs:{region}:{account}:{queue}"),
        _send_sns_message=lambda account, event, topic, region: send(event, topic),  # noqa: ARG005 - moto's interface
    )
