"""What `local-aws run`, `query`, `status` and `rollback` say for one release: they are commands of `mhealth` now."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

_MISTAKE = 2


def moved(context: typer.Context) -> NoReturn:
    """Name the command that does this now."""
    name = context.info_name
    print(f"`local-aws {name}` is now `mhealth {name}`, with the same arguments.", file=sys.stderr)
    raise typer.Exit(_MISTAKE)
