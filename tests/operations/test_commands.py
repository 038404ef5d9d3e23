"""`mhealth run`, `query`, `status` and `rollback` on a stack: one local AWS for all of them, and real runs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_aws.server import LocalAws
from local_aws.testing import faults
from local_aws.testing.faults import Fault
from mhealth_harness.commands import COMMAND, Done, MhealthCommand
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.suite.kept import kept_spark
from tools.waiting import HANG

pytestmark = pytest.mark.local_aws

ROWS = (1200, 700)
STATES = ["DownloadCSV", "ConvertParquet", "GlueTransform", "RefreshCatalog"]
STATES += ["VerifySnapshot", "PublishSnapshot", "RecordSuccess", "WriteReport"]
README = Path(__file__).parents[2] / "README.md"
OLDER = 20200101000000
EVERYTHING_TO_EVERYTHING = "SELECT count(*) FROM mhealth a, mhealth b, mhealth c WHERE a.ecg_1 + b.ecg_1 < c.ecg_1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("cli")
    write_dataset(folder / "dataset", rows=ROWS)
    with local_stack(str(folder / "dataset"), folder=folder / "world", spark=kept_spark()) as aws:
        yield aws


@pytest.fixture(autouse=True)
def no_faults_are_left() -> Iterator[None]:
    yield
    faults.clear()


@pytest.fixture(scope="module")
def local(aws: LocalAws) -> MhealthCommand:
    return MhealthCommand(("--endpoint", aws.endpoint))


@pytest.fixture(scope="module")
def on_aws(aws: LocalAws) -> MhealthCommand:
    return MhealthCommand(("--aws",), {**CREDENTIALS, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": aws.endpoint})


def client(aws: LocalAws, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def output(aws: LocalAws, name: str) -> str:
    (stack,) = client(aws, "cloudformation").describe_stacks(StackName="mhealth")["Stacks"]
    return next(each["OutputValue"] for each in stack["Outputs"] if each["OutputKey"] == name)


def wait_for_the_end(aws: LocalAws) -> None:
    machine = output(aws, "StateMachineArn")
    while client(aws, "stepfunctions").list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
        time.sleep(0.1)


@pytest.fixture(scope="module")
def before(local: MhealthCommand) -> dict[str, Done]:
    """What is said of a stack that has never published."""
    query = local("query", "SELECT count(*) FROM mhealth")
    return {
        "query": query,
        "status": local("status"),
        "monitoring": local("status", "--format", "json"),
        "rollback": local("rollback", "--yes"),
        "run": local("run", "--version", "2"),
        "report": local("report"),
        "status of the failed run": local("status"),
        "monitoring of the failed run": local("status", "--format", "json"),
    }


@pytest.fixture(scope="module")
def ran(local: MhealthCommand, before: dict[str, Done], aws: LocalAws) -> Done:
    """The run that published: the dataset's second version, whose first line is torn off, asked for by its number."""
    file = aws.world.folder.parent / "dataset" / "mHealth_subject2.log"
    file.write_text("torn off\n" + file.read_text().partition("\n")[2])
    return local("run", "--version", "2")


@pytest.fixture(scope="module")
def snapshots(ran: Done, aws: LocalAws) -> tuple[int, int]:
    """The numbers of two snapshots: an older one of the first subject only, and the one that was published."""
    reported = re.search(r"^published snapshot (\d{14}):", ran.stdout, re.MULTILINE)
    assert reported
    newer = int(reported[1])
    s3, glue, bucket = client(aws, "s3"), client(aws, "glue"), output(aws, "DataBucketName")
    where = {"DatabaseName": output(aws, "DatabaseName"), "TableName": "mhealth_snapshots"}
    new = f"processed/snapshot={newer}/subject=1/part-00000.parquet"
    old = f"processed/snapshot={OLDER}/subject=1/part-00000.parquet"
    s3.copy_object(CopySource={"Bucket": bucket, "Key": new}, Bucket=bucket, Key=old)
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=f"manifests/snapshots/{newer}.json")["Body"].read())
    manifest["files"] = [file | {"key": old} for file in manifest["files"] if file["key"] == new]
    totals = {"rows": "1200", "subjects": "1", "quarantined": "0", "raw_version": "1"}
    key = f"manifests/snapshots/{OLDER}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode(), Metadata=totals)
    record = json.loads(s3.get_object(Bucket=bucket, Key=f"manifests/publications/{newer}.json")["Body"].read())
    body = json.dumps(record | {"snapshot": OLDER, "raw_version": 1, "published_at": "2020-01-01T00:00:00Z"}).encode()
    s3.put_object(Bucket=bucket, Key=f"manifests/publications/{OLDER}.json", Body=body)
    storage = glue.get_table(DatabaseName=where["DatabaseName"], Name="mhealth_snapshots")["Table"]["StorageDescriptor"]
    location = f"s3://{bucket}/processed/snapshot={OLDER}/subject=1/"
    values = {"Values": [str(OLDER), "1"], "StorageDescriptor": storage | {"Location": location}}
    glue.create_partition(**where, PartitionInput=values)
    return OLDER, newer


