"""moto, served in this process on a free port with some of the local AWS's modules installed."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from local_aws.core.patching import restore
from local_aws.core.world import ADMINISTRATOR, World
from local_aws.glue.kept_spark import KeptSpark

_serving = threading.Lock()
_POLL = 0.02
"""Seconds between two looks whether to end: werkzeug's half second is one that each module of tests would wait."""


@dataclass(frozen=True)
class Served:
    """A world that answers, and clients for it."""

    world: World
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, credentials: Mapping[str, str] = ADMINISTRATOR) -> Any:
        """A boto3 client with an administrator's or the given credentials: each is made once."""
        key = (service, credentials["AWS_ACCESS_KEY_ID"])
        if key not in self._clients:
            self._clients[key] = self._new(service, credentials)
        return self._clients[key]

    def _new(self, service: str, credentials: Mapping[str, str]) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.world.endpoint,
            region_name=self.world.region,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
            config=Config(retries={"total_max_attempts": 1}),
        )

    def role(self, name: str, service: str, *statements: Mapping[str, Any]) -> str:
        """The ARN of a new role that `service` may assume, with one inline policy of `statements`."""
        trust = [{"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}]
        iam = self.client("iam")
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document(*trust)))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(document(*statements)))
        return arn


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": [dict(statement) for statement in statements]}


@contextlib.contextmanager
def serve(folder: Path, *installs: Callable[[World], None], spark: KeptSpark | None = None) -> Iterator[Served]:
    """Serve a fresh world; its processes end with it, but for `spark`, the Java that job runs find.

    Raises RuntimeError beside another world of this process: it would take the other's patches and state of moto.
    """
    if not _serving.acquire(blocking=False):
        raise RuntimeError(f"{folder}: this process serves a world already; use that one, or end its fixture first")
    try:
        restore()  # whatever an earlier module of tests has installed
        moto_api_backend.reset()
        with _listening() as endpoint:
            world = World(endpoint=endpoint, region="us-east-1", folder=folder, spark=spark)
            for install in installs:
                install(world)
            try:
                yield Served(world)
            finally:
                world.children.end_all()
    finally:
        restore()
        _serving.release()


@contextlib.contextmanager
def _listening() -> Iterator[str]:
    """Serve moto; yield the endpoint."""
    application = DomainDispatcherApplication(create_backend_app)
    # Port 0: the system picks a free one, so that test runs side by side don't meet.
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
