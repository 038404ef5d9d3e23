"""A JVM with Spark, and a process that forks drivers, for runs of Glue jobs: a start takes longer than a small job.

Each run has its own Python process, SparkContext and Python workers, with its own role's credentials. Only the JVM is
reused: pyspark's driver connects to a running one by the variable PYSPARK_GATEWAY_PORT and related ones
(pyspark/java_gateway.py). The state of a run is removed from the JVM after it: SparkContext, settings, open file
systems. If that fails, the JVM is ended.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from py4j.clientserver import ClientServer, JavaParameters, PythonParameters
from py4j.protocol import Py4JError

from local_aws.glue import cds_archive, spark_connector, spark_runtime
from local_aws.glue.drivers import Drivers
from local_aws.glue.quick_python import PREPARED_WORKERS
from local_aws.glue.spark_runtime import SparkRuntime

_START_LIMIT = 60.0
"""The timeout of the JVM's start in seconds; without it the run starts its own JVM."""

_ANSWER_LIMIT = 30.0
"""The timeout of each cleanup call in seconds."""

_MOST_RUNS = 25
"""The most runs of one JVM: objects of ended drivers stay in its memory."""

_CLEAN_EXITS = (0, 1)
"""Exit codes of a driver that was not killed: success or an exception."""


@dataclass
class Lent:
    """The shared JVM while a run uses it.

    `environment` has the variables for the run's driver, which `drivers` starts; `said` is the JVM's output since the
    run began. The run sets `exit_code` to that of its driver.
    """

    environment: Mapping[str, str]
    drivers: Drivers
    _output: Path
    _before: int
    exit_code: int | None = None

    def said(self) -> bytes:
        """The JVM's output since the run began."""
        with self._output.open("rb") as output:
            output.seek(self._before)
            return output.read()


