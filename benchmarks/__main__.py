"""`python -m benchmarks NAME`: one measurement, printed and kept in benchmarks/results/."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmarks.places import ROOT

sys.path.insert(0, str(ROOT / "glue"))  # where Glue's --extra-py-files would put it
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True, help=__doc__)


@app.command()
def formats(
    scale: Annotated[int, typer.Option(help="times the real row counts")] = 1,
    subjects: Annotated[int | None, typer.Option(help="only the first so many subjects")] = None,
) -> None:
    """Try encodings, levels and sizes for the table's files."""
    from benchmarks.formats import run

    run(scale, subjects)


@app.callback()
def main() -> None:
    """Measure."""


if __name__ == "__main__":
    app()
