"""Job runs: real Spark processes for what Spark has to show, plain Python in its place for the rest."""

import io
import sys
import time
import zipfile
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from local_aws.glue import job_errors, job_runs, spark_runtime
from local_aws.glue import jobs as glue_jobs
from local_aws.stepfunctions import provider as state_machines
from local_aws_harness.glue_jobs import CODE, Jobs
from local_aws_harness.machines import Machines, one, task
from local_aws_harness.served import serve
from local_aws_harness.waiting import HANG

pytestmark = pytest.mark.spark_process


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    with serve(tmp_path_factory.mktemp("world"), glue_jobs.install, state_machines.install) as served:
        yield Jobs(served)


@pytest.fixture
def python_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts that don't use Spark need not wait for it."""

    def command(runtime: spark_runtime.SparkRuntime, *_: object) -> list[str]:
        return [str(runtime.python)]

    monkeypatch.setattr(spark_runtime, "spark_submit_command", command)


def test_a_run_is_a_spark_process_with_library_arguments_and_role(jobs: Jobs) -> None:
    library = io.BytesIO()
    with zipfile.ZipFile(library, "w") as archive:
        archive.writestr("shouting.py", "class TooLoud(Exception):\n    pass\n")
    jobs.s3.put_object(Bucket=CODE, Key="code/library.zip", Body=library.getvalue())
    name = jobs.create(
        f"""
        import sys
        import boto3
        from pyspark.sql import SparkSession
        from shouting import TooLoud
        spark = SparkSession.builder.getOrCreate()
        spark.range(3).coalesce(1).write.parquet("s3://{CODE}/out/")
        print("ARGUMENTS", sys.argv[1:])
        print("CALLER", boto3.client("sts").get_caller_identity()["Arn"])
        raise TooLoud(f"{{spark.read.parquet('s3://{CODE}/out/').count()}} of 3")
        """,
        DefaultArguments={"--extra-py-files": f"s3://{CODE}/code/library.zip", "--n": "1", "--enable-metrics": "true"},
    )
    reported = jobs.run(name, n="2")
    assert reported["JobRunState"] == "FAILED"
    assert reported["ErrorMessage"] == "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 10; TooLoud: 3 of 3"
    assert reported["Arguments"] == {"--n": "2"}
    glue = spark_runtime.own_runtime().glue.name
    assert (reported["MaxCapacity"], reported["GlueVersion"], reported["Attempt"]) == (2.0, glue, 0)
    assert reported["CompletedOn"] > reported["StartedOn"]
    log = jobs.log(name, reported["Id"])
    arguments = log.split("ARGUMENTS ")[1].split("\n")[0]
    for pair in (("--JOB_NAME", name), ("--JOB_RUN_ID", reported["Id"]), ("--n", "2"), ("--enable-metrics", "true")):
        assert repr(list(pair))[1:-1] in arguments
    assert "CALLER arn:aws:sts::123456789012:assumed-role/job-role/GlueJobRunnerSession" in log
    events = jobs.served.client("logs").get_log_events(
        logGroupName="/aws-glue/jobs/error", logStreamName=reported["Id"], startFromHead=True
    )["events"]
    assert any(event["message"].startswith("ARGUMENTS") for event in events)


@pytest.mark.usefixtures("python_only")
def test_a_run_goes_from_starting_over_running_to_succeeded(jobs: Jobs) -> None:
    name = jobs.create("import time; time.sleep(2)")
    run = jobs.start(name)
    assert "CompletedOn" not in jobs.get(name, run)
    assert jobs.until(name, run, "RUNNING", "SUCCEEDED")["JobRunState"] == "RUNNING"
    reported = jobs.until(name, run, *job_runs.ENDED)
    assert reported["JobRunState"] == "SUCCEEDED"
    assert 2 <= reported["ExecutionTime"] < 20
    assert "ErrorMessage" not in reported


@pytest.mark.usefixtures("python_only")
def test_concurrent_runs_are_limited(jobs: Jobs) -> None:
    name = jobs.create("import time; time.sleep(6000)", ExecutionProperty={"MaxConcurrentRuns": 1})
    run = jobs.start(name)
    with pytest.raises(ClientError, match=f"Concurrent runs exceeded for {name}") as refused:
        jobs.start(name)
    assert refused.value.response["Error"]["Code"] == "ConcurrentRunsExceededException"
    jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[run])
    jobs.until(name, run, "STOPPED")
    second = jobs.start(name)
    assert [reported["Id"] for reported in jobs.glue.get_job_runs(JobName=name)["JobRuns"]] == [second, run], (
        "newest first"
    )
    jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[second])
    jobs.until(name, second, "STOPPED")


@pytest.mark.usefixtures("python_only")
def test_stopping_kills_what_the_script_started_and_tells_what_it_could_not_stop(jobs: Jobs) -> None:
    child = f"{sys.executable} -c 'import time; time.sleep(60)'"
    name = jobs.create(f"""
        import os, subprocess
        started = subprocess.Popen({child!r}, shell=True)
        print("CHILD", started.pid, flush=True)
        started.wait()
    """)
    run = jobs.start(name)
    jobs.until(name, run, "RUNNING")
    end = time.monotonic() + HANG
    while "CHILD" not in jobs.log(name, run) and time.monotonic() < end:
        time.sleep(0.05)
    reported = jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[run, "jr_none"])
    assert reported["SuccessfulSubmissions"] == [{"JobName": name, "JobRunId": run}]
    assert [error["ErrorDetail"]["ErrorCode"] for error in reported["Errors"]] == ["EntityNotFoundException"]
    jobs.until(name, run, "STOPPED")
    pid = int(jobs.log(name, run).split("CHILD ")[1].split()[0])
    assert not is_alive(pid)
    again = jobs.glue.batch_stop_job_run(JobName=name, JobRunIds=[run])
    assert "has ended" in again["Errors"][0]["ErrorDetail"]["ErrorMessage"]


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.usefixtures("python_only")
def test_a_run_ends_at_its_timeout(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_runs, "SECONDS_PER_MINUTE", 0.3)
    reported = jobs.run(jobs.create("import time; time.sleep(6000)", Timeout=1))
    assert (reported["JobRunState"], reported["Timeout"]) == ("TIMEOUT", 1)