@pytest.fixture(scope="module")
def execution(ran: Done, aws: LocalAws) -> str:
    """The ARN of the run that published."""
    reported = re.search(r"^published snapshot (\d{14}):", ran.stdout, re.MULTILINE)
    assert reported
    s3 = client(aws, "s3")
    key = f"manifests/publications/{reported[1]}.json"
    record = json.loads(s3.get_object(Bucket=output(aws, "DataBucketName"), Key=key)["Body"].read())
    return str(record["execution"])


def readers_see(local: MhealthCommand) -> int:
    return int(local("query", "--format", "csv", "SELECT DISTINCT snapshot FROM mhealth").stdout.splitlines()[1])


@dataclass(frozen=True)
class Running:
    """What is said while an execution runs, and what readers see before and after."""

    execution: str
    status: Done
    monitoring: Done
    rollback: Done
    before: int
    after: int


@pytest.fixture(scope="module")
def running(local: MhealthCommand, aws: LocalAws, snapshots: tuple[int, int]) -> Running:
    """One execution that is held in its first state, for all that is asked meanwhile."""
    held, let_go = threading.Event(), threading.Event()
    before = readers_see(local)
    faults.inject(Fault(role="Download", call=lambda _: (held.set(), let_go.wait(HANG))))
    machine = output(aws, "StateMachineArn")
    execution = client(aws, "stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    assert held.wait(HANG)
    try:
        status, monitoring = local("status", "--runs", "1"), local("status", "--format", "json")
        rollback = local("rollback", "--yes")
    finally:
        let_go.set()
        wait_for_the_end(aws)
        faults.clear()
    return Running(execution, status, monitoring, rollback, before, readers_see(local))


@pytest.fixture
def published(local: MhealthCommand, snapshots: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Both snapshots; the newer one is what readers see, and afterwards again."""
    yield snapshots
    local("rollback", "--to", str(snapshots[1]), "--yes")


def test_a_stack_that_never_ran_has_a_status_and_nothing_to_roll_back(before: dict[str, Done]) -> None:
    status, rollback = before["status"], before["rollback"]
    assert (status.returncode, status.stderr) == (0, "")
    assert "published   nothing yet: mhealth run\n" in status.stdout
    assert status.stdout.endswith("Last runs\nnone yet\n")
    assert (rollback.returncode, rollback.stdout) == (1, "")
    assert rollback.stderr == "Nothing is published yet, so there is nothing to roll back: start mhealth run.\n"
    query = before["query"]
    assert (query.returncode, query.stdout) == (1, "")
    assert query.stderr.endswith("Why: nothing is published yet: start mhealth run.\n")


def test_a_failed_run_names_the_error_the_cause_and_what_to_do(before: dict[str, Done], aws: LocalAws) -> None:
    done = before["run"]
    assert done.returncode == 1
    assert re.fullmatch(r"  DownloadCSV +[\d.]+ s  failed\n", done.stdout)
    failed, _report, advice, again = done.stderr.splitlines()
    assert re.match(r"FAILED after [\d.]+ s: InvalidInput: .* asks for version 2 of .*, whose newest is 1", failed)
    assert advice == (
        "What to do: start a new execution without an input, or with `dataset_version`, a version that exists, and "
        "`allow_missing_subjects`, true or false."
    )
    assert again == f"Nothing is published yet. Afterwards, start it again: mhealth run --endpoint {aws.endpoint}"


@pytest.mark.notices("packages/mhealth-ops/src/mhealth_ops/operations/reports.py", "-failed.html", ".html")
def test_the_report_on_a_failed_run_is_named_wherever_the_failure_is(
    before: dict[str, Done], local: MhealthCommand, aws: LocalAws, tmp_path: Path
) -> None:
    """The run's notice and its output have the address that the report function wrote to."""
    bucket = output(aws, "DataBucketName")
    failed = {"stateMachineArn": output(aws, "StateMachineArn"), "statusFilter": "FAILED"}
    execution = client(aws, "stepfunctions").list_executions(**failed)["executions"][-1]
    name = execution["name"]
    began = execution["startDate"].astimezone(UTC)
    address = f"s3://{bucket}/reports/{began:%Y%m%d%H%M%S}-failed.html"
    assert before["run"].stderr.splitlines()[1] == (
        f"Report: {address}; to open it: mhealth report --endpoint {aws.endpoint} --run {name} --open"
    )
    # Nothing is published: the report is that on the failed run.
    assert before["report"].stdout == f"{address}\n"
    assert f"\n    report: {address}\n" in before["status of the failed run"].stdout
    (run,) = json.loads(before["monitoring of the failed run"].stdout)["runs"]
    assert (run["status"], run["error"], run["report"]) == ("FAILED", "InvalidInput", address)
    page = tmp_path / "failed.html"
    assert local("report", "--run", name, "--output", str(page)).stdout == f"{address}\n{page.as_uri()}\n"
    assert "mHealth run failed: InvalidInput" in page.read_text()


def test_a_run_is_told_state_by_state(ran: Done) -> None:
    assert (ran.returncode, ran.stderr) == (0, "")
    *steps, end = ran.stdout.splitlines()
    assert [step.split()[0] for step in steps] == STATES
    assert "Version 2 of nirmalsankalana/mhealth-dataset-data-set landed" in steps[0]
    assert re.search(r" s  2 Parquet objects in stage/, \d+ kB; 1 rejected line in 1 file$", steps[1])
    assert steps[3].endswith(" s  2 partitions of the snapshot in the catalog")
    assert re.search(r" s  s3://\S+/reports/\d{14}\.html written$", steps[-1])
    seconds = sum(float(re.findall(r"([\d.]+) s  ", step)[0]) for step in steps)
    whole = float(re.findall(r"\(([\d.]+) s\)$", end)[0])
    # The stages follow one another, so together they are the run, but for its start, its end, and their rounding.
    assert 0.9 * whole <= seconds <= whole + 0.05 * len(steps)
    assert re.fullmatch(r"published snapshot \d{14}: 1,899 rows \(\d+\.\d s\)", end)


def test_a_run_that_finds_nothing_new_succeeds(local: MhealthCommand, ran: Done) -> None:
    done = local("run")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["DownloadCSV", "CountForReaders", "nothing"]


def test_an_interrupted_run_goes_on_and_says_so(local: MhealthCommand, ran: Done, aws: LocalAws) -> None:
    followed = threading.Event()
    faults.inject(Fault(service="states", operation="GetExecutionHistory", call=lambda _: followed.set()))
    with local.start("run") as process:
        assert followed.wait(HANG)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=HANG)
    assert process.returncode == 130
    again = re.fullmatch(r"Detached; the execution keeps running. To follow it again: mhealth (.+)\n", said)
    assert again
    followed_again = MhealthCommand()(*again[1].split())
    assert followed_again.returncode == 0
    assert followed_again.stdout.split()[0] == "DownloadCSV"
    assert followed_again.stdout.splitlines()[-1].startswith("nothing new: ")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("nobody", "There is no execution arn:aws:states:", id="name"),
        pytest.param("arn:aws:states:us-east-1:1:execution:a:b", "is not one of the stack mhealth", id="arn"),
    ],
)
def test_an_execution_that_is_not_there_cannot_be_followed(
    local: MhealthCommand, ran: Done, name: str, said: str
) -> None:
    done = local("run", "--follow", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_parameter_of_the_running_stack_is_changed(local: MhealthCommand, ran: Done, aws: LocalAws) -> None:
    done = local("set", "FreshnessHours=30", "KeepSnapshots=3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "KeepSnapshots is '3' already\nFreshnessHours: '26' -> '30'\n"
    (stack,) = client(aws, "cloudformation").describe_stacks(StackName="mhealth")["Stacks"]
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
    assert (values["FreshnessHours"], values["CrawlerPollSeconds"]) == ("30", "5"), "all others as before"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param("Nobody=1", "The stack has no parameter Nobody. It has: AlarmEmail, ", id="name"),
        pytest.param("FreshnessHours=0", "'FreshnessHours' must be a number not less than 1. Nothing", id="value"),
    ],
)
def test_a_parameter_that_the_template_does_not_allow_is_refused(
    local: MhealthCommand, ran: Done, given: str, said: str
) -> None:
    done = local("set", given)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_table_on_a_pipe_is_as_wide_as_its_cells(local: MhealthCommand, ran: Done) -> None:
    done = local("query", "SELECT * FROM mhealth WHERE id = '1-0000007'")
    assert done.returncode == 0
    head, row = (line.split() for line in done.stdout.splitlines()[1:4:2])
    assert len(head) == 2 * 29 + 1, "the columns of the table, and a rule around each"
    assert "1-0000007" in row
    assert "\x1b" not in done.stdout
    assert re.fullmatch(r"1 row; [\d.,]+ MB scanned; \d+\.\d s\n", done.stderr)


