"""Step Functions: moto's interpreter, switched on and corrected to behave as AWS does."""

from __future__ import annotations

import logging

from moto.core.config import default_user_config

from local_aws.core.world import World
from local_aws.stepfunctions import clients, executions, language, paths, running, services


def install(world: World) -> None:
    """Make StartExecution interpret the definition, each task with the credentials of the state machine's role."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # It logs each failing state several times over, as errors of its own; the history has them once, and readable.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    clients.install(world)
    executions.install()
    language.install()
    paths.install()
    running.install()
    services.install()
