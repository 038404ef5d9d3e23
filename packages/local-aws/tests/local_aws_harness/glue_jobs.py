"""Glue jobs on a served world: ships scripts, creates jobs, runs them."""

from __future__ import annotations

import textwrap
import time
from typing import Any

from local_aws.glue import job_runs
from local_aws.glue.spark_runtime import own_runtime
from local_aws_harness.served import Served
from local_aws_harness.waiting import HANG

CODE = "code-bucket"


class Jobs:
    """Ships scripts, creates jobs, runs them."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.glue = served.client("glue")
        self.s3 = served.client("s3")
        self.s3.create_bucket(Bucket=CODE)
        self.role = served.role("job-role", "glue")
        self._count = 0

    def create(self, script: str, **settings: Any) -> str:
        self._count += 1
        name = f"job-{self._count}"
        self.s3.put_object(Bucket=CODE, Key=f"code/{name}.py", Body=textwrap.dedent(script).encode())
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{CODE}/code/{name}.py", "PythonVersion": "3"}
        defaults = {"GlueVersion": own_runtime().glue.name, "WorkerType": "G.1X", "NumberOfWorkers": 2, "Timeout": 10}
        self.glue.create_job(Name=name, Role=self.role, Command=command, **{**defaults, **settings})
        return name

    def start(self, name: str, **arguments: str) -> str:
        given = {f"--{key}": value for key, value in arguments.items()}
        run: str = self.glue.start_job_run(JobName=name, Arguments=given)["JobRunId"]
        return run

    def get(self, name: str, run: str) -> dict[str, Any]:
        reported: dict[str, Any] = self.glue.get_job_run(JobName=name, RunId=run)["JobRun"]
        return reported

    def until(self, name: str, run: str, *states: str) -> dict[str, Any]:
        end = time.monotonic() + HANG
        pause = 0.05
        while (reported := self.get(name, run))["JobRunState"] not in states:
            assert time.monotonic() < end, reported
            time.sleep(pause)
            pause = min(1.2 * pause, 0.3)  # a question takes milliseconds of the processor that the run needs, too
        return reported

    def run(self, name: str, **arguments: str) -> dict[str, Any]:
        return self.until(name, self.start(name, **arguments), *job_runs.ENDED)

    def log(self, name: str, run: str) -> str:
        return (self.served.world.folder / "logs" / "glue" / name / f"{run}.log").read_text()