def test_csv_is_clean_and_whole(local: MhealthCommand, ran: Done) -> None:
    sql = "SELECT id, CAST(NULL AS int) AS n, 'a,\"b' AS t FROM mhealth ORDER BY id"
    done = local("query", "--format", "csv", sql)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["id,n,t", '1-0000000,,"a,""b"']
    assert len(lines) == 1 + 1899, "more than Athena hands out at once"


def test_json_has_numbers_booleans_and_nulls(local: MhealthCommand, ran: Done) -> None:
    sql = "SELECT subject, count(*) AS n, 0.5e0 AS h, true AS b, CAST(NULL AS int) AS z, 'x' AS t FROM mhealth "
    done = local("query", "--format", "json", "-", stdin=sql + "GROUP BY subject ORDER BY subject")
    assert json.loads(done.stdout) == [
        {"subject": 1, "n": 1200, "h": 0.5, "b": True, "z": None, "t": "x"},
        {"subject": 2, "n": 699, "h": 0.5, "b": True, "z": None, "t": "x"},
    ]


def test_a_named_query_of_the_stack_is_run_by_its_name(local: MhealthCommand, ran: Done) -> None:
    assert local("query", "--named", "RowsPerSubject", "--format", "csv").stdout == "subject,samples\n1,1200\n2,699\n"


