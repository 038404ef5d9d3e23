"""A deployed project with fault injection, and its invariants."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.server import LocalAws
from local_aws.testing import faults
from local_aws.testing.faults import Fault
from mhealth_ops.kaggle.synthetic import write_dataset

from . import sources
from .conftest import World
from .project import Project, deployed

ROWS = (50, 80)

OWN = "(?!code/).*"
"""The keys that a job asks for itself: its code is fetched for it, before there is a process."""


UNSEEN = "readers see nothing of it; the next execution ends well, with no hand-work"


@dataclass(frozen=True)
class Faulty:
    """A stack that has published two recordings."""

    world: World
    aws: LocalAws
    dataset: Path
    project: Project

    def change(self, *subjects: int) -> None:
        """A new version of the dataset: these recordings, or else the second one, have one sample less."""
        for subject in subjects or (2,):
            log = self.dataset / f"mHealth_subject{subject}.log"
            log.write_text("".join(log.read_text().splitlines(keepends=True)[:-1]))

    def annotate(self) -> None:
        """A new version in which no recording changed: the whole way, with nothing to compute."""
        note = self.dataset / "README.txt"
        note.write_text((note.read_text() if note.exists() else "") + "another line\n")

    def rows(self) -> list[sources.Row]:
        """The rows of the published snapshot."""
        return sources.of_table(self.world.query("SELECT * FROM mhealth"))

    def dies_by(self, fault: Fault) -> None:
        """An execution over a changed dataset, in which `fault` kills a process: it fails, and readers see nothing."""
        before, rows = self.world.published(), self.rows()
        self.change()
        faults.inject(fault)
        try:
            assert self.world.execute()["status"] == "FAILED"
        finally:
            faults.clear()
        assert len(fault.hits) > fault.skip
        assert (self.world.published(), self.rows()) == (before, rows)

    def recover(self) -> None:
        """Run once more, undisturbed: it ends well, with the dataset as it is and with nothing of the dead run left."""
        faults.clear()
        execution = self.world.execute()
        assert execution["status"] == "SUCCEEDED", (execution.get("error"), execution.get("cause"))
        self.is_whole(json.loads(execution["output"])["outcome"])

    def is_whole(self, outcome: str) -> None:
        """After an execution that ended well: readers see the dataset, and nothing else is left in the bucket."""
        assert self.rows() == sources.of_logs(self.dataset)
        world = self.world
        current = world.document("manifests/current.json")
        assert current["snapshot"] == world.published()
        if outcome == "published":
            whole = {key.split("/")[-1].removesuffix(".json") for key in world.keys("manifests/snapshots/")}
            assert {key.split("/")[1].removeprefix("snapshot=") for key in world.keys("processed/")} == whole
        assert not world.client("s3").list_multipart_uploads(Bucket=world.outputs["DataBucketName"]).get("Uploads")

    def kill(self, *_: object) -> None:
        """Kill the function's or the job's process with all of its children."""
        self.aws.world.children.kill_running()

    def kill_worker(self, *_: object) -> None:
        """Kill Spark's Python workers."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile, or is another person's
                is_ours = process.joinpath("cwd").resolve().is_relative_to(self.aws.world.folder)
                if is_ours and b"pyspark.daemon" in process.joinpath("cmdline").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)


def faulty(folder: Path, *, tries: int | None = None, report: bool = True) -> Iterator[Faulty]:
    """Deploy, publish, give; for a fixture of a module. `tries` and `report` are those of `Project`."""
    dataset = folder / "dataset"
    write_dataset(dataset, rows=ROWS)
    project = Project.copied(folder / "project")
    project.hurry(tries)
    if not report:
        project.leave_out_the_report()
    project.edit(
        "cloudformation/pipeline.asl.json", '"NumericGreaterThanEquals": 3600', '"NumericGreaterThanEquals": 60'
    )
    with deployed(project, dataset, folder / "world") as (world, aws):
        world.publish()
        yield Faulty(world, aws, dataset, project)


def started(place: Faulty) -> dict[str, Any]:
    """The newest execution that runs."""
    (newest, *_) = place.world.client("stepfunctions").list_executions(
        stateMachineArn=place.world.outputs["StateMachineArn"], statusFilter="RUNNING"
    )["executions"]
    return dict(newest)
