"""Working Glue jobs: StartJobRun, GetJobRun(s) and BatchStopJobRun."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Mapping
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.glue.exceptions import ConcurrentRunsExceededException, JobRunNotFoundException
from moto.glue.models import FakeJob, glue_backends
from moto.glue.responses import GlueResponse

from local_aws.core.patching import replace
from local_aws.core.world import ACCOUNT, World
from local_aws.glue import python_shell, spark_runtime
from local_aws.glue.job_runs import ENDED, JobRun, Runner
from local_aws.glue.kept_spark import KeptSpark
from local_aws.glue.quick_python import quick


def _runs(job: FakeJob) -> list[JobRun]:
    return cast("list[JobRun]", job.job_runs)  # moto's list, which contains the real runs


def _start(
    world: World,
    job: FakeJob,
    arguments: Mapping[str, str],
    overrides: Mapping[str, Any],
    *,
    run_id: str | None = None,
    attempt: int = 0,
    previous: str | None = None,
) -> str:
    active = sum(run.status not in ENDED for run in _runs(job))
    if active >= job.execution_property.get("MaxConcurrentRuns", 1):
        raise ConcurrentRunsExceededException(f"Concurrent runs exceeded for {job.name}")
    run = JobRun(
        job=job,
        arguments=arguments,
        overrides=overrides,
        job_run_id=run_id or f"jr_{uuid.uuid4().hex}{uuid.uuid4().hex}",
        attempt=attempt,
        previous_run_id=previous,
    )
    _runs(job).append(run)
    Runner(world, run, ended=lambda run: _retry(world, run)).start()
    return run.job_run_id


def _retry(world: World, run: JobRun) -> None:
    """Start a failed run's next attempt, while the job's MaxRetries allow one."""
    if run.status == "FAILED" and run.attempt < (run.job.max_retries or 0):
        _start(
            world,
            run.job,
            run.arguments,
            run.overrides,
            run_id=f"{run.job_run_id.split('_attempt_')[0]}_attempt_{run.attempt + 1}",
            attempt=run.attempt + 1,
            previous=run.job_run_id,
        )


def _find(job: FakeJob, run_id: str) -> JobRun:
    for run in _runs(job):
        if run.job_run_id == run_id:
            return run
    raise JobRunNotFoundException(run_id)


def _stop(world: World, run: JobRun) -> bool:
    """Request a run to stop; return False if it has ended already."""
    with run.lock:
        if run.status in ENDED:
            return False
        run.status = "STOPPING"
        if run.process is not None:
            world.children.end(run.process)
    return True


def warm_up(world: World) -> None:
    """Start the shared JVM in the background, if the world has a Spark job."""
    jobs: list[FakeJob] = list(glue_backends[ACCOUNT][world.region].jobs.values())
    versions = [job.glue_version for job in jobs if not python_shell.is_python_shell(job)]
    if versions and isinstance(world.spark, KeptSpark):
        # A version that this machine cannot run is the error of the job's run.
        with contextlib.suppress(spark_runtime.SparkRuntimeError):
            world.spark.warm_up(quick(spark_runtime.runtime_of(versions[0])))


def install(world: World) -> None:
    """Install StartJobRun, GetJobRun(s) and BatchStopJobRun."""
    starting = threading.Lock()

    def start_job_run(
        self: FakeJob, arguments: Mapping[str, str] | None = None, previous_run_id: str | None = None, **overrides: Any
    ) -> str:
        with starting:  # two concurrent requests must not both be the first run
            return _start(world, self, arguments or {}, overrides, previous=previous_run_id)

    def get_job_runs(self: FakeJob) -> list[JobRun]:
        return list(reversed(_runs(self)))

    def batch_stop_job_run(self: GlueResponse) -> ActionResult:
        job = self.glue_backend.get_job(self._get_param("JobName"))
        stopped: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for run_id in self._get_param("JobRunIds"):
            named = {"JobName": job.name, "JobRunId": run_id}
            try:
                if _stop(world, _find(job, run_id)):
                    stopped.append(named)
                    continue
                code, message = "InvalidInputException", "Job Run cannot be stopped since it has ended."
            except JobRunNotFoundException:
                code, message = "EntityNotFoundException", f"Job run {run_id} not found."
            errors.append({**named, "ErrorDetail": {"ErrorCode": code, "ErrorMessage": message}})
        return ActionResult({"SuccessfulSubmissions": stopped, "Errors": errors})

    replace(FakeJob, start_job_run=start_job_run, get_job_run=_find, get_job_runs=get_job_runs)
    replace(GlueResponse, batch_stop_job_run=batch_stop_job_run)