def test_statements_that_are_no_queries_have_a_result_too(local: MhealthCommand, ran: Done) -> None:
    shown = local("query", "--format", "csv", "SHOW TABLES").stdout
    assert shown.splitlines() == ["tab_name", "mhealth", "mhealth_publications", "mhealth_snapshots"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["SELEC 1"], "The query is FAILED: SYNTAX_ERROR: line 1:1: mismatched input", id="syntax"),
        pytest.param(["SELECT mood FROM mhealth"], "Column 'mood' cannot be resolved", id="column"),
        pytest.param(
            ["SELECT 1 FROM mhealth WHERE subject = '3'"], "Cannot apply operator: integer = varchar", id="type"
        ),
        pytest.param(
            ["--named", "Nobody"], "has no named query Nobody. It has: MinutesPerActivity, RollBack", id="name"
        ),
        pytest.param(["--named", "RollBack"], "use mhealth rollback", id="a query with a gap"),
        pytest.param(["-"], "There is no statement to run", id="nothing on standard input"),
        pytest.param(["--format", "json", "SELECT 1 AS a, 2 AS a"], "Two columns are called a: rename one", id="names"),
        pytest.param(["--stack", "other", "SELECT 1"], "There is no stack other in us-east-1 at http", id="stack"),
        pytest.param(
            ["--region", "eu-west-1", "SELECT 1"], "There is no stack mhealth in eu-west-1 at http", id="region"
        ),
    ],
)
def test_a_mistake_in_a_query_is_one_sentence_and_status_1(
    local: MhealthCommand, ran: Done, arguments: list[str], said: str
) -> None:
    done = local("query", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interrupted_query_is_stopped_in_athena(local: MhealthCommand, ran: Done, aws: LocalAws) -> None:
    asked = threading.Event()
    faults.inject(Fault(service="athena", operation="GetQueryExecution", skip=1, call=lambda _: asked.set()))
    with local.start("query", EVERYTHING_TO_EVERYTHING) as process:
        assert asked.wait(HANG)
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=HANG)
    assert (process.returncode, out, said) == (130, "", "The query was stopped.\n")
    athena = client(aws, "athena")
    query = athena.list_query_executions(WorkGroup=output(aws, "WorkGroupName"))["QueryExecutionIds"][0]
    status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
    assert status["State"] == "CANCELLED"


def test_a_reader_that_hangs_up_ends_it_quietly(local: MhealthCommand, ran: Done) -> None:
    with local.start("query", "--format", "csv", "SELECT * FROM mhealth") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith("id,timestamp,")
        process.stdout.close()
        assert process.stderr.read() == ""


def test_status_tells_what_there_is(local: MhealthCommand, aws: LocalAws, snapshots: tuple[int, int]) -> None:
    done = local("status", "--runs", "100")
    older, newer = snapshots
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"stack       mhealth in us-east-1 at {aws.endpoint}, ")
    assert lines[0].endswith(("CREATE_COMPLETE", "UPDATE_COMPLETE")), "where a parameter was changed before"
    assert lines[1].startswith(
        f"published   snapshot {newer}, version 2 of nirmalsankalana/mhealth-dataset-data-set, 20"
    )
    key = f"reports/{newer}.html"
    assert lines[2] == f"report      s3://{output(aws, 'DataBucketName')}/{key}"
    del lines[2]
    assert lines[2] == (
        "readers     get all 1,899 rows, counted through Athena on the view mhealth; 2 files, as its manifest says"
    )
    assert re.match(r"next run    20\d\d-\d\d-\d\d 08:00 Asia/Tokyo \(20\d\d-\d\d-\d\d 23:00 UTC\)", lines[3])
    assert lines[3].endswith("by cron(0 8 * * ? *) (not started automatically on the local AWS)")
    assert lines[4] == "quarantine  1 of 1,900 lines (0.053%), 2 files"
    key = "quarantine/version=2/mHealth_subject2.jsonl"
    assert lines[5] == f"            mHealth_subject2: 1 of 700 lines, in {key}"
    assert client(aws, "s3").head_object(Bucket=output(aws, "DataBucketName"), Key=key)["ContentLength"]
    rows = [re.findall(r"[\w,]+", line) for line in lines if re.match(r"│ \d{14} ", line)]
    assert rows == [
        [str(newer), "2", "1,899", "2", "1", "readers", "see", "it"],
        [str(older), "1", "1,200", "1", "0"],
    ]
    runs = lines[lines.index("Last runs") + 1 :]
    assert re.search(r"UTC  FAILED +[\d.]+ s  InvalidInput: The execution's input asks", runs[-2])
    assert re.fullmatch(r"    report: s3://\S+/reports/\d{14}-failed\.html", runs[-1])
    assert re.search(rf"UTC  SUCCEEDED +[\d.]+ s  published snapshot {newer}: 1,899 rows$", runs[-3])


def test_status_for_monitoring(local: MhealthCommand, snapshots: tuple[int, int], aws: LocalAws) -> None:
    done = local("status", "--format", "json", "--runs", "1")
    older, newer = snapshots
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, ""), found["reasons"]
    assert (found["health"], found["reasons"], found["running"]) == ("fresh", [], None)
    assert (found["published"]["snapshot"], found["published"]["rolled_back"]) == (newer, False)
    assert found["published"]["report"] == f"s3://{output(aws, 'DataBucketName')}/reports/{newer}.html"
    assert found["published"]["rejected"] == [{"file": "mHealth_subject2", "lines": 700, "rejected_lines": 1}]
    assert [each["snapshot"] for each in found["snapshots"]] == [newer, older]
    assert len(found["runs"]) == 1
    assert found["runs"][0]["status"] == "SUCCEEDED"
    nothing_new = found["runs"][0]["result"].startswith("nothing new")
    assert found["runs"][0]["report"] == (None if nothing_new else found["published"]["report"])


