"""What every part of one local AWS knows: where it listens, its account, its folder, its children."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

from local_aws.core.processes import Children

ACCOUNT = "123456789012"
"""moto's own account number."""

ADMINISTRATOR = {"AWS_ACCESS_KEY_ID": "administrator", "AWS_SECRET_ACCESS_KEY": "administrator"}
"""Credentials that no role owns: on the local AWS they may do everything, as any unknown key does."""


class Closable(Protocol):
    """What has to be ended."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True)
class World:
    """One local AWS.

    `endpoint` is the address of every service; `folder` holds logs/, code/ and cache/ of this process;
    `function_environment` are variables that every Lambda function has besides its own;
    `spark` is the Java that stays between runs of Glue jobs (None: each run starts its own).
    """

    endpoint: str
    region: str
    folder: Path
    function_environment: Mapping[str, str] = field(default_factory=dict)
    children: Children = field(default_factory=Children)
    spark: Closable | None = None
    # One for all clients, for it reads the long descriptions of the services once; it is no thing for two threads.
    _session: boto3.Session = field(default_factory=boto3.Session)
    _session_lock: threading.Lock = field(default_factory=threading.Lock)

    def client_environment(self) -> dict[str, str]:
        """The variables that make any AWS client talk to this world, credentials left out."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A person's own profile must not leak into a component that runs with its role.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def client(
        self, service: str, credentials: Mapping[str, str], config: Config | None = None, region: str | None = None
    ) -> Any:
        """A new boto3 client of a service of this world; `credentials` are named as environment variables."""
        with self._session_lock:
            return self._session.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                region_name=region or self.region,
                aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
                config=config,
            )

    def role_credentials(self, role_arn: str, session: str) -> dict[str, str]:
        """Credentials of a role, as environment variables, from STS like on AWS.

        The session name shows in denials: name it for the component.
        """
        sts = self.client("sts", ADMINISTRATOR, Config(retries={"max_attempts": 1}))
        granted = sts.assume_role(RoleArn=role_arn, RoleSessionName=session[:64])["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": granted["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": granted["SecretAccessKey"],
            "AWS_SESSION_TOKEN": granted["SessionToken"],
        }
