"""One run of a Glue job: a Python process with the job's arguments and its role's credentials; most have a Spark."""

from __future__ import annotations

import contextlib
import datetime
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from botocore.exceptions import ClientError
from moto.glue.models import FakeJob

from local_aws.core.world import ACCOUNT, World
from local_aws.glue import cds_archive, job_errors, log_groups, python_shell, spark_connector, spark_runtime
from local_aws.glue.drivers import Driver, DriverNotStarted
from local_aws.glue.kept_spark import KeptSpark, Lent, settings_for
from local_aws.glue.quick_python import quick
from local_aws.iam.roles import take_role
from local_aws.logs.service_logs import put_lines

SECONDS_PER_MINUTE = 60.0
"""The unit of a job's Timeout: minutes."""

ENDED = ("SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED")
DPU = {"Standard": 1.0, "G.025X": 0.25, "G.1X": 1.0, "G.2X": 2.0, "G.4X": 4.0, "G.8X": 8.0}
"""Data processing units of a worker."""


def _now() -> datetime.datetime:
    return datetime.datetime.now(tz=datetime.UTC)


@dataclass
class JobRun:
    """An attempt of a job run. The fields are those of Glue's JobRun; `process` exists while it runs."""

    job: FakeJob
    arguments: Mapping[str, str]
    overrides: Mapping[str, Any]
    job_run_id: str
    attempt: int = 0
    previous_run_id: str | None = None
    status: str = "STARTING"
    error: str | None = None
    started: datetime.datetime = field(default_factory=_now)
    running: datetime.datetime | None = None
    completed: datetime.datetime | None = None
    process: subprocess.Popen[bytes] | Driver | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def timeout_minutes(self) -> float:
        """The timeout of the run in minutes; the default is 480."""
        return float(self.overrides.get("timeout") or self.job.timeout or 480)

    @property
    def execution_time(self) -> int:
        """The billed seconds of the script, without its start-up."""
        if self.running is None:
            return 0
        return round(((self.completed or _now()) - self.running).total_seconds())

    def merged_arguments(self) -> dict[str, str]:
        """The script's arguments: the job's defaults, then the run's, then the non-overridable ones, later ones win."""
        return {
            **self.job.default_arguments,
            **self.arguments,
            **(self.job.non_overridable_arguments or {}),
        }

    def as_dict(self) -> dict[str, Any]:
        """The JobRun of GetJobRun, without unknown times and messages."""

        def of(name: str) -> Any:
            return self.overrides.get(name) or getattr(self.job, name)

        capacity = of("max_capacity")
        if capacity is None and of("number_of_workers"):
            capacity = of("number_of_workers") * DPU.get(of("worker_type") or "", 1.0)
        reported = {
            "Id": self.job_run_id,
            "Attempt": self.attempt,
            "PreviousRunId": self.previous_run_id,
            "JobName": self.job.name,
            "StartedOn": self.started,
            "LastModifiedOn": self.completed or self.running or self.started,
            "CompletedOn": self.completed,
            "JobRunState": self.status,
            "Arguments": dict(self.arguments) or None,
            "ErrorMessage": self.error,
            "PredecessorRuns": [],
            "AllocatedCapacity": of("allocated_capacity") or (None if capacity is None else int(capacity)),
            "ExecutionTime": self.execution_time,
            "Timeout": of("timeout"),
            "MaxCapacity": capacity,
            "WorkerType": of("worker_type"),
            "NumberOfWorkers": of("number_of_workers"),
            "SecurityConfiguration": of("security_configuration"),
            "NotificationProperty": of("notification_property"),
            "LogGroupName": self.merged_arguments().get("--custom-logGroup-prefix", "/aws-glue/jobs"),
            "GlueVersion": self.job.glue_version,
            "ExecutionClass": self.job.execution_class,
        }
        return {name: value for name, value in reported.items() if value is not None}