def test_a_stack_that_never_ran_is_not_healthy(before: dict[str, Done]) -> None:
    done = before["monitoring"]
    assert done.returncode == 2
    found = json.loads(done.stdout)
    assert found["health"] == "failed"
    assert found["reasons"] == ["readers get an error: nothing is published yet: start mhealth run"]


def test_a_running_execution_is_shown_with_its_state(running: Running) -> None:
    text, found = running.status.stdout, json.loads(running.monitoring.stdout)
    name = running.execution.rpartition(":")[2]
    assert text.splitlines()[-1].endswith(f"in DownloadCSV: mhealth run --follow {name}")
    assert (found["running"]["execution"], found["running"]["state"]) == (running.execution, "DownloadCSV")


def test_logs_of_a_run_and_of_one_state(local: MhealthCommand, ran: Done, aws: LocalAws, execution: str) -> None:
    done = local("logs", execution)
    assert (done.returncode, done.stderr) == (0, "")
    heads = re.findall(r"^(\w+)  (\S+) ─", done.stdout, re.MULTILINE)
    assert [stage for stage, _ in heads] == [
        *("DownloadCSV", "ConvertParquet", "GlueTransform", "RefreshCatalog", "WriteReport")
    ]
    assert '"outcome":"Version 2 of ' in done.stdout
    one = local("logs", execution.rpartition(":")[2], "--state", "GlueTransform", "--lines", "300").stdout
    assert re.findall(r"^(\w+)  /aws-glue/mhealth/output ─", one, re.MULTILINE) == ["GlueTransform"]
    events = [json.loads(line) for line in one.splitlines() if line.startswith('{"event"')]
    assert {event["execution"] for event in events} == {execution}
    assert "audit" in {event["event"] for event in events}
    last = local("logs", execution, "--state", "GlueTransform", "--lines", "1").stdout.splitlines()
    assert len(last) == 2, "the head, and the last line"


def test_a_state_that_did_not_run_has_no_log(local: MhealthCommand, ran: Done, execution: str) -> None:
    done = local("logs", execution, "--state", "RegisterAgain")
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no stage RegisterAgain" in done.stderr


def test_rejected_lines_are_shown_by_reason_and_file(local: MhealthCommand, ran: Done, aws: LocalAws) -> None:
    lines = local("quarantine").stdout.splitlines()
    assert lines[0] == "Version 2: 1 of 1,900 data lines are rejected (0.053%; MaxBadRowRatio is 0.001)"
    row = next(line for line in lines if line.startswith("│"))
    assert [cell.strip() for cell in row.split("│")[1:4]] == ["1", "1 fields, expected 24", "mHealth_subject2.log"]
    key = "quarantine/version=2/mHealth_subject2.jsonl"
    assert f"s3://{output(aws, 'DataBucketName')}/{key}" in lines
    assert re.fullmatch(r"mHealth_subject2.log:1  1 fields, expected 24  torn off", lines[-1])
    (entry,) = json.loads(local("quarantine", "--format", "json").stdout)
    assert (entry["version"], entry["file"], entry["line"], entry["text"], entry["key"]) == (
        *(2, "mHealth_subject2.log", 1, "torn off"),
        key,
    )
    csv = local("quarantine", "--format", "csv", "--version", "2").stdout.splitlines()
    assert csv[0] == "version,file,line,reason,text,key"
    assert csv[1].startswith("2,mHealth_subject2.log,1,")


def test_a_version_that_has_not_landed_has_no_rejected_lines(local: MhealthCommand, ran: Done) -> None:
    done = local("quarantine", "--version", "77")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"Version 77 has not landed. These have: [\d, ]+\.\n", done.stderr)


def test_a_report_is_named_and_downloaded(
    local: MhealthCommand, snapshots: tuple[int, int], aws: LocalAws, tmp_path: Path
) -> None:
    older, newer = snapshots
    address = f"s3://{output(aws, 'DataBucketName')}/reports/{newer}.html"
    assert local("report").stdout == f"{address}\n"
    page = tmp_path / "report.html"
    assert local("report", str(newer), "--output", str(page)).stdout == f"{address}\n{page.as_uri()}\n"
    assert page.read_text().startswith("<!doctype html>")
    done = local("report", str(older))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Snapshot {older} has no report. The last ones: ")


def test_a_report_is_named_by_its_run(
    local: MhealthCommand, snapshots: tuple[int, int], aws: LocalAws, execution: str
) -> None:
    address = f"s3://{output(aws, 'DataBucketName')}/reports/{snapshots[1]}.html\n"
    assert local("report", "--run", execution).stdout == address
    assert local("report", "--run", execution.rpartition(":")[2]).stdout == address
    done = local("report", "--run", execution, str(snapshots[1]))
    assert done.returncode == 2
    assert "SNAPSHOT and --run both name a report" in done.stderr


def test_what_changed_between_two_snapshots(local: MhealthCommand, aws: LocalAws, snapshots: tuple[int, int]) -> None:
    older, _ = snapshots
    done = local("diff", str(older))
    assert (done.returncode, done.stderr) == (0, "")
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert ["rows", "1,200", "1,899"] in cells
    assert ["rejected lines", "1", "1"] in cells, "the older manifest of this test is a copy of the newer one"
    assert cells[-1] == ["2", "", "699", "new"]
    assert "in Athena" not in done.stdout, "the subject of both was made from the same file by the same code"


