"""`local-aws run`: an execution, started and followed to its end."""

from __future__ import annotations

from typing import Annotated

import typer

from local_aws.commands.place import Endpoint, OnAws, Place, Profile, Region, StackName


def run(
    *,
    version: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Publish this version of the dataset, the newest one or not.")
    ] = None,
    on_aws: OnAws = False,
    stack: StackName = "mhealth",
    region: Region = "",
    profile: Profile = "",
    endpoint: Endpoint = "",
) -> None:
    """Start an execution of the daily run and follow it, state by state.

    Ends with 0 when the execution succeeded, also when there was nothing new or another execution does the work; with
    1 when it failed, and then says with which error, why, and what to do. Ctrl-C stops following (130); the execution
    goes on.

    Examples:
    * `local-aws run` on the local AWS that `make up` started

    * `local-aws run --version 3` publishes version 3 of the dataset again (a backfill)

    * `local-aws run --aws --stack mhealth --region eu-central-1` on AWS

    """
    place = Place(on_aws, stack, region, profile, endpoint)
    # Late: help and completion must not wait for AWS's libraries.
    from local_aws.operations.running import run_and_tell
    from local_aws.operations.telling import FAILED, told

    with told() as console:
        if not run_and_tell(console, place.find(), version, again=f"local-aws run{place.told()}"):
            raise typer.Exit(FAILED)
