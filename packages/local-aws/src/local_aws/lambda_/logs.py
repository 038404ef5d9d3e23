"""The log of an invocation: a local file, and CloudWatch Logs if the role is allowed to write."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from moto.awslambda.models import LambdaFunction

from local_aws.core.world import World


def write_log(
    world: World,
    *,
    function: str,
    group: str,
    stream: str,
    log: str,
    credentials: Mapping[str, str],
    is_new: bool,
) -> None:
    """Append `log` to the function's file, and put its lines into `stream` of `group` with the role's credentials.

    `is_new` says that the stream does not exist: an execution environment has one stream for all its invocations.
    As on AWS, the function also runs if its role may not write logs.
    """
    folder = world.folder / "logs" / "functions"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{function}.log").open("a") as file:
        file.write(log)
    logs = world.client("logs", credentials, Config(retries={"max_attempts": 1}))
    now = int(time.time() * 1000)
    lines = [{"timestamp": now, "message": line} for line in log.split("\n") if line]
    with contextlib.suppress(ClientError):
        if is_new:
            _create_stream(logs, group, stream)
        try:
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=lines)
        except logs.exceptions.ResourceNotFoundException:  # deleted, or the role could not write earlier
            _create_stream(logs, group, stream)
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=lines)


def _create_stream(logs: Any, group: str, stream: str) -> None:
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    except logs.exceptions.ResourceNotFoundException:
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


def set_logging_config(function: LambdaFunction, config: Mapping[str, str]) -> None:
    """Store a function's LoggingConfig, which moto drops."""
    function.logging_config = dict(config)  # type: ignore[attr-defined]
    function.logs_group_name = config.get("LogGroup", f"/aws/lambda/{function.function_name}")
