"""A week of daily runs on ten .log files: first, unchanged, changed, lines bad, files gone, everything gone.

And what operators see of it: metrics, alarms, dead letters, and their messages.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.core import clock
from local_aws.scheduler.firing import fire
from local_aws.server import LocalAws
from mhealth_ops.kaggle.synthetic import write_dataset
from mhealth_ops.local.stack import local_stack
from tests.lambda_report.reading import words
from tests.suite.kept import kept_spark

from . import sources
from .analyst import analyst_of
from .conftest import World, anybody
from .operation import HOUR, MINUTE, alarms, metric, on_the_dashboard, turned

pytestmark = [pytest.mark.local_aws, pytest.mark.story]

ROWS = (700, 650, 600, 550, 500, 450, 400, 350, 300, 250)
SUBJECTS = range(1, 11)
REPLACED = (7, 3, 5, 8)

Told = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("days") / "dataset"
    write_dataset(folder, rows=ROWS)
    return folder


@pytest.fixture(scope="module")
def running(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, LocalAws]]:
    clock.reset()
    with local_stack(str(dataset), folder=tmp_path_factory.mktemp("days-world"), spark=kept_spark()) as aws:
        yield World(anybody(), aws.endpoint), aws
    clock.reset()


def test_first_day_publishes_every_value(world: World, dataset: Path) -> None:
    output = world.publish()
    assert output["rows"] == sum(ROWS)
    assert (output["subjects"], output["quarantined"], output["raw_version"]) == (10, 0, 1)
    counts = world.query("SELECT subject, count(*) AS samples FROM mhealth GROUP BY subject ORDER BY subject")
    assert [(int(row["subject"]), int(row["samples"])) for row in counts] == list(zip(SUBJECTS, ROWS, strict=True))
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == sources.of_logs(dataset)


def test_the_first_day_is_measured(world: World) -> None:
    sfn = world.client("stepfunctions")
    (first,) = sfn.list_executions(stateMachineArn=world.outputs["StateMachineArn"])["executions"]
    took = (first["stopDate"] - first["startDate"]).total_seconds()
    assert metric(world, "RowsProcessed") == [4750]  # the sum of ROWS
    assert metric(world, "RowsQuarantined") == [0]
    assert metric(world, "SnapshotConfirmed") == [1]
    (convert,), (transform,) = metric(world, "ConvertSeconds"), metric(world, "TransformSeconds")
    assert 0 < convert < took
    assert 0 < transform < took
    # Two workers of one DPU each.
    assert metric(world, "ConvertDPUSeconds") == [2 * convert]
    assert metric(world, "TransformDPUSeconds") == [2 * transform]


@pytest.fixture
def analyst(world: World) -> Iterator[World]:
    with analyst_of(world) as analyst:
        yield analyst


def test_an_analyst_with_the_stacks_policy_runs_the_named_queries(world: World, analyst: World) -> None:
    for name in ("RowsPerSubject", "WalkingMinutes", "MinutesPerActivity", "Snapshots"):
        statement = analyst.named_query(name)
        assert analyst.query(statement) == world.query(statement) != []
    # A window for each 64 samples that 64 more follow: 9 of 700, 9 of 650, 8, 7, 6, 6, 5, 4, 3, 2.
    assert len(analyst.query(analyst.named_query("Windows"))) == 59
    metadata = analyst.client("athena").get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=world.outputs["DatabaseName"], TableName="mhealth_snapshots"
    )["TableMetadata"]
    assert [key["Name"] for key in metadata["PartitionKeys"]] == ["snapshot", "subject"]


@pytest.mark.notices(
    "cloudformation/template.yaml",
    "Resource: !Sub ${DataBucket.Arn}/athena-results/people/*",
    "Resource: !Sub ${DataBucket.Arn}/athena-results/*",
)
def test_an_analyst_can_neither_publish_nor_forge_what_the_pipeline_believes(world: World, analyst: World) -> None:
    bucket, s3 = world.outputs["DataBucketName"], analyst.client("s3")
    (result, *_) = world.keys("athena-results/pipeline/")
    for key in (
        result,
        f"processed/snapshot={world.published()}/subject=1/part-00000.parquet",
        "manifests/current.json",
    ):
        with pytest.raises(ClientError, match="s3:PutObject"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"forged")
        with pytest.raises(ClientError, match="s3:DeleteObject"):
            s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="athena:StartQueryExecution"):
        analyst.client("athena").start_query_execution(
            QueryString="SELECT 1", WorkGroup=world.resources["PipelineWorkGroup"]
        )
    with pytest.raises(AssertionError, match="glue:UpdateTable"):
        analyst.query(analyst.named_query("RollBack").replace("YYYYMMDDHHMMSS", str(world.published())))
    with pytest.raises(AssertionError, match="glue:CreateTable"):
        analyst.query("CREATE OR REPLACE VIEW of_my_own AS SELECT 1 AS one")


def test_everything_of_the_first_day_is_encrypted_with_the_key(world: World) -> None:
    key = world.client("kms").describe_key(KeyId=world.resources["DataKey"])["KeyMetadata"]["Arn"]
    s3, bucket = world.client("s3"), world.outputs["DataBucketName"]
    keys = world.keys("")
    assert {"code", "raw", "stage", "processed", "manifests", "athena-results", "reports"} <= {
        name.split("/")[0] for name in keys
    }
    heads = {name: s3.head_object(Bucket=bucket, Key=name) for name in keys}
    assert {head.get("SSEKMSKeyId") for head in heads.values()} == {key}
    groups = {group["logGroupName"]: group for group in world.client("logs").describe_log_groups()["logGroups"]}
    crawler = groups.pop("/aws-glue/crawlers")  # the account's: the only one that is not the stack's
    assert "kmsKeyId" not in crawler
    ours = {name for logical, name in world.resources.items() if logical.endswith("LogGroup")}
    assert set(groups) == ours
    assert {group.get("kmsKeyId") for group in groups.values()} == {key}


def report(world: World, snapshot: int) -> str:
    """The text of a snapshot's report."""
    return words(world.content(f"reports/{snapshot}.html"))


