"""A deployed stack: outputs, parameters, resources, and objects of its bucket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from mhealth_ops.operations.errors import NoSuchStack

OUTPUTS = frozenset({"DataBucketName", "DatabaseName", "ScheduleName", "StateMachineArn", "WorkGroupName"})
"""The outputs that the commands need."""


@dataclass(frozen=True)
class Resource:
    """A resource of a stack: its type and its physical id."""

    type: str
    physical_id: str


@dataclass(frozen=True)
class Stack:
    """A stack at the time of the lookup, and a session."""

    session: boto3.Session
    name: str
    stack_id: str
    status: str
    outputs: dict[str, str]
    parameters: dict[str, str]
    resources: dict[str, Resource]
    """Resources by logical id."""

    @classmethod
    def named(cls, name: str, session: boto3.Session) -> Stack:
        """Look up a stack by name or id. Raises NoSuchStack."""
        stack = cls.find(name, session)
        if stack is None:
            raise NoSuchStack(
                f"There is no stack {name} in {session.region_name}. Name another (STACK=..., REGION=...), "
                f"or deploy it: make deploy STACK={name}."
            )
        stack.require_complete()
        return stack

    @classmethod
    def find(cls, name: str, session: boto3.Session) -> Stack | None:
        """Look up a stack by name or id; None where it does not exist or was deleted."""
        cloudformation = session.client("cloudformation")
        try:
            (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        if found["StackStatus"] == "DELETE_COMPLETE":
            return None
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=found["StackId"])
        resources = {
            each["LogicalResourceId"]: Resource(each["ResourceType"], each["PhysicalResourceId"])
            for page in pages
            for each in page["StackResourceSummaries"]
            if each.get("PhysicalResourceId") and each.get("ResourceStatus") != "DELETE_COMPLETE"
        }
        return cls(
            session=session,
            name=found["StackName"],
            stack_id=found["StackId"],
            status=found["StackStatus"],
            outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
            parameters={each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])},
            resources=resources,
        )

    def require_complete(self) -> None:
        """Require that the stack has the outputs of a command. Raises NoSuchStack for any other stack."""
        missing = sorted(OUTPUTS - self.outputs.keys())
        if missing and self.status in {"CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"}:
            raise NoSuchStack(f"The stack {self.name} is being created ({self.status}): try again in a minute.")
        if missing:
            raise NoSuchStack(
                f"The stack {self.name} ({self.status}) has no output {', '.join(missing)}: it is not this project's, "
                "or its deployment failed. Use another stack, or deploy it again."
            )

    @property
    def bucket(self) -> str:
        """The data bucket's name."""
        return self.outputs["DataBucketName"]

    def of_type(self, resource_type: str) -> dict[str, str]:
        """Logical id -> physical id of every resource of a type."""
        return {name: each.physical_id for name, each in self.resources.items() if each.type == resource_type}

    def objects(self, prefix: str) -> list[tuple[str, int]]:
        """Key and size of every object of the data bucket below `prefix`."""
        pages = self.session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [(item["Key"], item["Size"]) for page in pages for item in page.get("Contents", [])]

    def document(self, key: str) -> dict[str, Any]:
        """The JSON document under `key` in the data bucket."""
        body = self.session.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"]
        document: dict[str, Any] = json.loads(body.read())
        return document

    def running_executions(self) -> list[str]:
        """The ARNs of the running executions."""
        machines = self.of_type("AWS::StepFunctions::StateMachine").values()
        pages = self.session.client("stepfunctions").get_paginator("list_executions")
        return [
            execution["executionArn"]
            for machine in machines
            for page in pages.paginate(stateMachineArn=machine, statusFilter="RUNNING")
            for execution in page["executions"]
        ]


def names_of_stacks(session: boto3.Session) -> list[str]:
    """The names of the stacks in the session's region that have this project's outputs."""
    pages = session.client("cloudformation").get_paginator("describe_stacks").paginate()
    return [
        each["StackName"]
        for page in pages
        for each in page["Stacks"]
        if {output["OutputKey"] for output in each.get("Outputs", [])} >= OUTPUTS
    ]
