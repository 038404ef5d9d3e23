"""The shared resources of the packaging checks: a folder, and one local AWS, created on first use."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import boto3

from tools.checks.environments import tool_environment

if TYPE_CHECKING:
    from local_aws.server import LocalAws

STACK = "packaged"
ARTIFACTS = "artifacts"
"""The bucket of `sam package`."""

SUBJECT_1 = [
    "\t".join(["-9.8184", "0.0092", "0.29563", "0.0041863", *(f"{place}.5" for place in range(19)), "4"]),
    "\t".join(["-9.8489", "0.52404", "0.37348", "-0.016745", *(f"{place}.25" for place in range(19)), "0"]),
]
SUBJECT_2 = ["\t".join(["1.0", "2.0", "3.0", "4.0", *(f"{place}.0" for place in range(19)), "12"])]


@dataclass
class Workshop:
    """A temporary folder and a local AWS, as a context manager. Thread-safe."""

    _ending: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    @cached_property
    def folder(self) -> Path:
        """The temporary folder."""
        return Path(self._ending.enter_context(tempfile.TemporaryDirectory(prefix="checks-")))

    @property
    def built(self) -> Path:
        """The template that `sam build` writes."""
        return self.folder / "build" / "template.yaml"

    @property
    def packaged(self) -> Path:
        """The template that `sam package` writes."""
        return self.folder / "packaged.yaml"

    @property
    def aws(self) -> LocalAws:
        """A local AWS without a stack, with a dataset of two subjects, of two lines and of one."""
        with self._lock:
            return self._aws

    @cached_property
    def _aws(self) -> LocalAws:
        from mhealth_ops.local.stack import local_stack  # late: most checks need no local AWS, which takes seconds

        dataset = self.folder / "dataset"
        dataset.mkdir()
        for subject, lines in ((1, SUBJECT_1), (2, SUBJECT_2)):
            (dataset / f"mHealth_subject{subject}.log").write_text("\n".join(lines) + "\n")
        return self._ending.enter_context(local_stack(str(dataset), folder=self.folder / "aws", template=None))

    def client(self, service: str) -> Any:
        """An administrator's client."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.aws.endpoint,
            region_name=self.aws.region,
            aws_access_key_id="anyone",
            aws_secret_access_key="anything",
        )

    def environment(self) -> dict[str, str]:
        """Environment variables that point a tool to the local AWS."""
        return {**tool_environment(), "AWS_ENDPOINT_URL": self.aws.endpoint, "NO_PROXY": "127.0.0.1"}

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource of the packaged stack."""
        described = self.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        physical: str = described["StackResourceDetail"]["PhysicalResourceId"]
        return physical


def size(byte_count: int) -> str:
    """A size in bytes, kB or MB."""
    return f"{byte_count / 1e6:.1f} MB" if byte_count >= 1e6 else f"{byte_count / 1e3:.0f} kB"
