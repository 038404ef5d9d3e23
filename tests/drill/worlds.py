"""The worlds of the drill: the real stack, made quick and holdable, and its table compared with the source files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tests.end_to_end import sources
from tests.end_to_end.conftest import World
from tests.end_to_end.project import Project

RELEASE = "manifests/release.json"
"""While this object is not there, an execution whose name begins with `held` waits before ReadPublishedSnapshot."""


def quick_project(folder: Path) -> Project:
    """What is deployed, without the report, with a second between two tries and a place where one can be held up."""
    project = Project.copied(folder)
    project.hurry(tries=60)
    project.leave_out_the_report()
    with project.states() as states:
        (verified,) = states["AreAllRowsInTheCatalog"]["Choices"]
        verified["Next"] = "IsThisOneHeld"
        held = {"Variable": "$$.Execution.Name", "StringMatches": "held*", "Next": "IsItReleased"}
        states["IsThisOneHeld"] = {"Type": "Choice", "Choices": [held], "Default": "ReadPublishedSnapshot"}
        states["IsItReleased"] = {
            "Type": "Task",
            "Resource": "arn:${Partition}:states:::aws-sdk:s3:headObject",
            "Parameters": {"Bucket": "${DataBucketName}", "Key": RELEASE},
            "ResultPath": None,
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "WaitForRelease"}],
            "Next": "ReadPublishedSnapshot",
        }
        states["WaitForRelease"] = {"Type": "Wait", "Seconds": 1, "Next": "IsItReleased"}
    return project


def append_note(dataset: Path) -> None:
    """A new version in which no recording changed: the whole way, with nothing to compute."""
    note = dataset / "README.txt"
    note.write_text((note.read_text() if note.exists() else "") + "another line\n")


def append_sample(log: Path, activity: int = 0) -> None:
    """One more sample in a recording: its last line again, with another activity."""
    text = log.read_text()
    last = text.splitlines()[-1]
    log.write_text(text + last.rpartition("\t")[0] + f"\t{activity}\n")


def wrong_rows(found: Iterable[sources.Row], expected: Iterable[sources.Row]) -> dict[str, int]:
    """How many rows are missing (or not as they should be), and how many too many."""
    have, want = Counter(found), Counter(expected)
    return {"lost": (want - have).total(), "doubled": (have - want).total()}


def wrong_rows_of(world: World, dataset: Path) -> dict[str, int]:
    """What readers see now, compared with the .log files."""
    return wrong_rows(sources.of_table(world.query("SELECT * FROM mhealth")), sources.of_logs(dataset))
