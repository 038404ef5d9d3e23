"""`mhealth set`: change parameters of the running local stack."""

from __future__ import annotations

from typing import Annotated

import typer

from mhealth_ops.commands.target import Target, with_target


@with_target
def set_(
    target: Target,
    /,
    values: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="Parameters of the template.")],
) -> None:
    """Change parameters of the running local stack, as a deployment would. Data and other parameters stay.

    Exits with 1, and changes nothing, for an unknown parameter, a value that the template does not allow, or while an
    execution runs. On AWS, deploy instead: `make deploy PARAMETERS=NAME=VALUE`.

    Examples:
    * `mhealth set MaxBadRowRatio=0.01`

    """
    if target.on_aws:
        raise typer.BadParameter(f"set is for the local AWS; on AWS: make deploy PARAMETERS={values[0]!r}")
    parameters = dict(_named(each) for each in values)
    # Imported late: help and completion must not load the AWS libraries.
    from mhealth_ops.operations.parameters import set_parameters
    from mhealth_ops.operations.telling import report_errors

    with report_errors() as console:
        set_parameters(console, target.find(), parameters)


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise typer.BadParameter(f"{text}: expected NAME=VALUE, such as MaxBadRowRatio=0.01")
    return name, value