def test_changed_values_are_counted_in_athena(local: MhealthCommand, aws: LocalAws, snapshots: tuple[int, int]) -> None:
    older, newer = snapshots
    s3, bucket, key = client(aws, "s3"), output(aws, "DataBucketName"), f"manifests/snapshots/{older}.json"
    kept = s3.get_object(Bucket=bucket, Key=key)
    totals, body = kept["Metadata"], kept["Body"].read()
    parquet = f"processed/snapshot={older}/subject=1/part-00000.parquet"
    content = s3.get_object(Bucket=bucket, Key=parquet)["Body"].read()
    table = pq.read_table(io.BytesIO(content))
    values = table["accel_x"].to_pylist()
    values[7], values[8] = -values[7], None
    changed = table.set_column(table.schema.get_field_index("accel_x"), "accel_x", pa.array(values, pa.float64()))
    rewritten = io.BytesIO()
    pq.write_table(changed.slice(0, 1199), rewritten)
    s3.put_object(Bucket=bucket, Key=parquet, Body=rewritten.getvalue())
    other = json.loads(body) | {"code_version": "other"}
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(other).encode(), Metadata=totals)
    done = local("diff", str(older), str(newer))
    s3.put_object(Bucket=bucket, Key=parquet, Body=content)
    s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=totals)
    assert done.returncode == 0, done.stderr
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert ["1", "1,200", "1,200", "rows new: 1, values changed: 2"] in cells
    assert ["1", "accel_x", "2"] in cells
    assert re.search(r"^1 subject compared in Athena, [\d.,]+ (MB|bytes) scanned$", done.stdout, re.MULTILINE)


def test_a_statement_that_may_change_something_is_confirmed(local: MhealthCommand, ran: Done) -> None:
    sql = "CREATE OR REPLACE VIEW other AS SELECT 1 AS one"
    done = local("query", sql)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The statement is no query: it may change what readers see. To run it, pass --yes.\n"
    assert local("query", sql, "--yes").returncode == 0
    assert local("query", "--format", "csv", "SELECT * FROM other").stdout == "one\n1\n"
    status, shown = local.on_a_terminal("query", "DROP VIEW other", types="n\n")
    assert (status, "Run it? [y/N] " in shown) == (1, True)
    assert local("query", "DROP VIEW other", "--yes").returncode == 0


def test_csv_of_more_than_a_page_is_the_result_object(local: MhealthCommand, ran: Done, aws: LocalAws) -> None:
    sql = "SELECT id, accel_x, CAST(NULL AS int) AS n, 'a,\"b' AS t, '' AS e FROM mhealth ORDER BY id"
    with faults.watch("athena") as calls:
        done = local("query", "--format", "csv", sql)
    assert [call.operation for call in calls].count("GetQueryResults") == 2, "not one for each thousand rows"
    lines = done.stdout.splitlines()
    assert (len(lines), lines[0]) == (1 + 1899, "id,accel_x,n,t,e")
    assert re.fullmatch(r'1-0000000,-?[\d.E-]+,,"a,""b",', lines[1])
    assert done.stderr.startswith("1,899 rows; ")


def test_the_shell_runs_the_statements_of_a_script(local: MhealthCommand, ran: Done) -> None:
    done = local("sql", "--format", "csv", stdin="SELECT ';' AS a; -- first;\nSELECT count(*) AS n FROM mhealth;")
    assert (done.returncode, done.stdout) == (0, "a\n;\nn\n1899\n")
    free, billed = done.stderr.splitlines()
    assert re.fullmatch(r"1 row; 0 bytes scanned; no cost; [\d.]+ s", free)
    assert re.fullmatch(r"1 row; [\d.,]+ \w+ scanned; (\$0.00005|no cost); [\d.]+ s", billed)
    failed = local("sql", stdin="SELECT 1 AS one; SELEC 2; SELECT 3 AS three")
    assert failed.returncode == 1
    assert "three" not in failed.stdout
    assert "SYNTAX_ERROR" in failed.stderr


def test_the_shell_has_a_history_and_goes_on_after_a_mistake(local: MhealthCommand, ran: Done, tmp_path: Path) -> None:
    typed = "SELECT max(subject) AS\rlast FROM mhealth;\rSELECT nobody;\r\\f record\rSELECT 7 AS n;\r\\q\r"
    status, shown = local.on_a_terminal("sql", types=typed, HOME=str(tmp_path), NO_COLOR="1")
    assert status == 0
    assert "last" in shown
    assert "cannot be resolved" in shown
    assert re.search(r"│ n │ 7 │", re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown))
    (history,) = tmp_path.rglob("sql_history")
    assert "+SELECT max(subject) AS\n+last FROM mhealth;" in history.read_text()


def test_rows_are_shown_as_records(local: MhealthCommand, ran: Done) -> None:
    shown = local(
        "query", "--format", "record", "SELECT 1 AS one, 'x' AS two UNION ALL SELECT 2, 'y' ORDER BY 1"
    ).stdout
    assert [line.split("│")[1:3] for line in shown.splitlines() if "│" in line] == [
        *([" one ", " 1 "], [" two ", " x "], [" one ", " 2 "], [" two ", " y "])
    ]


