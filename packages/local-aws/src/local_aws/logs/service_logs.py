"""Log lines that services write to CloudWatch Logs on behalf of their callers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

EVENTS_PER_PUT = 1000


def put_lines(logs: Any, group: str, stream: str, lines: Sequence[str]) -> None:
    """Append lines to a stream with the client `logs`; create group and stream if they are missing."""
    named = {"logGroupName": group}
    for create, given in ((logs.create_log_group, named), (logs.create_log_stream, {**named, "logStreamName": stream})):
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            create(**given)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line]
    for first in range(0, len(events), EVENTS_PER_PUT):
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events[first : first + EVENTS_PER_PUT])
