"""Processes killed and executions stopped at chosen requests: no reader notices, and the next execution mends all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local_aws import faults
from local_aws.faults import WRITES, Fault
from tests.drill.seed import drawn

from . import sources
from .faulty_world import Faulty, faulty, started


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    yield from faulty(tmp_path_factory.mktemp("crashes"))


@pytest.fixture(autouse=True)
def no_faults_left() -> Iterator[None]:
    yield
    faults.clear()


def short(*case: Any) -> Any:
    return pytest.param(*case, id="-".join(map(str, case)))


def drill(*case: Any) -> Any:
    return pytest.param(*case, id="-".join(map(str, case)), marks=pytest.mark.drill)


Drilled = Callable[..., None]
MENDED = "readers see nothing of it; the next execution ends well, with no hand-work"
PROCESSES = {
    "DownloadRole": "the function",
    "ConvertParquetRole": "job 1",
    "GlueTransformRole": "job 2",
}
RANDOM_KILLS = 4

KILLS = [
    # whose process, at which of its writes (from 0), whether the write was still carried out
    short("DownloadRole", 1, "before"),
    short("GlueTransformRole", 1, "after"),
    *(drill("DownloadRole", *at) for at in ((0, "before"), (0, "after"), (1, "after"))),
    *(drill("ConvertParquetRole", *at) for at in ((0, "before"), (0, "after"), (1, "before"), (1, "after"))),
    *(
        drill("GlueTransformRole", *at)
        for at in ((0, "before"), (0, "after"), (1, "before"), (2, "before"), (2, "after"))
    ),
]


@pytest.mark.parametrize(("role", "write", "cut"), KILLS)
def test_a_process_killed_at_a_write_changes_nothing_for_readers(
    place: Faulty, drilled: Drilled, role: str, write: int, cut: faults.Cut
) -> None:
    before, rows = place.world.published(), place.rows()
    place.change()
    fault = faults.inject(Fault("s3", WRITES, role=role, skip=write, call=place.kill, cut=cut))
    execution = place.world.execute()
    assert len(fault.hits) > write
    assert execution["status"] == "FAILED"
    assert place.world.published() == before
    assert place.rows() == rows
    place.mend()
    drilled(f"{PROCESSES[role]} is killed at one of its writes", 1, MENDED)


@pytest.fixture(scope="module")
def usual(place: Faulty) -> dict[str, int]:
    """How many requests to S3 each process makes in an execution."""
    place.change()
    with faults.watch("s3") as calls:
        place.world.publish()
    return {role: sum(role in call.role for call in calls) for role in PROCESSES}


@pytest.mark.drill
@pytest.mark.parametrize("draw", range(RANDOM_KILLS))
def test_a_process_killed_at_any_moment_changes_nothing_for_readers(
    place: Faulty, usual: dict[str, int], drilled: Drilled, draw: int
) -> None:
    before, rows = place.world.published(), place.rows()
    place.change()
    random = drawn("kill", draw)
    role = random.choice(list(PROCESSES))
    # Half of an execution's requests, as the number of the last ones may differ from one to the next.
    request, cut = random.randrange(usual[role] // 2), random.choice(("before", "after"))
    faults.inject(Fault("s3", role=role, skip=request, call=place.kill, cut=cut))
    assert place.world.execute()["status"] == "FAILED"
    assert (place.world.published(), place.rows()) == (before, rows)
    place.mend()
    drilled("the function or a job is killed at a request that the seed names", 1, MENDED)


@pytest.mark.drill
@pytest.mark.parametrize("role", ["ConvertParquetRole", "GlueTransformRole"])
def test_a_python_worker_that_dies_fails_the_job_at_most(place: Faulty, drilled: Drilled, role: str) -> None:
    before, rows = place.world.published(), place.rows()
    place.change()
    # The first object that this job's workers write.
    key = "stage/.*" if role == "ConvertParquetRole" else "processed/.*"
    fault = faults.inject(Fault("s3", "PutObject", key, role=role, call=place.kill_worker, cut="before"))
    execution = place.world.execute()
    assert fault.hits
    assert execution["error"] == "JobFailed"
    assert (place.world.published(), place.rows()) == (before, rows)
    place.mend()
    drilled(f"the Python workers of {PROCESSES[role]} are killed", 1, MENDED)


STOPS = [
    # the state, the request that it makes: service, operation, which of them (from 0)
    ("DownloadCSV", "lambda", "Invoke", 0),
    ("ConvertParquet", "glue", "StartJobRun", 0),
    ("GlueTransform", "glue", "StartJobRun", 1),
    ("RefreshCatalog", "glue", "StartCrawler", 0),
    ("GetCrawler", "glue", "GetCrawler", 0),
    ("ReadSnapshotSummary", "s3", "HeadObject", 0),
    ("VerifySnapshot", "athena", "StartQueryExecution", 0),
    ("ReadVerifiedCounts", "athena", "GetQueryResults", 0),
    ("ReadPublishedSnapshot", "s3", "GetObject", 0),
    ("PublishSnapshot", "athena", "StartQueryExecution", 1),
    ("RecordSuccess", "s3", "PutObject", 0),
]


@pytest.mark.drill
@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize(("state", "service", "operation", "which"), STOPS, ids=[stop[0] for stop in STOPS])
def test_an_execution_stopped_in_any_state_leaves_the_old_snapshot_or_the_new_one(
    place: Faulty, drilled: Drilled, state: str, service: str, operation: str, which: int, cut: faults.Cut
) -> None:
    before, rows = place.world.published(), place.rows()
    place.change()

    def stop(*_: object) -> None:
        place.world.client("stepfunctions").stop_execution(executionArn=started(place)["executionArn"])

    faults.inject(Fault(service, operation, role="StateMachineRole", skip=which, call=stop, cut=cut))
    assert place.world.execute()["status"] == "ABORTED"
    now = place.rows()
    assert now == (rows if place.world.published() == before else sources.of_logs(place.dataset))
    place.mend()
    drilled(
        "an execution is stopped between two states, or in one", 1, "old or new snapshot, whole; the next run ends well"
    )
