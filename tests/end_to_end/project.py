"""A modifiable copy of the project, and a local AWS in this process to deploy it on."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.cloudformation.deploy import deploy
from local_aws.server import LocalAws
from mhealth_ops.local.stack import local_parameters, local_stack
from tests.end_to_end.conftest import World, anybody
from tests.suite.kept import kept_spark

ROOT = Path(__file__).parents[2]
DEPLOYED = ("cloudformation", "glue", "lambda_ingest", "lambda_report")


@dataclass(frozen=True)
class Project:
    """The folders that a deployment reads, copied to `folder`."""

    folder: Path

    @classmethod
    def copied(cls, folder: Path) -> Project:
        for name in DEPLOYED:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        return cls(folder)

    @property
    def template(self) -> Path:
        return self.folder / "cloudformation" / "template.yaml"

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that occurs exactly once in a file."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} times: {old}"
        path.write_text(text.replace(old, new))

    def hurry(self, tries: int | None = None) -> None:
        """Let the state machine be as on AWS, but for the time between two tries.

        On AWS they go on for minutes. Where that matters, let there be so many `tries`.
        """
        more = {} if tries is None else {"MaxAttempts": tries}
        with self.states() as states:
            for state in states.values():
                for retrier in state.get("Retry", []):
                    retrier |= {"IntervalSeconds": 1, "BackoffRate": 1} | more

    def leave_out_the_report(self) -> None:
        """Run without a page on each snapshot and failure: making one takes longer than all else on a small dataset."""
        with self.states() as states:
            reported = {"uri": "none was written"}
            states["WriteReport"] = {"Type": "Pass", "Result": reported, "ResultPath": "$.report", "Next": "Published"}
            told = {"Parameters": reported | {"cause.$": "$.failure.Cause"}, "ResultPath": "$.report"}
            states["ReportFailure"] = {"Type": "Pass", **told, "Next": "NotifyFailure"}

    @contextlib.contextmanager
    def states(self) -> Iterator[dict[str, Any]]:
        """The states of the definition; changes in the block are deployed."""
        path = self.template.with_name("pipeline.asl.json")
        definition = json.loads(path.read_text())
        yield definition["States"]
        path.write_text(json.dumps(definition))


@contextlib.contextmanager
def deployed(
    project: Project, dataset: Path, folder: Path, parameters: Mapping[str, str] | None = None
) -> Iterator[tuple[World, LocalAws]]:
    """The project as the stack `mhealth` on a local AWS that serves `dataset`."""
    aws = local_stack(
        str(dataset),
        folder=folder,
        template=project.template,
        parameters=local_parameters() | dict(parameters or {}),
        spark=kept_spark(),
    )
    with aws:
        yield World(anybody(), aws.endpoint), aws


@contextlib.contextmanager
def hurried(
    dataset: Path, *, tries: int | None = None, report: bool = True, parameters: Mapping[str, str] | None = None
) -> Iterator[World]:
    """A copy of the project, beside `dataset`, deployed so that failures take no time; `tries` is that of `hurry`."""
    project = Project.copied(dataset.parent / "project")
    project.hurry(tries)
    if not report:
        project.leave_out_the_report()
    with deployed(project, dataset, dataset.parent / "world", parameters) as (world, _):
        yield world


@contextlib.contextmanager
def served(*options: str, folder: Path) -> Iterator[str]:
    """The endpoint of a local AWS in this process, for tests of what uses one and starts it by `demo.local_aws`.

    Of the options of `mhealth local up` it heeds the dataset.
    """
    dataset = options[options.index("--dataset") + 1]
    with local_stack(dataset, folder=folder, spark=kept_spark()) as aws:
        yield aws.endpoint


def update(aws: LocalAws, project: Project, stack: str = "mhealth", **parameters: str) -> None:
    """Deploy the project as it is now, as the stack `stack`."""
    deploy(aws.world, template=project.template, stack_name=stack, parameters=local_parameters() | parameters)
