"""The clients of tasks, with this world's endpoint and the state machine's role."""

from __future__ import annotations

import threading
import time
from typing import Any

from botocore.config import Config
from moto.stepfunctions.parser.asl.eval.evaluation_details import AWSExecutionDetails
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.backend.execution import Execution

from local_aws.core.patching import replace, replace_everywhere
from local_aws.core.world import World
from local_aws.iam.roles import take_role

CREDENTIALS_LAST = 45 * 60.0
"""Seconds after which a role is assumed again; STS credentials last an hour."""

_ORIGINAL = boto_client.boto_client_for


class MachineRole(str):
    """The ARN of a role with the state machine that uses it: the interpreter passes it to tasks."""

    machine: str

    def __new__(cls, arn: str, machine: str) -> MachineRole:
        """The role of a state machine."""
        made = super().__new__(cls, arn)
        made.machine = machine
        return made

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """Support copying, as the history copies its events."""
        return str(self), self.machine


class RoleClients:
    """Cached clients per state machine, role, service and region, as long as their credentials are valid."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._granted: dict[tuple[str, str], tuple[float, dict[str, str]]] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(self, role_arn: str, machine: str, service: str, region: str) -> Any:
        """A client of `service` with the credentials of the role, assumed for a state machine (its ARN)."""
        with self._lock:
            granted = self._credentials(role_arn, machine)
            key = (granted["AWS_ACCESS_KEY_ID"], service, region)
            if key not in self._clients:
                # A Lambda task may take fifteen minutes; the definition has the retries.
                config = Config(parameter_validation=False, read_timeout=1000, retries={"total_max_attempts": 1})
                self._clients[key] = self._world.client(service, granted, config, region)
            return self._clients[key]

    def _credentials(self, role_arn: str, machine: str) -> dict[str, str]:
        until, granted = self._granted.get((role_arn, machine), (0.0, {}))
        if time.monotonic() > until:
            granted = take_role(self._world, role_arn, "states", "states", machine)
            self._granted[role_arn, machine] = (time.monotonic() + CREDENTIALS_LAST, granted)
        return granted


_current: list[RoleClients] = []


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    """The interpreter's function for clients: `state_credentials` has the role."""
    if state_credentials is None:
        raise RuntimeError(
            f"a task called {service} without the role of its state machine: it would be an administrator"
        )
    role = state_credentials.role_arn
    return _current[0].client(role, getattr(role, "machine", ""), service, region)


def execution_details(execution: Execution) -> AWSExecutionDetails:
    """The context of an execution's tasks."""
    role = MachineRole(execution.role_arn, execution.state_machine.arn)
    return AWSExecutionDetails(account=execution.account_id, region=execution.region_name, role_arn=role)


def install(world: World) -> None:
    """Send all service calls of the interpreter to `world`."""
    import moto.stepfunctions.parser.models  # noqa: F401 - loads every module that imported the function

    _current[:] = [RoleClients(world)]
    replace_everywhere("moto.stepfunctions", _ORIGINAL, client_for)
    replace(Execution, _get_start_aws_execution_details=execution_details)
