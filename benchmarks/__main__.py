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


@app.command()
def bench(
    scale: Annotated[int, typer.Option(help="times the real row counts")] = 8,
    rounds: Annotated[int, typer.Option(help="interleaved rounds")] = 3,
    subjects: Annotated[int | None, typer.Option(help="instead of the real row counts: so many subjects ...")] = None,
    rows: Annotated[int, typer.Option(help="... of so many rows each")] = 600,
    only: Annotated[str, typer.Option(help="names of contestants, with commas")] = "",
) -> None:
    """Race this project against what one would pick instead."""
    from benchmarks.bench import run
    from benchmarks.contestants import CONTESTANTS
    from benchmarks.dataset import Shape

    shape = Shape(scale) if subjects is None else Shape(rows=(rows,) * subjects)
    run(shape, rounds, tuple(only.split(",")) if only else tuple(CONTESTANTS))


@app.callback()
def main() -> None:
    """Measure."""


if __name__ == "__main__":
    app()
