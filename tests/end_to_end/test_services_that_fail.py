"""Services that are busy, fail, or never end, as the state machine meets them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws.athena import execution as athena_execution
from local_aws.glue import crawler, job_runs
from local_aws.testing import faults
from local_aws.testing.faults import Fault
from tests.lambda_report.reading import words
from tools.waiting import HANG

from .faulty_world import OWN, Faulty, faulty
from .project import update

pytestmark = [pytest.mark.local_aws, pytest.mark.story]  # a deployment in it changes what those behind it see

MACHINE, CONVERT, TRANSFORM, CRAWLER = "StateMachineRole", "ConvertParquetRole", "GlueTransformRole", "CrawlerRole"
ALWAYS = float("inf")
CONFLICT = "ConditionalRequestConflict"
"""S3's answer, beside PreconditionFailed, to a conditional write: another one is on its way."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    yield from faulty(tmp_path_factory.mktemp("services"))


@pytest.fixture
def world(place: Faulty) -> Iterator[Any]:
    yield place.world
    faults.clear()


class Disturbances:
    """The injected faults, by name of the method; `undo` ends them."""

    def __init__(self, place: Faulty, monkeypatch: pytest.MonkeyPatch) -> None:
        self._place = place
        self._monkeypatch = monkeypatch
        self._undo: list[Any] = []

    def undo(self) -> None:
        while self._undo:
            self._undo.pop()()

    def job_killed(self) -> None:
        faults.inject(Fault("s3", key=OWN, role=CONVERT, skip=2, call=self._place.kill))

    def job_timed_out(self) -> None:
        self._monkeypatch.setattr(job_runs, "SECONDS_PER_MINUTE", 0.02)  # half an hour is 0.6 s

    def job_stopped(self) -> None:
        glue, jobs = self._place.world.client("glue"), self._place.world.outputs

        def stop(*_: object) -> None:
            job = jobs["GlueTransformJobName"]
            (run, *_) = glue.get_job_runs(JobName=job)["JobRuns"]
            glue.batch_stop_job_run(JobName=job, JobRunIds=[run["Id"]])

        faults.inject(Fault("s3", key=OWN, role=TRANSFORM, skip=2, call=stop))

    def job_taken(self) -> None:
        taken = {"status": 400, "code": "ConcurrentRunsExceededException"}
        faults.inject(Fault("glue", "StartJobRun", role=MACHINE, times=ALWAYS, **taken))

    def crawler_failed(self) -> None:
        faults.inject(Fault("s3", role=CRAWLER, times=ALWAYS, status=403, code="AccessDenied"))

    def crawler_held_up(self) -> None:
        go_on = threading.Event()
        self._undo.append(go_on.set)
        faults.inject(Fault("s3", role=CRAWLER, call=lambda _: go_on.wait(HANG)))

    def partition_missing(self) -> None:
        """A partition of the new snapshot is not registered: as a query sees it, its rows are not there."""
        world = self._place.world

        def unregister(*_: object) -> None:
            database, table = world.outputs["DatabaseName"], "mhealth_snapshots"
            glue = world.client("glue")
            partitions = glue.get_partitions(DatabaseName=database, TableName=table)["Partitions"]
            newest = max((each["Values"] for each in partitions), key=lambda values: int(values[0]))
            glue.delete_partition(DatabaseName=database, TableName=table, PartitionValues=newest)

        faults.inject(Fault("s3", "HeadObject", role=MACHINE, call=unregister))

    def query_failed(self) -> None:
        """A file of the new snapshot is damaged between the crawl and the query that counts."""
        world = self._place.world

        def damage(*_: object) -> None:
            key = world.keys("processed/")[-1]
            world.client("s3").put_object(Bucket=world.outputs["DataBucketName"], Key=key, Body=b"no Parquet")

        faults.inject(Fault("s3", "HeadObject", role=MACHINE, call=damage))

    def query_cancelled(self) -> None:
        athena = self._place.world.client("athena")
        permits = athena_execution._RUNNING_AT_ONCE

        def hold(*_: object) -> None:
            while permits.acquire(blocking=False):
                self._undo.append(permits.release)

        def cancel(*_: object) -> None:
            queries = athena.list_query_executions(WorkGroup=self._place.world.resources["PipelineWorkGroup"])
            athena.stop_query_execution(QueryExecutionId=queries["QueryExecutionIds"][0])

        faults.inject(
            Fault("athena", "StartQueryExecution", role=MACHINE, call=hold),
            Fault("athena", "GetQueryExecution", role=MACHINE, call=cancel),
        )


