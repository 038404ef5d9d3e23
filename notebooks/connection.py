"""Connection of a notebook to a stack, on the local AWS or deployed. Names come from the stack's outputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import boto3

from local_aws.client import ENDPOINT, call_only
from mhealth_ops.operations.account import plainly, require_local_aws, session
from mhealth_ops.operations.snapshots import publication, readers_see
from mhealth_ops.operations.stacks import Stack

LOCAL_REGION = "us-east-1"
"""The region of the local AWS."""


class NothingPublished(Exception):
    """No snapshot is published yet."""


_SAID = {
    "synthetic": (
        "The data are synthetic: generated, not measured. For the real recordings use: make notebook DATASET=kaggle"
    ),
    "kaggle": "The data are the recordings on Kaggle.",
}


@dataclass(frozen=True)
class Connection:
    """A stack, on AWS or not, and its dataset. `source` is the credit line for every picture."""

    stack: Stack
    source: str
    on_aws: bool = False

    @property
    def session(self) -> boto3.Session:
        """The session for boto3, awswrangler and PyAthena."""
        return self.stack.session

    @property
    def bucket(self) -> str:
        """The data bucket."""
        return self.stack.bucket

    @property
    def database(self) -> str:
        """The Glue database with the view mhealth."""
        return self.stack.outputs["DatabaseName"]

    @property
    def workgroup(self) -> str:
        """The Athena workgroup, which sets the location of results."""
        return self.stack.outputs["WorkGroupName"]

    def document(self, key: str) -> dict[str, Any]:
        """Read a manifest by its key."""
        return self.stack.document(key)

    def published(self) -> dict[str, Any]:
        """The publication record of the published snapshot: snapshot, raw_version, code_version and more.

        Raises NothingPublished.
        """
        seen = readers_see(self.stack)
        found = None if seen is None else publication(self.stack, seen)
        if found is None:
            raise NothingPublished("Nothing is published yet. Start a run: 03_pipeline.ipynb does, or `mhealth run`.")
        return found

    def may_start_a_run(self) -> bool:
        """Ask whether a run of a stack on AWS may start. A run on the local AWS costs nothing."""
        return self._agreed("A run of the stack {} on AWS costs money if something is new, and then publishes it.")

    def may_move_readers(self) -> bool:
        """Ask whether the readers of a stack on AWS may get another snapshot. The local AWS has no other readers."""
        return self._agreed("Every reader of the stack {} on AWS will see another snapshot.")

    def _agreed(self, consequence: str) -> bool:
        name = self.stack.name
        return not self.on_aws or input(f"{consequence.format(name)} Type {name} to go on: ").strip() == name


def connect(stack_on: str) -> Connection:
    """Connect to the stack named in STACK (default mhealth): `stack_on` is `local` or `aws`.

    `local` is the local AWS at AWS_ENDPOINT_URL, which `make notebook` sets, or at the default port of `make up`; `aws`
    is the account of your credentials. All later AWS calls of this process go there. Raises NoSuchStack,
    CannotReachAws; ValueError for another value.
    """
    if stack_on not in {"local", "aws"}:
        raise ValueError(f'STACK_ON is {stack_on!r}; expected "local" or "aws"')
    if stack_on == "local":
        endpoint = os.environ.get("AWS_ENDPOINT_URL", ENDPOINT)
        require_local_aws(endpoint, 'give another address in AWS_ENDPOINT_URL, or set STACK_ON = "aws"')
        call_only(endpoint, LOCAL_REGION)
        dataset = os.environ.get("DATASET", "synthetic")
    else:
        os.environ.pop("AWS_ENDPOINT_URL", None)
        dataset = "kaggle"
    with plainly():
        stack = Stack.named(os.environ.get("STACK", "mhealth"), session(os.environ.get("REGION", "")))
    region = stack.session.region_name
    place = f"the local AWS at {os.environ['AWS_ENDPOINT_URL']}" if stack_on == "local" else f"AWS, {region}"
    print(f"Stack {stack.name} on {place}. {_SAID.get(dataset, f'Data: the files in {dataset}.')}")
    sources = {"synthetic": "Synthetic data, no person was measured", "kaggle": "mHealth, Banos et al. 2014, CC BY 4.0"}
    return Connection(stack, sources.get(dataset, f"Files in {dataset}"), stack_on == "aws")
