"""The provider of Step Functions: moto's interpreter, with corrections."""

from __future__ import annotations

import logging

from moto.core.config import default_user_config

from local_aws.core.world import World
from local_aws.stepfunctions import clients, executions, language, paths, running, services


def install(world: World) -> None:
    """Install the interpreter for StartExecution, with the state machine's role for each task."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # It logs each failing state several times as its own errors; the history has them once.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)
    clients.install(world)
    executions.install()
    language.install()
    paths.install()
    running.install()
    services.install()
