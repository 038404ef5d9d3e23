"""The process of Trino: its settings, its start, and its start again after it has ended."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import urllib3

from local_aws.athena.errors import QueryFailedError
from local_aws.athena.trino import supervise
from local_aws.athena.trino.client import Running
from local_aws.athena.trino.distribution import Distribution
from local_aws.core.listening import HOST
from local_aws.core.processes import Children

HEAP_MB = 900
"""With Java's own needs (classes, compiled code, threads, buffers) the process stays below 1.5 GB."""
QUERY_MB = 250
"""The memory of one query: what Trino does not count, copies while an array grows among it, is as much again."""
START_LIMIT = 180.0
"""The time limit of a start in seconds."""
_END_LIMIT = 5.0
"""How long a Trino whose connection broke has to end, in seconds."""
_TRIES = 2
"""A port that was free may be taken before Trino listens."""
_JAVA = (
    f"-Xmx{HEAP_MB}m",
    "-Xms128m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxMetaspaceSize=256m",
    "-XX:ReservedCodeCacheSize=160m",
    "-XX:MaxDirectMemorySize=64m",
    # A Trino without memory answers nothing any more: it ends, and another one starts.
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-HeapDumpOnOutOfMemoryError",
    "-XX:-OmitStackTraceInFastThrow",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    "-Djol.skipHotspotSAAttach=true",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


class TrinoServer:
    """A Trino that is started in the background, and again when a query finds that it has ended.

    `catalog` has the properties of its one catalog, `access` those of its access control; `folder` its files, `log`
    its output. `probe` tells whether a query runs.
    """

    def __init__(
        self,
        found: Distribution,
        folder: Path,
        log: Path,
        children: Children,
        catalog: Mapping[str, str],
        access: Mapping[str, str],
        probe: Callable[[Running], bool],
    ) -> None:
        self._found, self._folder, self._log, self._children = found, folder, log, children
        self._catalog, self._access, self._probe = catalog, access, probe
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._closed = False
        self._address = ""
        self.pool = urllib3.PoolManager(maxsize=16, retries=False)

    @property
    def lives(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id of the supervisor, whose child Trino is."""
        return self._process.pid if self._process else None

    @property
    def exit_status(self) -> int | None:
        """The exit status of a Trino that has ended."""
        return self._process.poll() if self._process else None

    def start_in_background(self) -> None:
        """Start it, and do not wait."""
        threading.Thread(target=self._start_quietly, name="start of Trino", daemon=True).start()

    def _start_quietly(self) -> None:
        try:
            self.address()
        except QueryFailedError:
            return  # a query tries again, and tells it

    def address(self) -> str:
        """The address of a Trino that runs queries; starts it where it does not run. Raises QueryFailedError."""
        with self._lock:
            if not (self._ready and self.lives):
                self._start()
            return self._address

    def lost(self, why: Exception) -> QueryFailedError:
        """The error of a query during which Trino was lost; another one starts."""
        process = self._process
        try:
            ended = f"exit status {process.wait(timeout=_END_LIMIT)}" if process else "it did not run"
        except subprocess.TimeoutExpired:
            ended = f"{why}"
            if process is not None:
                self._children.end(process)
                process.wait()
        self.start_in_background()
        return QueryFailedError(
            "GENERIC_INTERNAL_ERROR",
            f"Trino, the engine of the local Athena, ended while the query ran ({ended}; 3 is: out of memory, "
            f"137: killed). It starts again for the next query. Its log is {self._log}. "
            "Retryable, unless the query itself needs too much memory: then ask for less at a time.",
        )

    def close(self) -> None:
        """End the process."""
        self._closed = True
        if self._process is not None:
            self._children.end(self._process)
        self._forget()
        self.pool.clear()

    def _forget(self) -> None:
        process = self._process
        if process is not None:
            if process.stdin:
                process.stdin.close()
            process.wait()
            self._children.finished(process)

    def _start(self) -> None:
        for _ in range(_TRIES):
            self._ready = False
            self._launch()
            deadline = time.monotonic() + START_LIMIT
            while self.lives and time.monotonic() < deadline and not self._closed:
                if self._runs_queries():
                    self._ready = True
                    return
                time.sleep(0.1)
            if self._closed or self.lives:
                break
        if self.lives and self._process is not None:
            self._children.end(self._process)
        raise QueryFailedError(
            "GENERIC_INTERNAL_ERROR",
            f"Trino, the engine of the local Athena, did not start within {START_LIMIT:.0f} s "
            f"(exit status {self.exit_status}). Its log is {self._log}. Retryable.",
        )

    def _launch(self) -> None:
        self._forget()
        port = _free_port()
        self._address = f"http://{HOST}:{port}"
        self._write_settings(port)
        command = [
            *(sys.executable, supervise.__file__, str(self._found.java), *_JAVA),
            f"-Dconfig={self._folder / 'config.properties'}",
            f"-Dlog.levels-file={self._folder / 'log.properties'}",
            f"-Djava.io.tmpdir={self._folder / 'tmp'}",
            *("-cp", f"{self._found.home / 'lib'}/*", "io.trino.server.TrinoServer"),
        ]
        try:
            with self._log.open("ab") as output:
                self._process = self._children.start(
                    command, environment={"LANG": "C.UTF-8", "TZ": "UTC"}, folder=self._folder, output=output
                )
        except RuntimeError as stopping:
            self._closed = True
            raise QueryFailedError("GENERIC_INTERNAL_ERROR", str(stopping)) from stopping

    def _write_settings(self, port: int) -> None:
        settings = {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "node.environment": "local",
            "node.bind-ip": HOST,
            "node.internal-address": HOST,
            "http-server.http.port": str(port),
            "http-server.max-request-header-size": "1MB",
            "http-server.log.enabled": "false",
            "discovery.uri": self._address,
            "plugin.dir": str(self._found.home / "plugin"),
            "catalog.config-dir": str(self._folder / "catalog"),
            "access-control.config-files": str(self._folder / "access-control.properties"),
            "log.enable-console": "true",
            "web-ui.enabled": "false",
            "query.max-memory": f"{QUERY_MB}MB",
            "query.max-memory-per-node": f"{QUERY_MB}MB",
            "memory.heap-headroom-per-node": f"{HEAP_MB // 4}MB",
            "query.max-length": "262144",
            "query.max-history": "20",
            "query.min-expire-age": "30s",
            "query.client.timeout": "1m",
            "query.max-run-time": "35m",
            "task.concurrency": "2",
            "task.max-worker-threads": "4",
        }
        (self._folder / "catalog").mkdir(parents=True, exist_ok=True)
        (self._folder / "tmp").mkdir(exist_ok=True)
        _write(self._folder / "config.properties", settings)
        _write(self._folder / "log.properties", {"": "WARN"})
        _write(self._folder / "access-control.properties", self._access)
        _write(self._folder / "catalog" / "awsdatacatalog.properties", self._catalog)

    def _runs_queries(self) -> bool:
        """Whether a query can be scheduled: /v1/info says that it has started before that."""
        try:
            answer = self.pool.request("GET", f"{self._address}/v1/info", timeout=2)
            if answer.status != 200 or json.loads(answer.data)["starting"]:
                return False
            return self._probe(Running(self._address, self.pool))
        except (urllib3.exceptions.HTTPError, ValueError, KeyError):
            return False


def _write(path: Path, properties: Mapping[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    path.chmod(0o600)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
