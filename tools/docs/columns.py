"""docs/columns.md, made from the template's table: `python -m tools.docs.columns` (`make reference`) writes it."""

from __future__ import annotations

from typing import Any

from tools.docs.parameters import cell, template
from tools.paths import DOCS

PAGE = DOCS / "columns.md"
UNITS = {"m/s2": "m/s²", "mV": "mV", "deg/s": "°/s", "local units": "local units"}
"""How a column's comment ends that has a unit, and the unit as the page writes it."""
SQL_TYPES = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
"""Athena's names, as a query and its errors have them, where they are not those of the table."""

_HEAD = """# Columns of mhealth

This page is made from `cloudformation/template.yaml` by `make reference`; a test fails when the two do not agree.

The view `mhealth` shows the published snapshot; the table `mhealth_snapshots` has the same columns and shows every
snapshot that is kept. Samples come 50 times a second. `DESCRIBE mhealth_snapshots` prints the same in Athena.

| column | type in a query | unit | what it is |
|---|---|---|---|
"""

_TAIL = """
`snapshot` and `subject` are partitions: a query that names a subject reads that subject's file and no other. In a
source without a sensor ([input.md](input.md)) its columns are null. A column that a later version adds is null in the
snapshots before it. `activity` is never null; what the activities are called, and how long each was recorded, the named
query `MinutesPerActivity` tells.
"""


def page(template: dict[str, Any]) -> str:
    """The page as text."""
    table = template["Resources"]["SnapshotsTable"]["Properties"]["TableInput"]
    return _HEAD + "".join(map(_row, [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]])) + _TAIL


def _row(column: dict[str, str]) -> str:
    text, unit = column["Comment"], ""
    for ending, written in UNITS.items():
        if text.endswith(f", {ending}"):
            text, unit = text.removesuffix(f", {ending}"), written
    kind = SQL_TYPES.get(column["Type"], column["Type"])
    return f"| {column['Name']} | {kind} | {unit} | {cell(text)} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(template()))
