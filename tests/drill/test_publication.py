"""Readers query all the time while snapshots are published, rolled back and pruned: each answer is one snapshot."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mhealth_ops.kaggle.synthetic import write_dataset
from tests.end_to_end import sources
from tests.end_to_end.conftest import World
from tests.end_to_end.project import deployed

from .seed import drawn
from .worlds import append_note, append_sample, quick_project, wrong_rows_of

pytestmark = pytest.mark.local_aws

READERS = 2
PER_SUBJECT = (
    "SELECT subject, count(*) AS n, sum(accel_x) AS total, min(snapshot) AS low, max(snapshot) AS high FROM mhealth "
    "GROUP BY subject"
)
ONE_SUBJECT = "SELECT id, accel_x, snapshot FROM mhealth WHERE subject = 2"

Answer = list[dict[str, str]]
Drilled = Callable[..., None]


@dataclass
class Expected:
    """What a snapshot answers, from the source files as they were when it was made."""

    subjects: dict[int, tuple[int, float]]
    second: dict[str, float]

    @classmethod
    def of(cls, dataset: Path) -> Expected:
        rows = sources.of_logs(dataset)
        subjects = {
            subject: (
                sum(row[2] == subject for row in rows),
                sum(float(row[3][0] or 0) for row in rows if row[2] == subject),
            )
            for subject in {row[2] for row in rows}
        }
        return cls(subjects, {row[0]: float(row[3][0] or 0) for row in rows if row[2] == 2})

    def is_answered_by(self, sql: str, answer: Answer) -> bool:
        if sql == ONE_SUBJECT:
            return sorted((row["id"], float(row["accel_x"])) for row in answer) == sorted(self.second.items())
        found = {int(row["subject"]): (int(row["n"]), float(row["total"])) for row in answer}
        return found.keys() == self.subjects.keys() and all(
            found[subject][0] == n and found[subject][1] == pytest.approx(total, rel=1e-9)
            for subject, (n, total) in self.subjects.items()
        )


def snapshots_in(sql: str, answer: Answer) -> set[int]:
    names = ("snapshot",) if sql == ONE_SUBJECT else ("low", "high")
    return {int(row[name]) for row in answer for name in names}


@dataclass
class Readers:
    """Threads that query until they are told to stop; every answer is kept, every error too.

    While `near` is set a switch from one snapshot to another is near, and they query as often as they can. Else they
    leave the jobs most of a machine of two cores.
    """

    world: World
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    near: threading.Event = field(default_factory=threading.Event)
    stop: threading.Event = field(default_factory=threading.Event)

    def read(self, reader: int) -> None:
        random = drawn("reader", reader)
        while not self.stop.is_set():
            sql = random.choice((PER_SUBJECT, ONE_SUBJECT))
            try:
                self.answers.append((sql, self.world.query(sql)))
            except AssertionError as error:
                self.errors.append(str(error))
            self.stop.wait(random.uniform(0, 0.1 if self.near.is_set() else 3))


@dataclass
class Place:
    world: World
    dataset: Path
    expected: dict[int, Expected] = field(default_factory=dict)

    def publish(self, near: threading.Event | None = None) -> int:
        """Publish a new version; sets `near` when the snapshot's files are there."""
        # One time in two every file is carried.
        if len(self.expected) % 2:
            append_sample(self.dataset / "mHealth_subject2.log", activity=len(self.expected) % 13)
        else:
            append_note(self.dataset)
        execution = self.world.start()
        if near is not None:
            self.world.enters(execution, "RefreshCatalog")
            near.set()
        snapshot = int(self.world.published_by(execution)["snapshot"])
        self.expected[snapshot] = Expected.of(self.dataset)
        return snapshot

    def roll_back(self, snapshot: int) -> None:
        self.world.query(self.world.named_query("RollBack").replace("YYYYMMDDHHMMSS", str(snapshot)))

    def kept(self) -> list[int]:
        """The snapshots that have partitions."""
        rows = self.world.query("SELECT DISTINCT snapshot FROM mhealth_snapshots")
        return sorted(int(row["snapshot"]) for row in rows)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("publication")
    write_dataset(folder / "dataset", rows=(60, 50, 40))
    parameters = {"KeepSnapshots": "1"}
    with deployed(quick_project(folder / "project"), folder / "dataset", folder / "world", parameters) as (world, _):
        place = Place(world, folder / "dataset")
        place.publish()
        yield place


@pytest.mark.notices(
    "glue/mhealth/processed/retention.py", "kept = {readers.shown, *published", "kept = {0, *published"
)
@pytest.mark.parametrize(
    ("publications", "reads"), [(2, 40), pytest.param(20, 1000, marks=pytest.mark.drill, id="long")]
)
def test_every_answer_is_one_snapshot_whole(place: Place, drilled: Drilled, publications: int, reads: int) -> None:
    readers = Readers(place.world)
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(readers.read, reader) for reader in range(READERS)]
        try:
            for _ in range(publications):
                before = place.world.published()
                held = place.world.keys(f"processed/snapshot={before}/")
                made = place.publish(readers.near)
                # A query that began before the publication keeps its files, until the second run after it.
                assert held == place.world.keys(f"processed/snapshot={before}/")
                assert place.kept() == [before, made]
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
