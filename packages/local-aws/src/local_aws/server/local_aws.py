"""A local AWS: moto's server in this process with all services of this package, and a deployed stack."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from moto import backends
from moto.core import utils as core_utils
from moto.core.config import default_user_config
from moto.core.loaders import create_loader
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server import werkzeug_app
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from local_aws.athena import provider as athena
from local_aws.cloudformation import provider as cloudformation
from local_aws.cloudformation.deploy import deploy
from local_aws.cloudwatch import provider as cloudwatch
from local_aws.core.environment import keep_proxies_out
from local_aws.core.errors import LocalAwsError
from local_aws.core.listening import HOST, listen
from local_aws.core.patching import replace, restore
from local_aws.core.world import World
from local_aws.events import provider as events
from local_aws.glue import jobs as spark_jobs
from local_aws.glue import provider as glue
from local_aws.glue.kept_spark import KeptSpark
from local_aws.iam import provider as iam
from local_aws.lambda_ import provider as lambda_
from local_aws.logs import provider as logs
from local_aws.page.application import Page
from local_aws.s3 import provider as s3
from local_aws.server import missing_operations, protocols
from local_aws.server.browser_guard import BrowserGuard
from local_aws.stepfunctions import provider as stepfunctions
from local_aws.testing import faults

_PID = "pid"
_POLL = 0.05  # poll interval in seconds for the end of serving

Sidecar = Callable[[Path], contextlib.AbstractContextManager[Mapping[str, str]]]
"""A server besides AWS that functions call: gets its own folder, and yields environment variables for functions."""

_PARTS = (
    *(missing_operations, protocols, cloudformation, s3, logs, cloudwatch, lambda_, glue, athena, stepfunctions),
    *(events, iam, faults),
)
"""The providers in the order of installation: each may wrap earlier ones."""

_running = threading.Lock()
_MOTO_MODULES = frozenset(backends.list_of_moto_modules())
_moto_loader = functools.cache(create_loader)


class _QuietHandler(MotoRequestHandler):
    """A request handler without access log and without Nagle's algorithm."""

    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's interface
        """Say nothing."""


@dataclass
class LocalAws:
    """A local AWS from `start` to `stop`, or as a context manager. One at a time in a process.

    `template` is deployed as the stack `stack_name` with `parameters`; None starts without a stack. `port` 0 selects a
    free one; `folder` gets logs/, code/ and other files and is emptied first; by default it is
    `.local-aws/PORT` below the current directory, and `.local-aws/logs` links to the logs of the latest start. Only
    the logs are kept. `sidecar` starts and ends with it. `spark` is a JVM for job runs that outlives this local AWS;
    by default it has its own. With `warm_spark`, its start follows the deployment, in the background, and not the first
    job run. `athena` is the engine of Athena's queries, `duckdb` or `trino`. `tell` gets progress messages. Raises
    LocalAwsError.
    """

    template: Path | None = None
    stack_name: str = "stack"
    parameters: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    region: str = "us-east-1"
    folder: Path | None = None
    sidecar: Sidecar | None = None
    spark: KeptSpark | None = None
    warm_spark: bool = False
    athena: str = "duckdb"
    tell: Callable[[str], None] = lambda _: None

    world: World = field(init=False)

    def start(self) -> None:
        """Listen, install the services, deploy the stack."""
        sys.audit("local_aws.start")  # the tests record which of them start one
        if not _running.acquire(blocking=False):
            raise LocalAwsError("this process already runs a local AWS: moto's state is global")
        self._ending = contextlib.ExitStack()
        self._ending.callback(_running.release)
        self._ending.callback(restore)  # restores moto for later users in this process
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        server, port = self._listen()
        self._folder = self.folder.absolute() if self.folder else _default_folder(port)
        folder = self._folder
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "logs").mkdir(parents=True)
        (folder / _PID).write_text(str(os.getpid()))
        environment: Mapping[str, str] = {}
        if self.sidecar is not None:
            environment = self._ending.enter_context(self.sidecar(folder / "sidecar"))
        spark = self.spark
        if spark is None:
            spark = KeptSpark()
            self._ending.callback(spark.close)
        self.world = World(f"http://{HOST}:{port}", self.region, folder, environment, spark=spark, athena=self.athena)
        self._ending.callback(self.world.children.end_all)
        iam.install_managed_policies(self.world)  # first, as the reset creates them again
        # Remove the state of an earlier world in this process.
        moto_api_backend.reset()
        # moto lists its services twice per request, by reading its folder.
        replace(backends, list_of_moto_modules=lambda: _MOTO_MODULES)
        # It looks through all services' folders for each of them.
        replace(core_utils, create_loader=_moto_loader)
        self._ending.callback(athena.close)
        for part in _PARTS:
            part.install(self.world)
        threading.Thread(target=server.serve_forever, args=(_POLL,), name="local AWS", daemon=True).start()
        self._ending.callback(server.shutdown)
        if self.template is not None:
            self.tell(f"deploying stack {self.stack_name} from {self.template}")
            deploy(self.world, template=self.template, stack_name=self.stack_name, parameters=self.parameters)
        if self.warm_spark:
            spark_jobs.warm_up(self.world)

    def _listen(self) -> tuple[BaseWSGIServer, int]:
        # Also restored: with the AWS managed policies a reset of moto takes a second.
        self._ending.callback(default_user_config.update, default_user_config.copy())
        default_user_config["stepfunctions"] = {"execute_state_machine": True}
        default_user_config["iam"] = {"load_aws_managed_policies": True}
        # moto's CORS headers allow every page to read responses.
        replace(werkzeug_app, DISABLE_GLOBAL_CORS=True)
        keep_proxies_out()
        # werkzeug exits the process if the port is in use: pass it a bound socket.
        listener = listen(self.port)
        self._ending.callback(listener.close)
        port: int = listener.getsockname()[1]
        server = make_server(
            HOST,
            port,
            BrowserGuard(Page(DomainDispatcherApplication(create_backend_app), lambda: self.world), port),
            threaded=True,
            request_handler=_QuietHandler,
            fd=listener.fileno(),
        )
        self._ending.callback(server.server_close)
        return server, port

    def stop(self) -> None:
        """End the children, the server and the sidecar."""
        self._ending.close()
        self._clear()

    def abandon(self) -> None:
        """End the children only; the caller exits the process immediately."""
        if hasattr(self, "world"):
            self.world.children.end_all()
            if self.spark is None and self.world.spark is not None:
                self.world.spark.close()
        self._clear()

    def _clear(self) -> None:
        for entry in self._folder.iterdir() if hasattr(self, "_folder") else ():
            if entry.name != "logs":
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)

    @property
    def endpoint(self) -> str:
        """The URL for AWS_ENDPOINT_URL."""
        return self.world.endpoint

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _default_folder(port: int) -> Path:
    """Create `.local-aws/PORT` and the link `.local-aws/logs` to its logs; delete folders of ended processes."""
    base = Path(".local-aws").absolute()
    base.mkdir(exist_ok=True)
    for other in base.iterdir():
        if other.name.isdigit() and not _alive(other / _PID):
            shutil.rmtree(other, ignore_errors=True)
    logs = base / "logs"
    if logs.is_symlink() or not logs.exists():
        fresh = base / f"logs.{port}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path(str(port)) / "logs")
        fresh.replace(logs)
    return base / str(port)


def _alive(pid: Path) -> bool:
    try:
        os.kill(int(pid.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


# moto and werkzeug log every request, and every error that the client gets anyway.
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
