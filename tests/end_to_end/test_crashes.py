"""Processes killed and executions stopped at chosen requests: readers see no change, the next execution recovers.

In the drill; two of these kills are with every run of the tests, in tests/drill/test_at_once.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from local_aws.testing import faults
from local_aws.testing.faults import WRITES, Fault
from tests.drill.seed import drawn

from . import sources
from .faulty_world import OWN, UNSEEN, Faulty, faulty, started

pytestmark = [pytest.mark.local_aws, pytest.mark.drill]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    # A job that a stopped execution left running is waited for, as on AWS.
    yield from faulty(tmp_path_factory.mktemp("crashes"), tries=60, report=False)


@pytest.fixture(autouse=True)
def no_faults_left() -> Iterator[None]:
    yield
    faults.clear()


Drilled = Callable[..., None]
Point = tuple[int, faults.Cut]

PROCESSES = {
    "DownloadRole": "the function",
    "ConvertParquetRole": "job 1",
    "GlueTransformRole": "job 2",
}
RANDOM_KILLS = 4

KILLS: dict[str, tuple[Point, ...]] = {
    # at which of the process's writes (from 0), whether the write was still carried out
    "DownloadRole": ((0, "before"), (0, "after"), (1, "after")),
    "ConvertParquetRole": ((0, "before"), (0, "after"), (1, "before"), (1, "after")),
    "GlueTransformRole": ((0, "before"), (0, "after"), (1, "before"), (2, "before"), (2, "after")),
}


@pytest.mark.parametrize("role", KILLS)
def test_processes_killed_at_their_writes_change_nothing_for_readers(
    place: Faulty, drilled: Drilled, role: str
) -> None:
    # One dead run after the other: what comes next finds what all of them left.
    for write, cut in KILLS[role]:
        place.dies_by(Fault("s3", WRITES, role=role, skip=write, call=place.kill, cut=cut))
    place.recover()
    drilled(f"{PROCESSES[role]} is killed at one of its writes", len(KILLS[role]), UNSEEN)


def test_processes_killed_at_any_moment_change_nothing_for_readers(place: Faulty, drilled: Drilled) -> None:
    place.change()
    with faults.watch("s3") as calls:
        place.world.publish()
    usual = {role: sum(role in call.role and bool(re.match(OWN, call.key)) for call in calls) for role in PROCESSES}
    random = drawn("kills")
    for _ in range(RANDOM_KILLS):
        role = random.choice(list(PROCESSES))
        # Among the first half of its requests: how many there are in the end may differ from one run to the next.
        request, cut = random.randrange(usual[role] // 2), random.choice(("before", "after"))
        place.dies_by(Fault("s3", key=OWN, role=role, skip=request, call=place.kill, cut=cut))
    place.recover()
    drilled("the function or a job is killed at a request that the seed names", RANDOM_KILLS, UNSEEN)


@pytest.mark.parametrize("role", ["ConvertParquetRole", "GlueTransformRole"])
def test_a_python_worker_that_dies_fails_the_job_at_most(place: Faulty, drilled: Drilled, role: str) -> None:
    before, rows = place.world.published(), place.rows()
    place.change(1, 2)  # one file alone is converted without workers
    # The first object that this job's workers write.
    key = "stage/.*" if role == "ConvertParquetRole" else "processed/.*"
    fault = faults.inject(Fault("s3", "PutObject", key, role=role, call=place.kill_worker, cut="before"))
    execution = place.world.execute()
    assert fault.hits
    assert execution["error"] == "JobFailed"
    assert (place.world.published(), place.rows()) == (before, rows)
    place.recover()
    drilled(f"the Python workers of {PROCESSES[role]} are killed", 1, UNSEEN)


CUTS: tuple[faults.Cut, ...] = ("before", "after")
"""Whether the request at which an execution is stopped was still carried out."""

Stop = tuple[str, str, str, int]
STOPS: dict[str, tuple[Stop, ...]] = {
    # the state, the request that it makes: service, operation, which of them (from 0). Those of one line are stopped
    # one after the other. Before the GlueTransform's a line ends: the start of a job 1 that is refused, since a stopped
    # execution left it running, would be the second one.
    "before job 2": (
        ("DownloadCSV", "lambda", "Invoke", 0),
        ("ConvertParquet", "glue", "StartJobRun", 0),
    ),
    "before the counts": (
        ("GlueTransform", "glue", "StartJobRun", 1),
        ("RefreshCatalog", "glue", "StartCrawler", 0),
        ("GetCrawler", "glue", "GetCrawler", 0),
        ("ReadSnapshotSummary", "s3", "HeadObject", 0),
        ("VerifySnapshot", "athena", "StartQueryExecution", 0),
    ),
    "around the publication": (
        ("ReadVerifiedCounts", "athena", "GetQueryResults", 0),
        ("ReadPublishedSnapshot", "s3", "GetObject", 0),
        ("PublishSnapshot", "athena", "StartQueryExecution", 1),
        ("RecordSuccess", "s3", "PutObject", 0),
    ),
}


def stopped(place: Faulty, stop: Stop) -> None:
    """An execution over a changed dataset, stopped at a state's request: readers see the old snapshot or the new."""
    state, service, operation, which = stop

    def end(*_: object) -> None:
        place.world.client("stepfunctions").stop_execution(executionArn=started(place)["executionArn"])

    before, rows = place.world.published(), place.rows()
    place.change()
    cut = drawn("stop", state).choice(CUTS)
    faults.inject(Fault(service, operation, role="StateMachineRole", skip=which, call=end, cut=cut))
    execution = place.world.execute()
    assert execution["status"] == "ABORTED"
    faults.clear()
    assert place.world.states(execution["executionArn"])[-1] == state
    assert place.rows() == (rows if place.world.published() == before else sources.of_logs(place.dataset))


@pytest.mark.parametrize("stops", STOPS.values(), ids=STOPS)
def test_executions_stopped_in_any_state_leave_the_old_snapshot_or_the_new_one(
    place: Faulty, drilled: Drilled, stops: tuple[Stop, ...]
) -> None:
    for stop in stops:
        stopped(place, stop)
    place.recover()
    seen = "the old snapshot or the new one, whole; the next executions go as far as they may, the last one ends well"
    drilled("an execution is stopped at a state's request, before or after it as the seed says", len(stops), seen)
