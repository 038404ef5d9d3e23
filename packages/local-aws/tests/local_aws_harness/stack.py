"""A local AWS without the project's template, and small stacks on it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from local_aws.cloudformation.deploy import deploy
from local_aws.server import LocalAws


@dataclass
class Stacks:
    """Deploys templates on a running local AWS."""

    aws: LocalAws
    folder: Path
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A boto3 client, made once."""
        if service not in self._clients:
            self._clients[service] = self._new(service)
        return self._clients[service]

    def _new(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.aws.endpoint,
            region_name=self.aws.region,
            aws_access_key_id="anyone",
            aws_secret_access_key="anything",
        )

    def deploy(self, template: dict[str, Any], name: str | None = None, **parameters: str) -> str:
        """Deploy a template whose local paths are relative to `folder`; returns the stack's name."""
        name = name or f"s{uuid.uuid4().hex[:8]}"
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(template))
        deploy(self.aws.world, template=path, stack_name=name, parameters=parameters)
        return name

    def resources(self, stack: str) -> dict[str, str]:
        """Physical ids by logical id."""
        listed = self.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed}

    def outputs(self, stack: str) -> dict[str, str]:
        (described,) = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}

    def events(self, stack: str) -> list[tuple[str, str]]:
        """Logical id and status, the oldest first."""
        events = self.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
        return [(each["LogicalResourceId"], each["ResourceStatus"]) for each in reversed(events)]


def running(folder: Path) -> Iterator[Stacks]:
    """A local AWS without a stack; `folder` receives everything."""
    with LocalAws(folder=folder / "world") as aws:
        yield Stacks(aws, folder)


LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


def role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """A role that `service` may take on, with the statements as its policy."""
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": list(statements) or [LOGS]}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "own", "PolicyDocument": policy}],
        },
    }


def function(code: str, **properties: Any) -> dict[str, Any]:
    """A Lambda function whose code is the text of index.py, with the role of logical id `Role`."""
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Handler": "index.handler",
            "Runtime": "python3.11",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": code},
            **properties,
        },
    }
