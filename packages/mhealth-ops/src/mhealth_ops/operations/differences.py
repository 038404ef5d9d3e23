"""`mhealth diff`: what differs between two snapshots: subjects, rows, columns, and values, counted through Athena."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from mhealth_ops.operations.asking import scanned
from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.queries import run_query
from mhealth_ops.operations.snapshots import TABLE, manifest, written
from mhealth_ops.operations.stacks import Stack

_KEYS = frozenset({"id", "subject", "snapshot"})


@dataclass(frozen=True)
class Subject:
    """A subject's rows in both snapshots (None: it is not in one), and what its values depend on."""

    number: int
    rows: tuple[int | None, int | None]
    made_from: tuple[object, object]

    @property
    def is_in_both(self) -> bool:
        """Whether both snapshots have the subject."""
        return None not in self.rows

    @property
    def may_differ(self) -> bool:
        """Whether its values may differ: its source, the code or a setting did."""
        return self.is_in_both and self.made_from[0] != self.made_from[1]


@dataclass(frozen=True)
class Values:
    """Of a subject: rows that only the first or the second snapshot has, and the changed values of each column."""

    subject: int
    only_first: int
    only_second: int
    changed: dict[str, int]


def show_differences(console: Console, stack: Stack, first: int, second: int) -> None:
    """Print the differences between two snapshots. Raises OperationFailed if one has no manifest."""
    old, new = _manifest(stack, first), _manifest(stack, second)
    subjects = _subjects(old, new)
    _print_totals(console, old, new)
    _print_columns(console, old, new)
    asked = [each.number for each in subjects if each.may_differ]
    columns = _common_columns(old, new)
    values, read = _values(stack, first, second, asked, columns)
    _print_subjects(console, subjects, {each.subject: each for each in values})
    _print_values(console, values)
    if asked:
        subjects_compared = f"{len(asked)} subject{'' if len(asked) == 1 else 's'} compared"
        console.print(f"{subjects_compared} in Athena, {scanned(read)} scanned", highlight=False)


def _manifest(stack: Stack, number: int) -> dict[str, Any]:
    found = manifest(stack, number)
    if found is None:
        kept = ", ".join(str(each.number) for each in written(stack)) or "none"
        raise OperationFailed(f"There is no snapshot {number}. These are kept: {kept}.")
    return found


def _subjects(old: dict[str, Any], new: dict[str, Any]) -> list[Subject]:
    before, after = _by_subject(old), _by_subject(new)
    nothing: tuple[int | None, object] = (None, None)
    return [
        Subject(
            number,
            (before.get(number, nothing)[0], after.get(number, nothing)[0]),
            (before.get(number, nothing)[1], after.get(number, nothing)[1]),
        )
        for number in sorted(before.keys() | after.keys())
    ]


def _by_subject(made: dict[str, Any]) -> dict[int, tuple[int, object]]:
    """The rows of each subject, and the content, code and settings that its values depend on."""
    contents = {
        source["raw_key"].partition("/")[2].removesuffix(".csv"): source["sha256"] for source in made["sources"]
    }
    settings = (made["code_version"], made["recording_start"], tuple(made["columns"]))
    found: dict[int, tuple[int, object]] = {}
    for file in made["files"]:
        rows, _ = found.get(file["subject"], (0, None))
        stems = [key.partition("/")[2].removesuffix(".parquet") for key in file["stage_keys"]]
        made_from = (settings, tuple(contents.get(stem, stem) for stem in stems))
        found[file["subject"]] = (rows + file["rows"], made_from)
    return found


