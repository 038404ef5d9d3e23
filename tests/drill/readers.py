"""Threads that query while snapshots are published, and what each snapshot must answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.end_to_end import sources
from tests.end_to_end.conftest import World

from .seed import drawn

PER_SUBJECT = (
    "SELECT subject, count(*) AS n, sum(accel_x) AS total, min(snapshot) AS low, max(snapshot) AS high FROM mhealth "
    "GROUP BY subject"
)
ONE_SUBJECT = "SELECT id, accel_x, snapshot FROM mhealth WHERE subject = 2"

Answer = list[dict[str, str]]


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
