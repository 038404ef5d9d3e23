"""At least once, at the same time, out of order, read and killed meanwhile, on one stack.

Each execution publishes one snapshot at most, the newest stays published, and every answer is one snapshot whole.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local_aws.scheduler.firing import fire
from local_aws.server import LocalAws
from local_aws.testing import faults
from local_aws.testing.faults import WRITES, Fault
from mhealth_ops.kaggle.synthetic import write_dataset
from tests.end_to_end.conftest import World
from tests.end_to_end.faulty_world import UNSEEN, Faulty
from tests.end_to_end.project import deployed

from .readers import Expected, Readers, snapshots_in
from .seed import drawn
from .worlds import RELEASE, append_note, append_sample, quick_project, wrong_rows_of

pytestmark = pytest.mark.local_aws

READERS = 2
PUBLISHED, SUPERSEDED, ANOTHER = "published", "superseded", "another execution is running"


@dataclass
class Place:
    world: World
    aws: LocalAws
    dataset: Path
    faulty: Faulty
    versions: int = 0
    expected: dict[int, Expected] = field(default_factory=dict)

    def something_new(self) -> None:
        """A new version of the dataset, about one time in three with a sample more in a recording."""
        append_note(self.dataset)
        self.versions += 1
        if drawn("at once", self.versions).randrange(3) == 0:
            append_sample(self.dataset / "mHealth_subject1.log")

    def start(self, name: str) -> str:
        arn: str = self.world.client("stepfunctions").start_execution(
            stateMachineArn=self.world.outputs["StateMachineArn"], name=f"{name}-{time.monotonic_ns()}", input="{}"
        )["executionArn"]
        return arn

    def outcomes(self, *arns: str) -> list[dict[str, Any]]:
        """The outputs of executions, once they have ended; all must succeed."""
        ended = [self.world.ended(arn) for arn in arns]
        assert [each["status"] for each in ended] == ["SUCCEEDED"] * len(arns), [each.get("cause") for each in ended]
        return [json.loads(each["output"]) for each in ended]

    def publish(self, near: threading.Event, *, sample: bool, meanwhile: int | None) -> int:
        """Publish a version with a sample more, or nothing to compute; sets `near` when its files are there.

        Before its first job, somebody rolls back to the snapshot `meanwhile`.
        """
        if sample:
            append_sample(self.dataset / "mHealth_subject2.log", activity=len(self.expected) % 13)
        else:
            append_note(self.dataset)
        if meanwhile is not None:
            roll_back = Fault("glue", "StartJobRun", role="StateMachineRole", call=lambda _: self.roll_back(meanwhile))
            faults.inject(roll_back)
        execution = self.world.start()
        self.world.enters(execution, "RefreshCatalog")
        near.set()
        snapshot = int(self.world.published_by(execution)["snapshot"])
        faults.clear()
        self.expected[snapshot] = Expected.of(self.dataset)
        return snapshot

    def roll_back(self, snapshot: int) -> None:
        self.world.query(self.world.named_query("RollBack").replace("YYYYMMDDHHMMSS", str(snapshot)))

    def kept(self) -> list[int]:
        """The snapshots that have partitions."""
        rows = self.world.query("SELECT DISTINCT snapshot FROM mhealth_snapshots")
        return sorted(int(row["snapshot"]) for row in rows)

    def snapshots(self) -> set[str]:
        return set(self.world.keys("manifests/snapshots/"))

    def delete(self, key: str) -> None:
        self.world.client("s3").delete_object(Bucket=self.world.outputs["DataBucketName"], Key=key)

    def agrees(self) -> int:
        """The snapshot that readers see, which must be the one of current.json."""
        published = self.world.published()
        assert self.world.document("manifests/current.json")["snapshot"] == published
        return published


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("at-once")
    dataset, project = folder / "dataset", quick_project(folder / "project")
    write_dataset(dataset, rows=(60, 50))
    with deployed(project, dataset, folder / "world", {"KeepSnapshots": "1"}) as (world, aws):
        world.publish()
        yield Place(world, aws, dataset, Faulty(world, aws, dataset, project))


def rounds(short: int, long: int) -> pytest.MarkDecorator:
    """So often in every run of the tests, so often in the drill."""
    return pytest.mark.parametrize("times", [short, pytest.param(long, marks=pytest.mark.drill)])


Drilled = Callable[..., None]


def total(place: Place, times: int, one: Callable[[], None]) -> Counter[str]:
    """Rows lost and doubled in `times` rounds, each with something new to publish."""
    wrong: Counter[str] = Counter()
    for _ in range(times):
        place.something_new()
        one()
        wrong.update(wrong_rows_of(place.world, place.dataset))
    return wrong


@pytest.mark.notices(
    "glue/mhealth/processed/retention.py", "kept = {readers.shown, *published[:keep]}", "kept = set[int | None]()"
)
@pytest.mark.parametrize(
    ("publications", "reads"), [(2, 40), pytest.param(20, 1000, marks=pytest.mark.drill, id="long")]
)
def test_every_answer_is_one_snapshot_whole(place: Place, drilled: Drilled, publications: int, reads: int) -> None:
    place.expected[place.world.published()] = Expected.of(place.dataset)
    readers = Readers(place.world)
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(readers.read, reader) for reader in range(READERS)]
        try:
            older: list[int] = []
            for publication in range(publications):
                before = place.world.published()
                held = place.world.keys(f"processed/snapshot={before}/")
                # One time in two every file is carried.
                sample, meanwhile = publication % 2 == 0, next(iter(older), None)
                made = place.publish(readers.near, sample=sample, meanwhile=meanwhile)
                # A query that began before the publication keeps its files, until the second run after it. So does
                # one that began before the run and after a rollback.
                assert held == place.world.keys(f"processed/snapshot={before}/")
                assert place.kept() == [*older, before, made]
                older = [before]
                place.roll_back(before)
                assert place.world.published() == before
                place.roll_back(made)
                readers.near.clear()
            readers.near.set()
            while len(readers.answers) < reads and not readers.errors:
                assert not readers.stop.wait(0.1)
        finally:
            readers.stop.set()
        for each in running:
            each.result()
    assert readers.errors == []
    seen: Counter[str] = Counter()
    for sql, answer in readers.answers:
        snapshots = snapshots_in(sql, answer)
        whole = len(snapshots) == 1 and place.expected[min(snapshots)].is_answered_by(sql, answer)
        seen["whole" if whole else "mixed"] += 1
    assert len({min(snapshots_in(sql, answer)) for sql, answer in readers.answers if answer}) > publications // 2
    drilled(
        f"readers through {publications} publications, {2 * publications} rollbacks, and prunings (KeepSnapshots=1)",
        reads,
        "each answer is one snapshot; no error, none empty",
        unit="reads or more",
        mixed=seen["mixed"],
        **wrong_rows_of(place.world, place.dataset),
    )


@pytest.mark.parametrize(("times", "at_once"), [(1, 3), pytest.param(2, 5, marks=pytest.mark.drill)])
def test_whatever_comes_twice_or_at_once_publishes_once(
    place: Place, drilled: Drilled, times: int, at_once: int
) -> None:
    """DownloadCSV given up beside its retry, then the schedule's delivery twice beside executions of persons."""

    def invoke(event: dict[str, Any]) -> Any:
        answer = place.world.client("lambda").invoke(
            FunctionName=place.world.outputs["DownloadFunctionName"], Payload=json.dumps(event)
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    def begin(schedule: bool) -> str:
        if not schedule:
            return place.start(f"one-of-{at_once}")
        delivery = fire(place.aws.world, place.world.outputs["ScheduleName"])
        assert delivery is not None
        return str(delivery.execution)

    def one() -> None:
        # Any execution that has ended will do: both invocations come in its name.
        (ended, *_) = place.world.client("stepfunctions").list_executions(
            stateMachineArn=place.world.outputs["StateMachineArn"], statusFilter="SUCCEEDED"
        )["executions"]
        event = {"execution": ended["executionArn"], "started_at": f"{ended['startDate']:%Y-%m-%dT%H:%M:%SZ}"}
        with ThreadPoolExecutor() as pool:
            first, second = pool.map(invoke, [event, event])
        assert {**first, "message": ""} == {**second, "message": ""}
        assert first["changed"]
        landed = place.world.content(first["raw_manifest"])

        before = place.snapshots()
        with ThreadPoolExecutor() as pool:
            arns = list(pool.map(begin, [True, True] + [False] * (at_once - 2)))
        outcomes = place.outcomes(*arns)
        assert Counter(each["outcome"] for each in outcomes) == {PUBLISHED: 1, ANOTHER: at_once - 1}
        ((winner, output),) = [
            (arn, each) for arn, each in zip(arns, outcomes, strict=True) if each["outcome"] == PUBLISHED
        ]
        assert {each["execution"] for each in outcomes if each["outcome"] == ANOTHER} == {winner}
        assert place.snapshots() - before == {f"manifests/snapshots/{place.agrees()}.json"}
        assert output["raw_version"] == first["raw_version"]
        assert place.world.content(first["raw_manifest"]) == landed

    wrong = total(place, times, one)
    drilled("DownloadCSV given up, runs beside its retry", times, "both land the same version", **wrong)
    seen = f"one publishes, {at_once - 1} end at once and name it"
    drilled(f"{at_once} executions start at once, two of them by the schedule", times, seen, **wrong)


@pytest.mark.notices(
    "cloudformation/pipeline.asl.json",
    '"$.newer.KeyCount", "NumericGreaterThan": 0',
    '"$.newer.KeyCount", "NumericGreaterThan": 9',
)
@rounds(1, 2)
def test_execution_that_was_held_up_publishes_nothing_over_a_newer_one(
    place: Place, drilled: Drilled, times: int
) -> None:
    def one() -> None:
        place.delete(RELEASE)
        held = place.start("held")
        place.world.enters(held, "IsItReleased")
        # Nothing new starts beside it while it holds the claim ...
        (beside,) = place.outcomes(place.start("beside"))
        assert (beside["outcome"], beside["execution"]) == (ANOTHER, held)
        # ... unless somebody takes the claim away from it.
        place.delete("manifests/claim.json")
        place.something_new()
        newer = place.world.publish()["snapshot"]
        bucket = place.world.outputs["DataBucketName"]
        place.world.client("s3").put_object(Bucket=bucket, Key=RELEASE, Body=b"{}")
        (late,) = place.outcomes(held)
        assert late["outcome"] == SUPERSEDED
        assert late["snapshot"] < newer == place.agrees()

    wrong = total(place, times, one)
    seen = "superseded; the newer snapshot stays published"
    drilled("an execution is held up while a newer one publishes", times, seen, **wrong)


@pytest.mark.drill
@pytest.mark.parametrize("times", [1])
def test_two_executions_without_a_claim_between_them_publish_one_after_the_other(
    place: Place, drilled: Drilled, times: int
) -> None:
    def one() -> None:
        before = place.snapshots()
        first = place.start("first")
        place.world.enters(first, "ConvertParquet")
        place.delete("manifests/claim.json")
        second = place.start("second")
        outcomes = place.outcomes(first, second)
        assert {each["outcome"] for each in outcomes} <= {PUBLISHED, SUPERSEDED, "unchanged"}
        made = [each["snapshot"] for each in outcomes if "snapshot" in each]
        assert place.snapshots() - before <= {f"manifests/snapshots/{snapshot}.json" for snapshot in made}
        assert place.agrees() == max(each["snapshot"] for each in outcomes if each["outcome"] == PUBLISHED)

    wrong = total(place, times, one)
    seen = "one snapshot each at most; the newest stays published"
    drilled("two executions that do not see each other", times, seen, **wrong)


@pytest.mark.notices(
    "lambda_ingest/ingest/lock.py",
    "if held is not None and self._is_running(held):",
    "if held is not None:",
)
@pytest.mark.notices(
    "glue/mhealth/processed/retention.py",
    "there = {*snapshot_folders(storage, processed_prefix), *whole, *readers.recorded}",
    "there = {*whole, *readers.recorded}",
)
def test_a_killed_function_and_a_killed_job_change_nothing_for_readers(place: Place, drilled: Drilled) -> None:
    """More places at which they are killed are in tests/end_to_end/test_crashes.py."""
    # One dead run after the other: what comes next finds what all of them left.
    kill = place.faulty.kill
    place.faulty.dies_by(Fault("s3", WRITES, role="DownloadRole", skip=1, call=kill, cut="before"))
    place.faulty.dies_by(Fault("s3", WRITES, role="GlueTransformRole", skip=1, call=kill, cut="after"))
    place.faulty.recover()
    drilled("the function is killed before its second write, job 2 after its second", 1, UNSEEN)