@pytest.fixture
def disturb(place: Faulty, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disturbances]:
    made = Disturbances(place, monkeypatch)
    yield made
    faults.clear()
    made.undo()


Failure = tuple[str, str, str, str]
"""A fault, the state and the error of the notice, and a word of the cause."""

SHORT: tuple[Failure, ...] = (
    ("crawler_held_up", "RefreshCatalog", "CrawlerTimedOut", "did not end"),
    ("partition_missing", "VerifySnapshot", "RowCountMismatch", "through the catalog"),
)
LONG: tuple[Failure, ...] = (
    ("query_cancelled", "VerifySnapshot", "QueryFailed", "CANCELLED"),
    ("job_killed", "ConvertParquet", "JobFailed", "exit code"),
    ("job_timed_out", "ConvertParquet", "JobFailed", "exceeded timeout"),
    ("job_stopped", "GlueTransform", "JobFailed", "STOPPED"),
    ("job_taken", "ConvertParquet", "Glue.ConcurrentRunsExceededException", ""),
    ("crawler_failed", "RefreshCatalog", "CrawlerFailed", "FAILED"),
    ("query_failed", "VerifySnapshot", "QueryFailed", "FAILED"),
)


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json", '"Next": "ParseQueryFailure"', '"Next": "ReportFailure"', case="long"
)
@pytest.mark.notices(
    "cloudformation/pipeline.asl.json",
    '"Default": "RowCountMismatch"',
    '"Default": "ReadPublishedSnapshot"',
    case="short",
)
@pytest.mark.notices(
    "cloudformation/pipeline.asl.json", '"Next": "StopCrawler"', '"Next": "ReportFailure"', case="short"
)
@pytest.mark.notices(
    "cloudformation/pipeline.asl.json",
    '"Next": "CrawlerFailed"',
    '"Next": "ReadSnapshotSummary"',
    case="long",
)
@pytest.mark.notices(
    "cloudformation/pipeline.asl.json", '"Default": "ExplainJobEnd"', '"Default": "ReportFailure"', case="long"
)
@pytest.mark.parametrize(
    "failures",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=pytest.mark.drill),
    ],
)
def test_a_failure_has_its_name_and_changes_nothing(
    place: Faulty,
    reported: Any,
    disturb: Disturbances,
    drilled: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    failures: tuple[Failure, ...],
) -> None:
    before = place.world.published()
    # One failed run after the other: what comes next finds what all of them left.
    for what, state, error, word in failures:
        place.annotate()
        getattr(disturb, what)()
        with faults.watch("glue") as calls:
            execution = place.world.execute()
        assert (execution["status"], execution["error"]) == ("FAILED", error)
        (message,) = reported()
        assert (message["state"], message["error"]) == (state, error)
        # A job's cause without what Glue writes before it: the execution and the report keep that.
        assert execution["cause"].endswith(message["cause"])
        assert "Error Category" not in message["cause"]
        assert word in message["cause"]
        page = words(place.world.content(message["report"].partition(f"{place.world.outputs['DataBucketName']}/")[2]))
        assert f"mHealth run failed: {error}" in page
        assert f"stopped in {state}" in page
        assert ("StopCrawler" in {call.operation for call in calls}) is (error == "CrawlerTimedOut")
        faults.clear()
        disturb.undo()
        monkeypatch.undo()
        assert place.world.published() == before
        seen = f"{error} is told, readers see nothing; the next executions end as they should"
        drilled(f"{what.replace('_', ' ')}: {state}", 1, seen)


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json",
    """"ResultPath": "$.verify",
      "TimeoutSeconds": 900,
      "Retry": [
        {
          "ErrorEquals": ["Athena.TooManyRequestsException",""",
    '"ResultPath": "$.verify", "TimeoutSeconds": 900, "Retry": [{ "ErrorEquals": [',
)
@pytest.mark.notices("cloudformation/pipeline.asl.json", '"Glue.ConcurrentRunsExceededException"', '"Glue.Nothing"')
def test_the_next_execution_goes_its_way_while_every_service_is_busy(
    place: Faulty, reported: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the failed runs of the test before: nothing of them is left."""
    before = place.world.published()
    place.change()
    # The crawler says READY when it is first looked at, after half a second, with the crawl of the run before.
    monkeypatch.setattr(crawler, "pace", crawler.Pace(crawl=0.8, unseen=0.7))
    busy = [
        Fault("lambda", "Invoke", role=MACHINE, status=429, code="TooManyRequestsException"),
        Fault("glue", "StartJobRun", role=MACHINE, status=400, code="ConcurrentRunsExceededException"),
        Fault("glue", "StartJobRun", role=MACHINE, skip=2, status=400, code="ThrottlingException"),
        Fault("glue", "StartCrawler", role=MACHINE, status=400, code="ThrottlingException"),
        Fault("glue", "GetCrawler", role=MACHINE, status=500, code="InternalServiceException"),
        Fault("s3", "HeadObject", role=MACHINE, status=503, code="SlowDown"),
        Fault("s3", "ListObjects", role=MACHINE, status=503, code="SlowDown"),
        # Twice: whatever fails once is tried again.
        Fault("athena", "StartQueryExecution", role=MACHINE, times=2, status=400, code="TooManyRequestsException"),
        Fault("athena", "GetQueryResults", role=MACHINE, status=500, code="InternalServerException"),
        Fault("s3", "PutObject", role=MACHINE, status=500, code="InternalError"),
        Fault("s3", "PutObject", role="DownloadRole", key="manifests/claim.json", status=409, code=CONFLICT),
        Fault("s3", "PutObject", role="DownloadRole", key="manifests/raw/.*", status=409, code=CONFLICT),
        Fault("s3", "PutObject", role="DownloadRole", key="raw/.*", status=503, code="SlowDown"),
        Fault("s3", "PutObject", role=CONVERT, status=503, code="SlowDown"),
        Fault("s3", "PutObject", role=TRANSFORM, status=503, code="SlowDown"),
        Fault("glue", "GetTable", role=TRANSFORM, status=400, code="ThrottlingException"),
        # The one that is not tried again: a report that can't be written fails no run.
        Fault("s3", "PutObject", role="ReportRole", key="reports/.*", status=403, code="AccessDenied"),
    ]
    faults.inject(*busy)
    output = place.world.publish()
    assert output["report"] is None
    # botocore names the class of an error that its model knows, and newer models know more.
    expected = r"rows of 2 subjects\. There is no report of it: (ClientError|AccessDenied)\. See the log of arn:"
    assert re.search(expected, output["message"])
    assert [fault for fault in busy if not fault.hits] == []
    assert output["snapshot"] == place.world.published() > before
    place.is_whole(output["outcome"])
    assert reported() == []


# The last of the module: it leaves another code version.
@pytest.mark.notices(
    "cloudformation/pipeline.asl.json", '"$.unreported", "Next": "FailedWithoutReport"', '"$.failure", "Next": "Failed"'
)
def test_a_run_that_a_deployment_overtakes_is_refused_and_the_next_one_is_of_one_code(
    place: Faulty, reported: Any
) -> None:
    before = place.world.published()
    place.annotate()

    def deploy(*_: object) -> None:
        update(place.aws, place.project, RecordingStart="2015-01-01T00:00:00Z")

    faults.inject(Fault("glue", "StartJobRun", role=MACHINE, call=deploy))
    # Nor does it matter that the report on the failed run can't be written.
    denied = Fault("s3", "PutObject", role="ReportRole", key="reports/.*", status=403, code="AccessDenied")
    faults.inject(denied)
    execution = place.world.execute()
    assert execution["error"] == "CodeVersionMismatch"
    (message,) = reported()
    assert (message["state"], message["error"]) == ("ConvertParquet", "CodeVersionMismatch")
    assert denied.hits
    assert re.match(r"none: (ClientError|AccessDenied)\. See the log of arn:", message["report"])
    assert place.world.published() == before
    faults.clear()
    output = place.world.publish()
    current = place.world.document("manifests/current.json")
    manifest = place.world.document(f"manifests/snapshots/{output['snapshot']}.json")
    assert current["code_version"] == manifest["code_version"] == output["code_version"]
