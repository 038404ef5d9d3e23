"""Connect a notebook to a stack: the one on the local AWS, or one that was deployed. Names come from its outputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import boto3

from local_aws.client import ENDPOINT, call_only
from mhealth_ops.operations.account import plainly, session
from mhealth_ops.operations.snapshots import publication, readers_see
from mhealth_ops.operations.stacks import Stack

LOCAL_REGION = "us-east-1"
"""The region of a stack on the local AWS."""


class NothingPublished(Exception):
    """No run has published yet, so there is nothing to look at."""


_SAID = {
    "synthetic": (
        "The data are synthetic: made by a generator, no person was measured. "
        "For the real recordings start this with: make notebook DATASET=kaggle"
    ),
    "kaggle": "The data are the recordings on Kaggle.",
}


@dataclass(frozen=True)
class Connection:
    """A stack and what its data are. `source` is the line that belongs below every picture."""

    stack: Stack
    source: str

    @property
    def session(self) -> boto3.Session:
        """For boto3, awswrangler and PyAthena."""
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
        """The Athena workgroup; it says where results go."""
        return self.stack.outputs["WorkGroupName"]

    def document(self, key: str) -> dict[str, Any]:
        """A manifest, by its key."""
        return self.stack.document(key)

    def published(self) -> dict[str, Any]:
        """What readers see: snapshot, raw_version, code_version and more, by the record of its publication.

        Raises NothingPublished where they see nothing.
        """
        seen = readers_see(self.stack)
        found = None if seen is None else publication(self.stack, seen)
        if found is None:
            raise NothingPublished("Nothing is published yet. Start a run: 03_pipeline.ipynb does, or `mhealth run`.")
        return found


def connect(stack_on: str) -> Connection:
    """Connect to the stack named in STACK (default mhealth): `stack_on` is `local` or `aws`.

    `local` is the local AWS at AWS_ENDPOINT_URL, which `make notebook` sets, or where `make up` listens; `aws` is the
    account of your usual credentials. Everything in this process that calls AWS goes there from now on. Raises
    NoSuchStack, CannotReachAws; ValueError for another word.
    """
    if stack_on not in {"local", "aws"}:
        raise ValueError(f'STACK_ON is {stack_on!r}; expected "local" or "aws"')
    if stack_on == "local":
        call_only(os.environ.get("AWS_ENDPOINT_URL", ENDPOINT), LOCAL_REGION)
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
    return Connection(stack, sources.get(dataset, f"Files in {dataset}"))
