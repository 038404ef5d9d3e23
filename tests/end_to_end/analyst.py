"""A client with the stack's policy for analysts."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import boto3

from .conftest import World


@dataclass(frozen=True)
class Analyst(World):
    """An analyst who knows the stack's outputs, but has no access to the stack."""

    outputs_of: World | None = None

    @property
    def outputs(self) -> dict[str, str]:
        assert self.outputs_of is not None
        return self.outputs_of.outputs


@contextlib.contextmanager
def analyst_of(world: World) -> Iterator[World]:
    """The same stack for a role that has the stack's policy for analysts and nothing else."""
    iam, policy = world.client("iam"), world.outputs["AnalystPolicyArn"]
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName="analyst", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="analyst", PolicyArn=policy)
    granted = world.client("sts").assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]
    session = boto3.Session(
        granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"], world.session.region_name
    )
    yield Analyst(session, world.endpoint, outputs_of=world)
    iam.detach_role_policy(RoleName="analyst", PolicyArn=policy)
    iam.delete_role(RoleName="analyst")