def test_names_of_the_stack_are_completed(local: MhealthCommand, snapshots: tuple[int, int], aws: LocalAws) -> None:
    def completed(words: str) -> list[str]:
        asked = {"_MHEALTH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
        environment = {**local.variables, "LOCAL_AWS_ENDPOINT": aws.endpoint, **asked}
        return subprocess.run([COMMAND], env=environment, capture_output=True, text=True, check=False).stdout.split()

    assert completed("mhealth query --named ") == [
        *("MinutesPerActivity", "RollBack", "RowsPerSubject", "Snapshots", "WalkingMinutes", "Windows")
    ]
    assert completed("mhealth rollback --to ") == [str(each) for each in reversed(snapshots)]
    assert "mhealth" in completed("mhealth status --stack ")


def test_a_rollback_shows_what_it_would_do_and_does_nothing_unasked(
    local: MhealthCommand, published: tuple[int, int]
) -> None:
    older, newer = published
    done = local("rollback")
    assert done.returncode == 1
    assert done.stderr == "Confirmation required: pass --yes. Nothing was changed.\n"
    assert f"published now     snapshot {newer}\n" in done.stdout
    assert f"after rollback    snapshot {older}: 1,200 rows of 1 subject, dataset version 1\n" in done.stdout
    assert re.search(rf"^statement         CREATE OR REPLACE VIEW .* = {older}$", done.stdout, re.MULTILINE)
    assert "in effect         until a run has something new to publish" in done.stdout
    assert readers_see(local) == newer


def test_a_rollback_goes_to_the_snapshot_before_and_back(local: MhealthCommand, published: tuple[int, int]) -> None:
    older, newer = published
    done = local("rollback", "--yes")
    assert done.returncode == 0
    assert done.stdout.endswith(f"Snapshot {older} is published.\n")
    assert readers_see(local) == older
    status = local("status").stdout
    assert f"published   snapshot {older}, version 1 of " in status
    assert f"; the last run published {newer}: it was rolled back\n" in status
    undo = re.search(r"^to undo +mhealth (.*)$", done.stdout, re.MULTILINE)
    assert undo
    assert MhealthCommand()(*undo[1].split(), "--yes").returncode == 0
    assert readers_see(local) == newer


def test_a_person_at_a_terminal_is_asked(local: MhealthCommand, published: tuple[int, int]) -> None:
    older, newer = published
    status, shown = local.on_a_terminal("rollback", types="n\n")
    assert (status, readers_see(local)) == (1, newer)
    assert "Do it? [y/N] " in shown
    assert shown.endswith("Nothing was changed.\r\n")
    status, shown = local.on_a_terminal("rollback", types="y\n")
    assert (status, readers_see(local)) == (0, older)


def test_what_readers_see_already_needs_no_rollback(local: MhealthCommand, published: tuple[int, int]) -> None:
    done = local("rollback", "--to", str(published[1]))
    assert (done.returncode, done.stdout) == (0, f"Snapshot {published[1]} is published already: nothing to do.\n")


def test_a_snapshot_that_is_not_there_is_refused(local: MhealthCommand, published: tuple[int, int]) -> None:
    older, newer = published
    done = local("rollback", "--to", "5", "--yes")
    assert (done.returncode, done.stdout) == (1, "")
    said = f"There is no snapshot 5. Besides {newer}, which is published, these were published and are kept: {older}."
    assert done.stderr == f"{said} Nothing was changed.\n"
    assert readers_see(local) == newer


@contextlib.contextmanager
def without_a_file(aws: LocalAws, snapshot: int) -> Iterator[None]:
    s3, bucket = client(aws, "s3"), output(aws, "DataBucketName")
    key = f"processed/snapshot={snapshot}/subject=1/part-00000.parquet"
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.delete_object(Bucket=bucket, Key=key)
    yield
    s3.put_object(Bucket=bucket, Key=key, Body=content)


def test_a_snapshot_that_lost_a_file_is_refused(
    local: MhealthCommand, aws: LocalAws, published: tuple[int, int]
) -> None:
    older, newer = published
    with without_a_file(aws, older):
        done = local("rollback", "--yes")
    assert done.returncode == 1
    assert f"Snapshot {older} is incomplete: 1 of its 1 files are missing or have another size" in done.stderr
    assert readers_see(local) == newer


@pytest.mark.notices("packages/mhealth-ops/src/mhealth_ops/operations/snapshots.py", "if broken:", "if False:")
def test_where_names_the_files_that_the_view_shows(
    local: MhealthCommand, aws: LocalAws, published: tuple[int, int]
) -> None:
    older, newer = published
    bucket = output(aws, "DataBucketName")
    folder = f"s3://{bucket}/processed/snapshot={newer}/"
    files = [f"{folder}subject={subject}/part-00000.parquet" for subject in (1, 2)]
    assert local("where").stdout == f"{folder}\n"
    assert local("where", "--format", "files").stdout.splitlines() == files
    found = json.loads(local("where", "--format", "json").stdout)
    assert (found["snapshot"], found["uri"], found["rows"]) == (newer, folder, sum(ROWS) - 1)  # one line is rejected
    assert [(file["uri"], file["subject"], file["rows"]) for file in found["files"]] == [
        (files[0], 1, ROWS[0]),
        (files[1], 2, ROWS[1] - 1),
    ]
    # The view decides, not the highest number.
    local("rollback", "--to", str(older), "--yes")
    assert local("where").stdout == f"s3://{bucket}/processed/snapshot={older}/\n"
    with without_a_file(aws, older):
        done = local("where")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Snapshot {older} is incomplete: 1 of its 1 files are missing or have another size")
    done = local("where", "7")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Snapshot 7 has no manifest, so it is not complete: mhealth status shows others.\n"


def test_a_snapshot_that_lost_a_partition_is_refused(
    local: MhealthCommand, aws: LocalAws, published: tuple[int, int]
) -> None:
    older, newer = published
    glue = client(aws, "glue")
    where = {"DatabaseName": output(aws, "DatabaseName"), "TableName": "mhealth_snapshots"}
    values = [str(older), "1"]
    partition = glue.get_partition(**where, PartitionValues=values)["Partition"]
    glue.delete_partition(**where, PartitionValues=values)
    done = local("rollback", "--yes")
    kept = {"Values": values, "StorageDescriptor": partition["StorageDescriptor"]}
    glue.create_partition(**where, PartitionInput=kept)
    assert done.returncode == 1
    assert f"Snapshot {older} is incomplete: through the catalog there are 0 of its 1,200 rows" in done.stderr
    assert readers_see(local) == newer


def test_nothing_is_rolled_back_while_an_execution_runs(running: Running, snapshots: tuple[int, int]) -> None:
    assert running.rollback.returncode == 1
    assert f"An execution is running: {running.execution}. " in running.rollback.stderr
    assert (running.before, running.after) == (snapshots[1], snapshots[1])


def test_colours_are_for_terminals_that_want_them(local: MhealthCommand, ran: Done) -> None:
    green = "\x1b[32mSUCCEEDED"
    assert green in local.on_a_terminal("status")[1]
    assert green not in local.on_a_terminal("status", NO_COLOR="1")[1]


def test_a_row_too_wide_for_the_terminal_is_shown_upright(local: MhealthCommand, ran: Done) -> None:
    _, shown = local.on_a_terminal("query", "SELECT * FROM mhealth WHERE id = '1-0000007'", COLUMNS="80", NO_COLOR="1")
    assert "row 1" in shown
    assert re.search(r"│ .*activity_id.* │ 0 +│", shown)


def test_with_aws_the_persons_own_settings_are_used(
    on_aws: MhealthCommand, aws: LocalAws, snapshots: tuple[int, int]
) -> None:
    done = on_aws("status", "--runs", "1")
    assert done.returncode == 0
    assert f"published   snapshot {snapshots[1]}," in done.stdout
    assert "not started automatically" not in done.stdout
    assert on_aws("run").returncode == 0
    assert on_aws("query", "SELECT 1 AS one", "--format", "csv").stdout == "one\n1\n"
    assert on_aws("rollback", "--to", str(snapshots[1])).returncode == 0


@pytest.mark.parametrize(
    ("code", "said"),
    [
        pytest.param("ExpiredToken", "No valid AWS credentials (ExpiredToken: ", id="expired token"),
        pytest.param("AccessDenied", "AWS refused DescribeStacks with AccessDenied: ", id="no permission"),
    ],
)
def test_what_aws_refuses_is_told_with_its_reason(on_aws: MhealthCommand, code: str, said: str) -> None:
    faults.inject(Fault(service="cloudformation", operation="DescribeStacks", status=403, code=code))
    done = on_aws("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)


def test_with_aws_an_unknown_stack_is_told_how_to_deploy(on_aws: MhealthCommand) -> None:
    done = on_aws("status", "--stack", "other")
    assert done.returncode == 1
    assert "There is no stack other in us-east-1 at http://" in done.stderr
    assert "make deploy STACK=other" in done.stderr


def test_a_stack_of_another_project_is_told(local: MhealthCommand, aws: LocalAws) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client(aws, "cloudformation").create_stack(StackName="foreign", TemplateBody=json.dumps(template))
    done = local("run", "--stack", "foreign")
    assert (done.returncode, done.stdout) == (1, "")
    assert "has no output DataBucketName, DatabaseName, ScheduleName, StateMachineArn, WorkGroupName" in done.stderr


def test_the_commands_of_the_readme_run_as_they_stand(
    local: MhealthCommand, aws: LocalAws, published: tuple[int, int], tmp_path: Path
) -> None:
    section = README.read_text().split("\n## Command line\n")[1].split("\n## ")[0]
    commands = [line for line in re.findall(r"^\$ (.+)$", section, re.MULTILINE) if line.startswith("mhealth ")]
    assert {command.split()[1] for command in commands} == {"run", "query", "status"}
    variables = {"LOCAL_AWS_ENDPOINT": aws.endpoint, "PATH": f"{Path(COMMAND).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", "set -o pipefail; " + "; ".join(commands)],
        env={**local.variables, **variables},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"│ walking +│ +[\d.]+ │\n│ running +│", done.stdout)
    assert "subject,samples\n1,1200\n2,699\n" in done.stdout
    assert "\nquarantine  1 of 1,900 lines" in done.stdout
