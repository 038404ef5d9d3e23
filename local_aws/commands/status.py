"""`local-aws status`: what is published, how the last runs ended, when the next one starts."""

from __future__ import annotations

from typing import Annotated

import typer

from local_aws.commands.place import Endpoint, OnAws, Place, Profile, Region, StackName


def status(
    *,
    runs: Annotated[int, typer.Option(min=1, max=100, metavar="N", help="How many of the last runs to list.")] = 5,
    on_aws: OnAws = False,
    stack: StackName = "mhealth",
    region: Region = "",
    profile: Profile = "",
    endpoint: Endpoint = "",
) -> None:
    """Show what readers see, what was rejected, the snapshots, the last runs and the next one.

    Ends with 0 whatever it shows: a look is no check (`make verify` is one).

    Examples:
    * `local-aws status`

    * `local-aws status --runs 20 --aws --profile production`

    """
    place = Place(on_aws, stack, region, profile, endpoint)
    # Late: help and completion must not wait for AWS's libraries.
    from local_aws.operations.status import print_status
    from local_aws.operations.telling import told

    with told() as console:
        print_status(console, place.find(), place.where(), runs=runs, starts_by_itself=on_aws)