@pytest.mark.usefixtures("python_only")
def test_a_failed_run_is_tried_again_as_often_as_the_job_says(jobs: Jobs) -> None:
    name = jobs.create("raise SystemExit(3)", MaxRetries=1)
    first = jobs.run(name)
    assert first["ErrorMessage"] == "Command failed with exit code 3"
    second = jobs.until(name, f"{first['Id']}_attempt_1", *job_runs.ENDED)
    assert (second["Attempt"], second["PreviousRunId"]) == (1, first["Id"])
    assert len(jobs.glue.get_job_runs(JobName=name)["JobRuns"]) == 2


@pytest.mark.usefixtures("python_only")
def test_a_missing_script_fails_the_run_and_says_where_it_was_looked_for(jobs: Jobs) -> None:
    name = jobs.create("")
    jobs.s3.delete_object(Bucket=CODE, Key=f"code/{name}.py")
    reported = jobs.run(name)
    assert reported["JobRunState"] == "FAILED"
    assert f"LAUNCH ERROR | s3://{CODE}/code/{name}.py" in reported["ErrorMessage"]


@pytest.mark.usefixtures("python_only")
def test_a_state_machine_waits_for_the_run_and_gets_its_failure(jobs: Jobs) -> None:
    machines = Machines(jobs.served)
    name = jobs.create("import sys; print(sys.argv); assert '--ok' in sys.argv, 'not asked to'")
    run = {"JobName": name, "Arguments": {"--ok": "1"}}
    reported = machines.output(one(task("glue:startJobRun.sync", run)))
    assert (reported["JobRunState"], reported["JobName"]) == ("SUCCEEDED", name)
    assert isinstance(reported["StartedOn"], int), "the optimised integration gives epoch milliseconds"
    failed = machines.run(one(task("glue:startJobRun.sync", {"JobName": name})))
    assert failed["error"] == "States.TaskFailed"
    message = "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 1; AssertionError: not asked to"
    assert f'"ErrorMessage":"{message}"' in failed["cause"]

    lasting = jobs.create("import time; time.sleep(6000)")
    arn = machines.create(one(task("glue:startJobRun.sync", {"JobName": lasting})))
    execution = machines.sfn.start_execution(stateMachineArn=arn)["executionArn"]
    while not (runs := jobs.glue.get_job_runs(JobName=lasting)["JobRuns"]):
        time.sleep(0.05)
    jobs.until(lasting, runs[0]["Id"], "RUNNING")
    machines.sfn.stop_execution(executionArn=execution)
    jobs.until(lasting, runs[0]["Id"], "STOPPED")
    assert [e["type"] for e in machines.events(execution)][-1] == "ExecutionAborted"

    limited = machines.run(one(task("glue:startJobRun.sync", {"JobName": lasting}, TimeoutSeconds=1)))
    assert limited["error"] == "States.Timeout"


@pytest.mark.usefixtures("python_only")
def test_a_glue_version_without_a_runtime_here_fails_the_run_before_its_script(jobs: Jobs) -> None:
    reported = jobs.run(jobs.create("print('ran')", GlueVersion="4.0"))
    assert reported["JobRunState"] == "FAILED"
    assert reported["ErrorMessage"] == (
        "SparkRuntimeError: Glue version 4.0 does not run on this machine, only 5.1, 6.0 do. Not retryable."
    )
    assert reported["ExecutionTime"] == 0


LOG_END = "26/11/24 03:00:01 INFO SparkContext: Invoking stop() from shutdown hook\n"
FRAMES = 'Traceback (most recent call last):\n  File "job.py", line 1, in <module>\n    main()\n    ^^^^^^\n'


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        pytest.param(f"{FRAMES}shop.errors.TooManyBad: 5 of 9\n{LOG_END}", "TooManyBad: 5 of 9", id="one-line"),
        pytest.param(
            f"{FRAMES}a.B: first\n  second\nthird\n{LOG_END}", "B: first\n  second\nthird", id="several-lines"
        ),
        pytest.param(f"{FRAMES}KeyboardInterrupt\n", "KeyboardInterrupt", id="no-message"),
        pytest.param(
            f"{FRAMES}KeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\n"
            f"{FRAMES}ValueError: b\n{LOG_END}",
            "ValueError: b",
            id="the-last-of-a-chain",
        ),
        pytest.param(
            f"{FRAMES}py4j.protocol.Py4JJavaError: An error occurred while calling o53.save.\n"
            ": org.apache.spark.SparkException: Job aborted.\n\tat org.apache.spark.X(Y.scala:1)\n",
            "Py4JJavaError: An error occurred while calling o53.save.",
            id="java",
        ),
        pytest.param(f"nothing to see\n{LOG_END}", None, id="none"),
    ],
)
def test_the_error_message_is_the_last_exception_of_the_log(log: str, expected: str | None) -> None:
    assert job_errors.message(log) == expected


def test_a_long_error_message_is_cut() -> None:
    reported = job_errors.message(f"{FRAMES}ValueError: {'x' * 5000}\n")
    assert reported is not None
    assert len(reported) == job_errors.MAX_CHARACTERS