def test_report_of_the_first_day_has_the_figures_of_manifest_and_query(world: World, dataset: Path) -> None:
    snapshot = world.published()
    reported = report(world, snapshot)
    assert f"mHealth snapshot {snapshot}" in reported
    assert "4,750 data lines in 10 source files" in reported  # the sum of ROWS
    assert "4,750 + 0 = 4,750" in reported
    manifest = world.document(f"manifests/snapshots/{snapshot}.json")
    checks = len(manifest["checks"])  # the job's, as in `mhealth run`; the counts through Athena stand beside them
    assert f"Checks {checks} of {checks} passed" in reported
    for source in manifest["sources"]:
        size = (dataset / f"{source['name']}.log").stat().st_size
        assert (
            f"{source['name']}.log {source['rows']} 0 {source['lines']} {size / 1000:,.1f} kB mhealth_log" in reported
        )
    activities = "activity_id, activity, count(*) AS samples, count(DISTINCT subject) AS subjects"
    for row in world.query(f"SELECT {activities} FROM mhealth GROUP BY activity_id, activity"):
        assert f"{row['activity_id']} {row['activity']} {int(row['samples']):,} {row['subjects']} " in reported
    for row in world.query("SELECT subject, count(*) AS samples FROM mhealth GROUP BY subject"):
        assert f" {row['subject']} {row['samples']} " in reported
    assert "FAILED" not in reported
    assert "None: every data line became a row." in reported
    assert "This is the first snapshot that was published." in reported
    assert "ECG lead (mV)" in world.content(f"reports/{snapshot}.html").decode()


def test_output_of_the_first_day_says_where_the_report_is(world: World) -> None:
    sfn, snapshot = world.client("stepfunctions"), world.published()
    (first,) = sfn.list_executions(stateMachineArn=world.outputs["StateMachineArn"])["executions"]
    output = json.loads(sfn.describe_execution(executionArn=first["executionArn"])["output"])
    address = f"s3://{world.outputs['DataBucketName']}/reports/{snapshot}.html"
    assert output["report"] == address
    assert output["message"] == (f"Snapshot {snapshot} is published: 4750 rows of 10 subjects. Its report: {address}")


