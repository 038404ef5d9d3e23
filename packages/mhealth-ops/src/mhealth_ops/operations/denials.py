"""Denied requests of a stack's roles, from CloudTrail, each with the policy statement that would allow it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3

PAGES = 40
"""The most pages of LookupEvents, at 50 events per page and two pages per second: at most 20 seconds."""

_DENIED = re.compile(r"(Client\.)?(AccessDenied(Exception)?|UnauthorizedOperation)")
_MESSAGE = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>\S+))?")


@dataclass(frozen=True)
class Denial:
    """A denied request: the role's name, the action, and the ARN of the resource (`*` if unknown)."""

    role: str
    action: str
    resource: str

    @property
    def statement(self) -> str:
        """The policy statement that would allow the request, as JSON."""
        return json.dumps({"Effect": "Allow", "Action": self.action, "Resource": self.resource})


def denials(session: boto3.Session, roles: frozenset[str], since: datetime) -> list[Denial]:
    """The denied requests of these roles (by name) since a time, each once, in order of time.

    CloudTrail's event history has management events only, up to 15 minutes late: a denied read or write of an S3 object
    is not in it (CloudTrail User Guide, "Working with CloudTrail event history").
    """
    pages = session.client("cloudtrail").get_paginator("lookup_events").paginate(StartTime=since)
    events = [event for page in itertools.islice(pages, PAGES) for event in page["Events"]]
    found = (_denial(json.loads(event["CloudTrailEvent"]), roles) for event in reversed(events))
    return list(dict.fromkeys(denial for denial in found if denial is not None))


def _denial(event: Mapping[str, Any], roles: frozenset[str]) -> Denial | None:
    issuer = event.get("userIdentity", {}).get("sessionContext", {}).get("sessionIssuer", {})
    if issuer.get("userName") not in roles or not _DENIED.fullmatch(str(event.get("errorCode", ""))):
        return None
    named = _MESSAGE.search(str(event.get("errorMessage", "")))
    called = f"{event['eventSource'].partition('.')[0]}:{event['eventName']}"
    if named is None:
        return Denial(issuer["userName"], called, "*")
    return Denial(issuer["userName"], named["action"], named["resource"] or "*")


def roles_of(events: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name and logical id of every role of a stack, including those of a deployment that was rolled back."""
    for event in events:
        if event["ResourceType"] == "AWS::IAM::Role" and event.get("PhysicalResourceId"):
            yield event["PhysicalResourceId"], event["LogicalResourceId"]
