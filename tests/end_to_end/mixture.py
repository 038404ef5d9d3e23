"""A dataset in every layout that is met in the wild, and what the table must have of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mhealth_ops.kaggle.synthetic import Layout, write_dataset

from . import sources
from .conftest import World

Read = Callable[[Path], list[sources.Row]]


def _of_one_csv(folder: Path) -> list[sources.Row]:
    return sources.of_one_csv(folder / "mhealth_raw_data.csv")


READERS: dict[Layout, Read] = {
    "spaces": sources.of_logs,
    "csv": sources.of_csvs_with_header,
    "one_csv": _of_one_csv,
}
FIRST, ROWS = 3, 150
"""The subject of the first layout, and the samples of each: two other subjects may be beside them."""
SOMEBODY, SOMEBODYS_ROWS = 6, 100
"""The subject of the recording whose layout nobody agreed on."""


def written(dataset: Path) -> tuple[list[sources.Row], dict[str, float]]:
    """Write a recording of each layout: the rows of those of READERS, and each sensor's value in somebody's.

    The first is a log with spaces, the second a csv, the third in a csv for everyone, the last somebody's own.
    """
    expected: list[sources.Row] = []
    for subject, (layout, read) in enumerate(READERS.items(), start=FIRST):
        folder = dataset / layout
        paths = write_dataset(folder, rows=[1] * (subject - 1) + [ROWS], layout=layout)
        if layout == "one_csv":
            header, *lines = paths[0].read_text().splitlines(keepends=True)
            own = [line for line in lines if line.rstrip().endswith(f"subject{subject}")]
            paths[0].write_text("".join([header, *own]))
        else:
            for path in paths[:-1]:
                path.unlink()
        expected += read(folder)
    assert len(expected) == len(READERS) * ROWS
    return sorted(expected), _write_by_somebody(dataset / "somebody")


def _by_somebody(name: str) -> str:
    """A table's sensor under a name that nobody agreed on, as public repositories have it."""
    spelled = f"chest_{name}" if name.startswith("accel") else name
    for ours, theirs in {"accel": "acc", "ecg_": "ecg_lead", "mag": "magn", "ankle": "left_ankle"}.items():
        spelled = spelled.replace(ours, theirs)
    return spelled.replace("arm_", "right_lower_arm_")


def _write_by_somebody(folder: Path) -> dict[str, float]:
    """A recording of equal lines, by tabs, in an order of their own behind an index; each sensor's value."""
    folder.mkdir()
    values = {name: place + 0.5 for place, name in enumerate(sources.NAMES)}
    header = ["Unnamed: 0", "activity_label", *map(_by_somebody, reversed(values))]
    line = ["4", *map(str, reversed(values.values()))]
    rows = ["\t".join([str(sample), *line]) for sample in range(SOMEBODYS_ROWS)]
    (folder / f"mHealth_subject{SOMEBODY}.log").write_text("\n".join(["\t".join(header), *rows]) + "\n")
    return values


_MEANS = ", ".join(f"sum({name}) / count(*) AS {name}" for name in sources.NAMES)


def means(world: World) -> dict[str, float]:
    """The mean of each sensor in the recording of somebody."""
    (answer,) = world.query(f"SELECT {_MEANS} FROM mhealth WHERE subject = {SOMEBODY}")
    return {name: float(value) for name, value in answer.items()}