def test_stack_lists_every_resource_and_output(world: World) -> None:
    resources = world.client("cloudformation").describe_stack_resources(StackName="mhealth")["StackResources"]
    kinds = {resource["LogicalResourceId"]: resource["ResourceType"] for resource in resources}
    assert kinds["SnapshotsTable"] == "AWS::Glue::Table"
    assert kinds["ConvertParquetJob"] == kinds["GlueTransformJob"] == "AWS::Glue::Job"
    assert kinds["Crawler"] == "AWS::Glue::Crawler"
    assert kinds["WorkGroup"] == "AWS::Athena::WorkGroup"
    assert kinds["Schedule"] == "AWS::Scheduler::Schedule"
    assert kinds["ReportFunction"] == kinds["DownloadFunction"] == "AWS::Lambda::Function"
    assert kinds["StateMachine"] == "AWS::StepFunctions::StateMachine"
    assert all(resource["ResourceStatus"] == "CREATE_COMPLETE" for resource in resources)
    assert all(resource["PhysicalResourceId"] for resource in resources)


def test_ten_partitions_are_in_the_catalog(world: World) -> None:
    partitions = world.client("glue").get_partitions(
        DatabaseName=world.outputs["DatabaseName"], TableName="mhealth_snapshots"
    )["Partitions"]
    snapshot = world.published()
    assert sorted(int(partition["Values"][1]) for partition in partitions) == list(SUBJECTS)
    assert {int(partition["Values"][0]) for partition in partitions} == {snapshot}


def test_layout_of_the_bucket_is_the_designs(world: World) -> None:
    snapshot = world.published()
    names = sorted(f"mHealth_subject{subject}" for subject in SUBJECTS)
    assert world.keys("raw/") == [f"raw/version=1/{name}.csv" for name in names]
    assert world.keys("stage/") == [f"stage/version=1/{name}.parquet" for name in names]
    assert sorted(world.keys("processed/")) == sorted(
        f"processed/snapshot={snapshot}/subject={subject}/part-00000.parquet" for subject in SUBJECTS
    )
    assert world.keys("quarantine/") == []
    assert world.keys("manifests/") == [
        "manifests/claim.json",
        "manifests/current.json",
        f"manifests/publications/{snapshot}.json",
        "manifests/raw/version=1.json",
        f"manifests/snapshots/{snapshot}.json",
    ]


def test_raw_is_the_source_with_another_delimiter(world: World, dataset: Path) -> None:
    header, *lines = world.content("raw/version=1/mHealth_subject4.csv").decode().splitlines()
    assert header.split(",")[:5] == ["chest_accel_x", "chest_accel_y", "chest_accel_z", "ecg_1", "ecg_2"]
    assert header.endswith(",label")
    source = (dataset / "mHealth_subject4.log").read_text().splitlines()
    assert lines == [line.replace("\t", ",") for line in source]


def test_one_subject_is_a_small_scan(world: World) -> None:
    athena = world.client("athena")

    def scanned(sql: str) -> int:
        world.query(sql)
        (last, *_) = athena.list_query_executions(WorkGroup=world.outputs["WorkGroupName"])["QueryExecutionIds"]
        return int(
            athena.get_query_execution(QueryExecutionId=last)["QueryExecution"]["Statistics"]["DataScannedInBytes"]
        )

    everything = scanned("SELECT * FROM mhealth")
    one_subject = scanned("SELECT accel_x, accel_y, accel_z FROM mhealth WHERE subject = 3")
    assert 0 < one_subject < everything / 50


