"""CloudTrail's event history of denied requests (LookupEvents).

As on AWS, the history has management events only: no reads and writes of S3 objects, no invocations, no messages, log
events or metrics (CloudTrail User Guide, "Logging data events"). Unlike on AWS it has no delay, and no allowed
requests.
"""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse

from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, World
from local_aws.iam import record

_DATA_EVENTS = re.compile(
    r"s3:(List|Head)Bucket\w*|s3:\w*(Object|Multipart)\w*|lambda:Invoke\w*|sns:Publish\w*|sqs:(Send|Receive|Delete)Message\w*"
    r"|logs:PutLogEvents|cloudwatch:PutMetricData|xray:Put\w+"
)


def _lookup_events(self: CloudTrailResponse) -> str:
    """All denied management requests of a time range, the newest first, in one page."""
    since, until = self._get_param("StartTime", 0), self._get_param("EndTime", float("inf"))
    found = [
        _event(number, refusal, self.region)
        for number, refusal in enumerate(record.refusals())
        if since <= refusal.at.timestamp() <= until and not _DATA_EVENTS.fullmatch(refusal.use.action)
    ]
    return json.dumps({"Events": found[::-1]})


def _event(number: int, refusal: record.Refusal, region: str) -> dict[str, Any]:
    use = refusal.use
    service, _, name = use.action.partition(":")
    role, session = use.role.rpartition("/")[2], use.session.rpartition("/")[2]
    reported = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "arn": use.session,
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": use.role, "userName": role}},
        },
        "eventTime": refusal.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "errorCode": "AccessDenied",
        "errorMessage": use.reported(refusal.reason),
        "eventCategory": "Management",
    }
    return {
        "EventId": f"{number:08d}-0000-0000-0000-000000000000",
        "EventName": name,
        "EventTime": refusal.at.timestamp(),
        "EventSource": reported["eventSource"],
        "Username": session,
        "CloudTrailEvent": json.dumps(reported),
    }


def install(world: World) -> None:  # noqa: ARG001 - every module is installed with the world
    """Install LookupEvents."""
    replace(CloudTrailResponse, lookup_events=_lookup_events)
