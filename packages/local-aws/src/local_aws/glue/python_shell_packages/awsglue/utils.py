"""awsglue.utils of a Python shell job: the arguments of the run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


class GlueArgumentError(Exception):
    """The run was not given an argument that the script asks for."""


class _Parser(argparse.ArgumentParser):
    """Raises what Glue raises, instead of ending the process."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Raise GlueArgumentError."""
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 - Glue's own name
    """The values of `options` (names without dashes) in `args`, which is sys.argv. Raises GlueArgumentError."""
    parser = _Parser(allow_abbrev=False, add_help=False)
    for name in options:
        parser.add_argument(f"--{name}", dest=name, required=True)
    known, _ = parser.parse_known_args(list(args)[1:])
    return vars(known)