def test_unchanged_day_starts_no_glue_run(world: World) -> None:
    runs, snapshot = world.job_runs(), world.published()
    execution = world.execute()
    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["outcome"] == "unchanged"
    assert world.job_runs() == runs
    assert world.published() == snapshot
    # It confirms the snapshot, and tells its age.
    assert metric(world, "SnapshotConfirmed") == [2]
    (age,) = metric(world, "PublishedSnapshotAge", "Maximum")
    began = datetime.strptime(str(snapshot), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    assert 0 < age <= (clock.now() - began).total_seconds()


def test_replaced_files_make_a_new_version_and_snapshot_without_the_lines_that_are_no_samples(
    world: World, dataset: Path
) -> None:
    before = world.published()
    oops, label, cut, nan = (dataset / f"mHealth_subject{subject}.log" for subject in REPLACED)
    bad: dict[Path, tuple[int, str]] = {}
    for log, place in ((oops, 20), (label, 100), (cut, -1), (nan, 200)):
        lines = log.read_text().splitlines()
        fields = lines[place].split("\t")
        wrong = {oops: [fields[0], "oops", *fields[1:]], label: [*fields[:-1], "13"]}
        wrong |= {cut: fields[:7], nan: ["NaN", *fields[1:]]}
        lines[place] = "\t".join(wrong[log])
        bad[log] = (place % len(lines), lines[place])
        if log is oops:  # one value changed, one sample fewer
            lines[10] = "\t".join(["1.2345", *lines[10].split("\t")[1:]])
            lines.pop()
        log.write_text("\n".join(lines) + ("" if log is cut else "\n"))

    output = world.publish()
    assert output["raw_version"] == 2
    assert output["snapshot"] > before
    assert world.published() == output["snapshot"]
    assert (output["rows"], output["quarantined"]) == (sum(ROWS) - 5, 4)

    reasons = {
        oops: "25 fields, expected 24",
        label: "field 24 (label) is not a whole number from 0 to 12: '13'",
        cut: "7 fields, expected 24",
        nan: "field 1 (chest_accel_x) is not a number: 'NaN'",
    }
    kept = {}
    for key in world.keys("quarantine/version=2/"):
        (line,) = map(json.loads, world.content(key).splitlines())
        kept[line.pop("file")] = line
    assert kept == {
        log.name: {"line": place + 1, "reason": reasons[log], "text": text.replace("\t", ",")}
        for log, (place, text) in bad.items()
    }

    # A rejected line keeps its number, so the samples after it keep their time.
    good = sources.of_logs(dataset, rejected=frozenset((log.stem, place) for log, (place, _) in bad.items()))
    assert sources.of_table(world.query("SELECT * FROM mhealth")) == good


def test_only_the_replaced_files_were_landed_and_converted_again(world: World) -> None:
    names = sorted(f"mHealth_subject{subject}" for subject in REPLACED)
    assert world.keys("raw/version=2/") == [f"raw/version=2/{name}.csv" for name in names]
    assert world.keys("stage/version=2/") == [f"stage/version=2/{name}.parquet" for name in names]
    manifest = world.document(f"manifests/snapshots/{world.published()}.json")
    carried = {file["subject"]: file["carried"] for file in manifest["files"]}
    assert carried == {subject: subject not in REPLACED for subject in SUBJECTS}


def test_report_of_the_change_tells_what_changed_and_shows_the_rejected_line(world: World, dataset: Path) -> None:
    newest = world.published()
    older = min(int(row["snapshot"]) for row in world.query("SELECT DISTINCT snapshot FROM mhealth_snapshots"))
    reported = report(world, newest)
    assert f"published before snapshot {older}" in reported
    assert "subjects computed 4; 6 copied unchanged" in reported
    assert "mHealth_subject7 changed -2 +1" in reported
    assert "version of the dataset 1 → 2" in reported
    assert "4 lines in 4 files could not be read as data" in reported
    (line,) = [line for line in (dataset / "mHealth_subject7.log").read_text().splitlines() if "oops" in line]
    assert line[:100].replace("\t", ",") in reported


def test_older_snapshot_is_still_there_and_can_be_published_again(world: World) -> None:
    newest = world.published()
    older = min(int(row["snapshot"]) for row in world.query("SELECT DISTINCT snapshot FROM mhealth_snapshots"))
    assert older < newest

    def publish_again(snapshot: int) -> None:
        world.query(world.named_query("RollBack").replace("YYYYMMDDHHMMSS", str(snapshot)))

    publish_again(older)
    assert world.published() == older
    # A rollback holds while nothing new comes.
    assert json.loads(world.execute()["output"])["outcome"] == "unchanged"
    assert world.published() == older
    publish_again(newest)
    assert world.published() == newest


def test_missing_subject_fails_by_name_and_changes_nothing(world: World, dataset: Path, reported: Told) -> None:
    before = world.published()
    (dataset / "mHealth_subject9.log").rename(dataset.parent / "kept.log")
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "MissingSubject")
    assert "9" in execution["cause"]
    assert world.published() == before
    (message,) = reported()
    assert (message["state"], message["error"]) == ("GlueTransform", "MissingSubject")
    assert message["execution"] == execution["executionArn"]
    (dataset.parent / "kept.log").rename(dataset / "mHealth_subject9.log")