class _Java:
    """A JVM process with Spark, and a gateway to it. Its folder has all its files."""

    def __init__(self, runtime: SparkRuntime) -> None:
        self.runtime = runtime
        self.runs = 0
        self._folder = Path(tempfile.mkdtemp(prefix="kept-spark-"))
        self.output = self._folder / "spark.log"
        reported = self._folder / "listens"
        options = f"{cds_archive.java_options(runtime)} {shlex.quote(f'-Djava.io.tmpdir={self._folder}')}"
        command = spark_runtime.spark_submit_command(
            runtime,
            spark_connector.connector_jars(runtime),
            spark_runtime.NOWHERE,
            "us-east-1",
            options,
        )
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "pyspark-shell"],
                env={**spark_runtime.environment(runtime), "_PYSPARK_DRIVER_CONN_INFO_PATH": str(reported)},
                cwd=self._folder,
                stdin=subprocess.PIPE,  # the JVM ends when this is closed, at the latest with this process
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.drivers = Drivers(runtime, self._folder)
            self.port, self.secret = self._listens(reported)
            self._line = ClientServer(
                JavaParameters(port=self.port, auth_token=self.secret, read_timeout=_ANSWER_LIMIT),
                PythonParameters(port=0, eager_load=False),
            )
            self._system = self._line.jvm.java.lang.System
            self._fresh = self._system.getProperties().clone()
        except BaseException:
            self.end()
            raise

    def _listens(self, reported: Path) -> tuple[int, str]:
        """The port and the secret, as pyspark's gateway writes them, each after a 4-byte length."""
        deadline = time.monotonic() + _START_LIMIT
        while not reported.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ChildProcessError(f"Java did not start: {self.output.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)
        content = reported.read_bytes()
        port, length = struct.unpack(">ii", content[:8])
        return port, content[8 : 8 + length].decode()

    @property
    def lives(self) -> bool:
        return self._process.poll() is None and self.drivers.live

    def set(self, settings: Mapping[str, str]) -> None:
        """Set the next SparkContext's settings as Java system properties, as spark-submit does."""
        for name, value in settings.items():
            self._system.setProperty(name, value)

    def tidy(self) -> None:
        """Remove the state of a run. Raises Py4JError or OSError if the JVM does not respond."""
        jvm: Any = self._line.jvm
        # The methods of a Scala object, by its mangled name.
        active = getattr(getattr(jvm.org.apache.spark, "SparkContext$"), "MODULE$").getActive()
        if active.isDefined():
            active.get().stop()
        self._system.setProperties(self._fresh.clone())
        # Hadoop caches a file system per bucket, with the credentials of the first run.
        jvm.org.apache.hadoop.fs.FileSystem.closeAll()

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        if line := getattr(self, "_line", None):
            with contextlib.suppress(Exception):
                line.close()
        if drivers := getattr(self, "drivers", None):
            drivers.end()
        shutil.rmtree(self._folder, ignore_errors=True)


class KeptSpark:
    """Gives the shared JVM to one run at a time, and starts it for the first one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._java: _Java | None = None
        self._warming: threading.Thread | None = None

    def warm_up(self, runtime: SparkRuntime) -> None:
        """Start the JVM in the background, so that the first run does not wait for it.

        A run that comes earlier waits for the start.
        """
        self._warming = threading.Thread(target=self._warm_up, args=(runtime,), name="warm up Spark", daemon=True)
        self._warming.start()

    def _warm_up(self, runtime: SparkRuntime) -> None:
        with self._lock:
            self._ready(runtime, {})

    @contextlib.contextmanager
    def lend(
        self, runtime: SparkRuntime, settings: Mapping[str, str], libraries: Sequence[Path]
    ) -> Iterator[Lent | None]:
        """Give the JVM to a run with these Spark settings and Python archives.

        Yields None if another run has it or it does not start: the run then starts its own.
        """
        if self._warming is not None:
            self._warming.join()
        if not self._lock.acquire(blocking=False):
            yield None
            return
        try:
            java = self._ready(runtime, {**settings, "spark.submit.pyFiles": ",".join(map(str, libraries))})
            if java is None:
                yield None
                return
            java.runs += 1
            lent = Lent(_environment(java, libraries), java.drivers, java.output, java.output.stat().st_size)
            try:
                yield lent
            finally:
                self._take_back(java, lent)
        finally:
            self._lock.release()

    def _ready(self, runtime: SparkRuntime, settings: Mapping[str, str]) -> _Java | None:
        java = self._java
        if java is not None and not (java.lives and java.runtime == runtime and java.runs < _MOST_RUNS):
            self._end()
        try:
            if self._java is None:
                self._java = _Java(runtime)
            self._java.set(settings)
        except (Py4JError, OSError):
            self._end()
        return self._java

    def _take_back(self, java: _Java, lent: Lent) -> None:
        if lent.exit_code not in _CLEAN_EXITS:
            self._end()
            return
        try:
            java.tidy()
        except (Py4JError, OSError):
            self._end()

    def _end(self) -> None:
        java, self._java = self._java, None
        if java is not None:
            java.end()

    def close(self) -> None:
        """End the JVM. A run that uses it fails."""
        if self._warming is not None:
            self._warming.join()
        self._end()


def _environment(java: _Java, libraries: Sequence[Path]) -> dict[str, str]:
    """The variables with which a driver uses this JVM, and the Python path that spark-submit would set."""
    own = sorted((java.runtime.home / "python" / "lib").glob("*.zip"))
    return {
        "PYSPARK_GATEWAY_PORT": str(java.port),
        "PYSPARK_GATEWAY_SECRET": java.secret,
        "PYTHONPATH": os.pathsep.join(map(str, [*libraries, *own])),
    }


def settings_for(environment: Mapping[str, str], endpoint: str, region: str) -> dict[str, str]:
    """The settings of Spark's S3 and Python workers that correspond to the driver's `environment`."""
    s3 = {
        "access.key": environment["AWS_ACCESS_KEY_ID"],
        "secret.key": environment["AWS_SECRET_ACCESS_KEY"],
        "session.token": environment["AWS_SESSION_TOKEN"],
        "endpoint": endpoint,
        "endpoint.region": region,
        "connection.ssl.enabled": str(endpoint.startswith("https")).lower(),
    }
    workers = {f"spark.executorEnv.{name}": value for name, value in environment.items()}
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in s3.items()} | workers | PREPARED_WORKERS
