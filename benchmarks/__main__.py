"""`python -m benchmarks NAME`: run one measurement, print it and store it in benchmarks/results/."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from benchmarks.places import ROOT

sys.path.insert(0, str(ROOT / "glue"))  # as Glue's --extra-py-files does
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True, help=__doc__)


@app.command()
def formats(
    scale: Annotated[int, typer.Option(help="times the real row counts")] = 1,
    subjects: Annotated[int | None, typer.Option(help="only the first N subjects")] = None,
) -> None:
    """Compare encodings, compression levels and sizes of the table's files."""
    from benchmarks.formats import run

    run(scale, subjects)


@app.command()
def bench(
    scale: Annotated[int, typer.Option(help="times the real row counts")] = 8,
    rounds: Annotated[int, typer.Option(help="interleaved rounds")] = 3,
    subjects: Annotated[int | None, typer.Option(help="instead of the real row counts: number of subjects ...")] = None,
    rows: Annotated[int, typer.Option(help="... and rows of each")] = 600,
    only: Annotated[str, typer.Option(help="names of competitors, separated by commas")] = "",
    slope: Annotated[int, typer.Option(help="the larger scale of the CPU seconds without starts; 0: none")] = 0,
) -> None:
    """Compare this project with other tools."""
    from benchmarks.bench import run
    from benchmarks.dataset import Shape
    from benchmarks.implementations import IMPLEMENTATIONS

    shape = Shape(scale) if subjects is None else Shape(rows=(rows,) * subjects)
    run(shape, rounds, tuple(only.split(",")) if only else tuple(IMPLEMENTATIONS), slope)


@app.command()
def scaling(sizes: Annotated[str, typer.Option(help="times the real row counts, with commas")] = "1,8,32") -> None:
    """Run the two jobs at several sizes, and at the middle size on one core."""
    from benchmarks.scaling import run

    run([int(size) for size in sizes.split(",")])


@app.command()
def one_file(gigabytes: Annotated[str, typer.Option(help="sizes, with commas")] = "0.5,2") -> None:
    """Run the two jobs on one large source file with all subjects."""
    from benchmarks.scaling import run_one_file

    run_one_file([float(size) for size in gigabytes.split(",")])


@app.command()
def change(scale: Annotated[int, typer.Option(help="times the real row counts")] = 8) -> None:
    """Run the two jobs on the whole dataset, then again with one changed subject."""
    from benchmarks.scaling import run_change

    run_change(scale)


@app.command()
def execution(scale: Annotated[int, typer.Option(help="times the real row counts")] = 1) -> None:
    """Run a whole execution on the local AWS and the two jobs alone, and measure the bytes scanned by queries."""
    from benchmarks.execution import run

    run(scale)


@app.command()
def many(
    subjects: Annotated[int, typer.Option(help="how many")] = 2000,
    rows: Annotated[int, typer.Option(help="of each")] = 600,
) -> None:
    """Run a whole execution on the local AWS over many small files."""
    from benchmarks.execution import run_many

    run_many(subjects, rows)


@app.command()
def ingest(gigabytes: Annotated[float, typer.Option(help="of the source file")] = 2.0) -> None:
    """Run the Lambda function on one large file."""
    from benchmarks.ingest import run

    run(gigabytes)


@app.command()
def page() -> None:
    """Update the tables and pictures of docs/performance.md and docs/scale.md from benchmarks/results."""
    from benchmarks.page import write

    for path in write():
        print(path.relative_to(ROOT))


@app.callback()
def main() -> None:
    """Measure."""


if __name__ == "__main__":
    app()