def test_one_percent_of_bad_lines_fails_by_name_and_changes_nothing(
    world: World, dataset: Path, reported: Told
) -> None:
    before, rows = world.published(), world.query("SELECT * FROM mhealth")
    whole = {log: log.read_text() for log in dataset.glob("*.log")}
    for log, text in whole.items():
        lines = text.splitlines()
        # A label that is none: the last column of each hundredth line.
        bad = [f"{line.rpartition(chr(9))[0]}\t13" if n % 100 == 60 else line for n, line in enumerate(lines, start=1)]
        log.write_text("\n".join(bad) + "\n")
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "TooManyBadRows")
    (message,) = reported()
    assert (message["state"], message["error"]) == ("ConvertParquet", "TooManyBadRows")
    assert "mHealth_subject1.log" in message["cause"]
    assert "the first is line 60: " in message["cause"]
    assert world.published() == before
    assert world.query("SELECT * FROM mhealth") == rows
    for log, text in whole.items():
        log.write_text(text)


def test_the_failed_runs_set_off_their_alarm_and_no_other(world: World, reported: Told) -> None:
    clock.move(6 * MINUTE)
    states = alarms(world)
    assert states.pop("FreshnessAlarm") in {"OK", "ALARM"}  # its first whole hour is not over
    assert states == {
        "ExecutionFailedAlarm": "ALARM",
        "ExecutionTimedOutAlarm": "OK",
        "DeadLettersAlarm": "OK",
        "DownloadErrorsAlarm": "OK",
        "ReportErrorsAlarm": "OK",
    }
    assert world.resources["ExecutionFailedAlarm"] in turned("ALARM", reported())
    clock.move(HOUR)
    assert set(alarms(world).values()) == {"OK"}
    assert world.resources["ExecutionFailedAlarm"] in turned("OK", reported())


def test_a_start_that_cannot_be_delivered_is_kept_and_told(world: World, aws: LocalAws, reported: Told) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "states:*", "Resource": "*"}]}
    named = {"RoleName": world.resources["ScheduleRole"], "PolicyName": "denied"}
    world.client("iam").put_role_policy(**named, PolicyDocument=json.dumps(policy))
    fire(aws.world, world.outputs["ScheduleName"])
    world.client("iam").delete_role_policy(**named)
    (letter,) = world.client("sqs").receive_message(
        QueueUrl=world.resources["ScheduleDeadLetters"], MessageAttributeNames=["All"], VisibilityTimeout=0
    )["Messages"]
    assert "states:StartExecution" in letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    clock.move(6 * MINUTE)
    assert alarms(world)["DeadLettersAlarm"] == "ALARM"
    (notice,) = [notice for notice in reported() if notice.get("NewStateValue") == "ALARM"]
    assert notice["AlarmName"] == world.resources["DeadLettersAlarm"]
    assert "ERROR_MESSAGE" in notice["AlarmDescription"]


def test_a_day_and_two_hours_without_a_good_run_are_told(world: World, reported: Told) -> None:
    clock.move(20 * HOUR)
    assert alarms(world)["FreshnessAlarm"] == "OK"
    clock.move(9 * HOUR)
    assert alarms(world)["FreshnessAlarm"] == "ALARM"
    assert world.resources["FreshnessAlarm"] in turned("ALARM", reported())


def test_the_dashboard_shows_metrics_that_exist(world: World) -> None:
    listed = world.client("cloudwatch").list_metrics(Namespace="mhealth")["Metrics"]
    metrics, shown_alarms = on_the_dashboard(world)
    assert metrics == {one["MetricName"] for one in listed} - {"SnapshotConfirmed"}  # that one is for the alarm
    assert shown_alarms == {physical for name, physical in world.resources.items() if name.endswith("Alarm")}


def test_empty_dataset_fails_by_name_and_changes_nothing(world: World, dataset: Path, reported: Told) -> None:
    before = world.published()
    shutil.rmtree(dataset)
    dataset.mkdir()
    execution = world.execute()
    assert (execution["status"], execution["error"]) == ("FAILED", "NoUsableFiles")
    assert world.published() == before
    (message,) = reported()
    assert (message["state"], message["error"]) == ("DownloadCSV", "NoUsableFiles")
    assert len(world.query("SELECT subject FROM mhealth GROUP BY subject")) == len(SUBJECTS)