class Runner:
    """Executes a job run in its own thread, and calls `ended` at its end."""

    def __init__(self, world: World, run: JobRun, ended: Callable[[JobRun], None]) -> None:
        self._world = world
        self._ended = ended
        self._run = run
        self._folder = world.folder / "glue" / run.job_run_id
        self._log = world.folder / "logs" / "glue" / run.job.name / f"{run.job_run_id}.log"
        self._credentials: dict[str, str] = {}

    def start(self) -> None:
        """Run in the background."""
        threading.Thread(target=self._to_the_end, name=f"glue {self._run.job_run_id}", daemon=True).start()

    def _to_the_end(self) -> None:
        run = self._run
        status, error = "FAILED", None
        try:
            shell = python_shell.is_python_shell(run.job)
            spark = None if shell else quick(spark_runtime.runtime_of(run.job.glue_version))
            source = f"arn:aws:glue:{self._world.region}:{ACCOUNT}:job/{run.job.name}"
            self._credentials = take_role(self._world, run.job.role, "glue", "GlueJobRunnerSession", source)
            script, libraries = self._prepared()
            if spark is None:
                command = python_shell.command(script, run.merged_arguments())
                status, error = self._run_script(command, python_shell.environment(libraries))
            else:
                with self._lent_java(spark, libraries) as java:
                    command = self._command(spark, script, libraries, java)
                    own = {**spark_runtime.environment(spark), **(java.environment if java is not None else {})}
                    status, error = self._run_script(command, own, java)
        except Exception as failure:  # noqa: BLE001 - whatever went wrong before the script is the run's error
            error = f"{type(failure).__name__}: {failure}"
            self._note(error)
        # Before the state changes, so that clients that wait for the end find the log.
        self._publish_log(failed=status != "SUCCEEDED")
        with run.lock:
            run.completed = _now()
            run.status = "STOPPED" if run.status == "STOPPING" else status
            run.error = error if run.status in ("FAILED", "TIMEOUT") else None
        self._ended(run)

    @property
    def _script_uri(self) -> str:
        return cast("dict[str, str]", self._run.job.command)["ScriptLocation"]

    def _downloaded(self, uri: str) -> Path:
        """Download a file from S3 to the run's folder, with the job role's credentials."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        target = self._folder / key.rsplit("/", 1)[-1]
        try:
            self._world.client("s3", self._credentials).download_file(bucket, key, str(target))
        except ClientError as refused:
            raise LaunchError(
                f"LAUNCH ERROR | {uri} can't be read with the role {self._run.job.role}: {refused}"
            ) from refused
        return target

    def _prepared(self) -> tuple[Path, list[Path]]:
        """The script and the Python archives, in the run's folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        script = self._downloaded(self._script_uri)
        extra = self._run.merged_arguments().get("--extra-py-files", "")
        return script, [self._downloaded(uri.strip()) for uri in extra.split(",") if uri.strip()]

    def _own_environment(self) -> dict[str, str]:
        """The script's environment variables: the endpoint, and its role's credentials."""
        return {**self._world.client_environment(), **self._credentials, "GLUE_PYTHON_VERSION": "3"}

    @contextlib.contextmanager
    def _lent_java(self, spark: spark_runtime.SparkRuntime, libraries: Sequence[Path]) -> Iterator[Lent | None]:
        """The shared JVM, None where the run starts its own."""
        kept = self._world.spark
        if not isinstance(kept, KeptSpark):
            yield None
            return
        settings = settings_for(self._own_environment(), self._world.endpoint, self._world.region)
        with kept.lend(spark, settings, libraries) as java:
            yield java
            if java is not None:
                with self._log.open("ab") as log:
                    log.write(java.said())

    def _command(
        self, spark: spark_runtime.SparkRuntime, script: Path, libraries: Sequence[Path], java: Lent | None
    ) -> list[str]:
        run = self._run
        if java is not None:
            command = [str(spark.python)]
        else:
            jars = spark_connector.connector_jars(spark)
            command = spark_runtime.spark_submit_command(
                spark, jars, self._world.endpoint, self._world.region, cds_archive.java_options(spark)
            )
            if libraries:
                command += ["--py-files", ",".join(map(str, libraries))]
        command.append(str(script))
        for name, value in {
            "--JOB_NAME": run.job.name,
            "--JOB_RUN_ID": run.job_run_id,
            **run.merged_arguments(),
        }.items():
            command += [name, value]
        return command

    def _run_script(
        self, command: Sequence[str], environment: Mapping[str, str], java: Lent | None = None
    ) -> tuple[str, str | None]:
        """The final state of the run, and its error message."""
        run = self._run
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            with run.lock:
                if run.status == "STOPPING":
                    if java is not None:
                        java.exit_code = 0  # no driver used it, so that the next run can
                    return "STOPPED", None
                run.process = self._started(command, {**environment, **self._own_environment()}, log, java)
                run.running = _now()
                run.status = "RUNNING"
            if run.process.stdin:
                run.process.stdin.close()
            try:
                code = run.process.wait(timeout=run.timeout_minutes * SECONDS_PER_MINUTE)
            except subprocess.TimeoutExpired:
                self._world.children.end(run.process)
                run.process.wait()
                return "TIMEOUT", "Job run exceeded timeout."
            finally:
                self._world.children.finished(run.process)
        if java is not None:
            java.exit_code = code
        if code == 0:
            return "SUCCEEDED", None
        text = self._log.read_text(encoding="utf-8", errors="backslashreplace")
        reported = job_errors.error_message(text, self._script_uri.rpartition("/")[2])
        return "FAILED", reported or f"Command failed with exit code {code}"

    def _started(
        self, command: Sequence[str], environment: Mapping[str, str], log: IO[bytes], java: Lent | None
    ) -> subprocess.Popen[bytes] | Driver:
        """Start the script: with the shared JVM in a forked process, else in a new one."""
        children = self._world.children
        if java is not None:
            with contextlib.suppress(DriverNotStarted):
                driver = java.drivers.start(command[1:], environment, self._folder, self._log)
                children.adopt(driver)
                return driver
        return children.start(command, environment=environment, folder=self._folder, output=log)

    def _note(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("a", encoding="utf-8") as log:
                log.write(text + "\n")

    def _publish_log(self, *, failed: bool) -> None:
        """Write the log to Glue's log group, if the role is allowed to."""
        if not self._credentials or not self._log.exists():
            return
        lines = self._log.read_text(encoding="utf-8", errors="backslashreplace").splitlines()
        logs = self._world.client("logs", self._credentials)
        run = self._run
        security = run.overrides.get("security_configuration") or run.job.security_configuration
        try:
            for kind in ("output", "error") if failed else ("output",):
                group = log_groups.of_job(kind, run.merged_arguments(), security, run.job.role)
                put_lines(logs, group, run.job_run_id, lines)
        except Exception as refused:  # noqa: BLE001 - a missing log must not change the run's result
            self._note(f"CloudWatch Logs has no copy of this log: {refused}")


class LaunchError(Exception):
    """A run could not be started; its script did not run."""