def _print_totals(console: Console, old: dict[str, Any], new: dict[str, Any]) -> None:
    table = Table("", str(old["snapshot"]), str(new["snapshot"]))
    for column in table.columns[1:]:
        column.justify = "right"
    table.add_row("version of the dataset", str(old["raw_version"]), str(new["raw_version"]))
    table.add_row("code version", old["code_version"], new["code_version"])
    for name, of in (
        ("subjects", lambda made: len(_by_subject(made))),
        ("rows", lambda made: sum(file["rows"] for file in made["files"])),
        ("rejected lines", lambda made: sum(source["quarantined"] for source in made["sources"])),
    ):
        table.add_row(name, f"{of(old):,}", f"{of(new):,}")
    console.print(table)


def _columns(made: dict[str, Any]) -> list[str]:
    """`name type` of each column."""
    return [str(each) for each in made["columns"]]


def _common_columns(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    before = set(_columns(old))
    names = [each.split()[0] for each in _columns(new) if each in before]
    return [name for name in names if name not in _KEYS]


def _print_columns(console: Console, old: dict[str, Any], new: dict[str, Any]) -> None:
    before, after = _columns(old), _columns(new)
    for word, names in (
        ("Columns removed", [each for each in before if each not in after]),
        ("Columns added", [each for each in after if each not in before]),
    ):
        if names:
            console.print(f"{word}: {', '.join(names)}", highlight=False, soft_wrap=True)


def comparison(first: int, second: int, subjects: list[int], columns: list[str]) -> str:
    """The query that counts the differing values of subjects, by subject and column."""
    within = ", ".join(map(str, subjects))
    both = "a.id IS NOT NULL AND b.id IS NOT NULL"
    counts = [f'count_if({both} AND a."{name}" IS DISTINCT FROM b."{name}") AS "{name}"' for name in columns]
    sides = [
        f"(SELECT * FROM {TABLE} WHERE snapshot = {number} AND subject IN ({within}))"  # noqa: S608
        for number in (first, second)
    ]
    selected = ["coalesce(a.subject, b.subject)", "count_if(b.id IS NULL)", "count_if(a.id IS NULL)", *counts]
    return f"SELECT {', '.join(selected)} FROM {sides[0]} a FULL OUTER JOIN {sides[1]} b ON a.id = b.id GROUP BY 1 ORDER BY 1"  # noqa: S608, E501


def _values(stack: Stack, first: int, second: int, subjects: list[int], columns: list[str]) -> tuple[list[Values], int]:
    if not subjects:
        return [], 0
    result = run_query(stack, comparison(first, second, subjects, columns))
    found = []
    for row in result.rows:
        subject, only_first, only_second, *counts = (int(cell or 0) for cell in row)
        changed = {name: count for name, count in zip(columns, counts, strict=True) if count}
        found.append(Values(subject, only_first, only_second, changed))
    return found, result.scanned


def _print_subjects(console: Console, subjects: list[Subject], values: dict[int, Values]) -> None:
    table = Table("subject", "rows before", "rows after", "what changed")
    for column in table.columns[:3]:
        column.justify = "right"
    for each in subjects:
        if what := _what_changed(each, values.get(each.number)):
            cells = ("" if rows is None else f"{rows:,}" for rows in each.rows)
            table.add_row(str(each.number), *cells, what)
    if table.rows:
        console.print(table)
    else:
        console.print("No subject differs.", highlight=False)


def _what_changed(subject: Subject, values: Values | None) -> str:
    if not subject.is_in_both:
        return "new" if subject.rows[0] is None else "gone"
    if values is None:
        return ""
    parts = [
        f"rows gone: {values.only_first:,}" if values.only_first else "",
        f"rows new: {values.only_second:,}" if values.only_second else "",
        f"values changed: {sum(values.changed.values()):,}" if values.changed else "",
    ]
    return ", ".join(part for part in parts if part)


def _print_values(console: Console, values: list[Values]) -> None:
    table = Table("subject", "column", "values changed")
    table.columns[0].justify = table.columns[2].justify = "right"
    for each in values:
        for name, count in each.changed.items():
            table.add_row(str(each.subject), name, f"{count:,}")
    if table.rows:
        console.print(table)
