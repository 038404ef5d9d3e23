"""The shared context of one local AWS: endpoint, account, folder, child processes."""

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
"""An administrator's credentials: every key that belongs to no role has all permissions."""


class Closable(Protocol):
    """A resource that must be ended."""

    def close(self) -> None:
        """End it."""


@dataclass(frozen=True)
class World:
    """One local AWS.

    `endpoint` is the address of every service; `folder` has logs/, code/ and cache/ of this process;
    `function_environment` are additional variables of every Lambda function;
    `spark` is the JVM that Glue job runs share (None: each run starts its own);
    `athena` is the engine of Athena's queries, `duckdb` or `trino`.
    """

    endpoint: str
    region: str
    folder: Path
    function_environment: Mapping[str, str] = field(default_factory=dict)
    children: Children = field(default_factory=Children)
    spark: Closable | None = None
    athena: str = "duckdb"
    # One session for all clients, as it loads the service models once; it is not thread-safe.
    _session: boto3.Session = field(default_factory=boto3.Session)
    _session_lock: threading.Lock = field(default_factory=threading.Lock)

    def client_environment(self) -> dict[str, str]:
        """The environment variables that point AWS clients to this world, without credentials."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            # The user's profile must not leak into a component that runs with its role.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def client(
        self, service: str, credentials: Mapping[str, str], config: Config | None = None, region: str | None = None
    ) -> Any:
        """A new boto3 client of a service of this world; `credentials` have the names of environment variables."""
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
        """Credentials of a role from STS, as environment variables.

        The session name is in access-denied messages: name it after the component.
        """
        sts = self.client("sts", ADMINISTRATOR, Config(retries={"max_attempts": 1}))
        granted = sts.assume_role(RoleArn=role_arn, RoleSessionName=session[:64])["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": granted["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": granted["SecretAccessKey"],
            "AWS_SESSION_TOKEN": granted["SessionToken"],
        }
