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


@app.command()
def scaling(sizes: Annotated[str, typer.Option(help="times the real row counts, with commas")] = "1,8,32") -> None:
    """Run the two jobs at several sizes, and at the middle one on one core."""
    from benchmarks.scaling import run

    run([int(size) for size in sizes.split(",")])


@app.command()
def one_file(gigabytes: Annotated[str, typer.Option(help="sizes, with commas")] = "0.5,2") -> None:
    """Run the two jobs on one large source file that holds every subject."""
    from benchmarks.scaling import run_one_file

    run_one_file([float(size) for size in gigabytes.split(",")])


@app.command()
def change(scale: Annotated[int, typer.Option(help="times the real row counts")] = 8) -> None:
    """Run the two jobs on everything, then again with one changed subject."""
    from benchmarks.scaling import run_change

    run_change(scale)


@app.command()
def execution(scale: Annotated[int, typer.Option(help="times the real row counts")] = 1) -> None:
    """Run the whole execution on the local AWS beside the bare jobs, and see what queries scan."""
    from benchmarks.execution import run

    run(scale)


@app.command()
def many(
    subjects: Annotated[int, typer.Option(help="how many")] = 2000,
    rows: Annotated[int, typer.Option(help="of each")] = 600,
) -> None:
    """Run the whole execution on the local AWS over many small files."""
    from benchmarks.execution import run_many

    run_many(subjects, rows)


@app.command()
def ingest(gigabytes: Annotated[float, typer.Option(help="of the source file")] = 2.0) -> None:
    """Run the Lambda function on one large file."""
    from benchmarks.ingest import run

    run(gigabytes)


@app.command()
def page() -> None:
    """Make the tables and pictures of docs/performance.md and docs/scale.md anew, from benchmarks/results."""
    from benchmarks.page import write

    for path in write():
        print(path.relative_to(ROOT))


@app.callback()
def main() -> None:
    """Measure."""


if __name__ == "__main__":
    app()
