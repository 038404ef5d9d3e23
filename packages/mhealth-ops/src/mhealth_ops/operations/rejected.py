"""`mhealth quarantine`: the rejected lines of a dataset version, by reason and file."""

from __future__ import annotations

import csv
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mhealth_ops.operations.errors import OperationFailed
from mhealth_ops.operations.stacks import Stack
from mhealth_ops.operations.zones import RejectedLine, quarantine_objects, rejected_lines

_MANIFEST = re.compile(r"manifests/raw/version=([0-9]+)\.json")
_FIELDS = ("version", "file", "line", "reason", "text", "key")

Form = Literal["table", "csv", "json"]


def landed_version(stack: Stack, version: int | None) -> tuple[int, dict[str, Any]]:
    """A landed version and its raw manifest; None means the one that landed last. Raises OperationFailed."""
    pages = stack.session.client("s3").get_paginator("list_objects_v2")
    found = {
        int(match[1]): each["LastModified"]
        for page in pages.paginate(Bucket=stack.bucket, Prefix="manifests/raw/")
        for each in page.get("Contents", [])
        if (match := _MANIFEST.fullmatch(each["Key"]))
    }
    if not found:
        raise OperationFailed("No version of the dataset has landed yet: start mhealth run.")
    number = max(found, key=lambda each: (found[each], each)) if version is None else version
    if number not in found:
        landed = ", ".join(map(str, sorted(found)))
        raise OperationFailed(f"Version {number} has not landed. These have: {landed}.")
    return number, stack.document(f"manifests/raw/version={number}.json")


def show_rejected(console: Console, stack: Stack, version: int | None, *, form: Form, most: int) -> None:
    """Write the rejected lines: as a table with counts and the first `most` lines, or all of them as CSV or JSON."""
    number, manifest = landed_version(stack, version)
    objects = quarantine_objects(stack, manifest["files"])
    lines = (line for key, _ in sorted(objects) for line in rejected_lines(stack, key))
    match form:
        case "csv":
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(_FIELDS)
            writer.writerows([number, each.file, each.line, each.reason, each.text, each.key] for each in lines)
        case "json":
            _write_json(number, lines)
        case "table":
            _print_tables(console, stack, number, manifest["files"], lines, most)


def _write_json(version: int, lines: Iterable[RejectedLine]) -> None:
    before = "[\n"
    for each in lines:
        sys.stdout.write(before + json.dumps({"version": version, **asdict(each)}, ensure_ascii=False))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def kind_of(reason: str) -> str:
    """A reason without the value of the line that it quotes, to count by.

    >>> kind_of("25 fields, expected 24"), kind_of("field 24 (label) is not a whole number from 0 to 12: '99'")
    ('25 fields, expected 24', 'field 24 (label) is not a whole number from 0 to 12')
    """
    return re.sub(r": '.*'$", "", reason)


def _print_tables(
    console: Console,
    stack: Stack,
    version: int,
    files: list[dict[str, Any]],
    lines: Iterator[RejectedLine],
    most: int,
) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    first: list[RejectedLine] = []
    for line in lines:
        counts[line.file, kind_of(line.reason), line.key] += 1
        if len(first) < most:
            first.append(line)
    total, read = sum(counts.values()), sum(file["lines"] for file in files)
    share = f"{total / read:.3%}" if read else "no line"
    limit = stack.parameters.get("MaxBadRowRatio", "?")
    console.print(
        f"Version {version}: {total:,} of {read:,} data lines are rejected ({share}; MaxBadRowRatio is {limit})",
        highlight=False,
        soft_wrap=True,
    )
    if not total:
        return
    table = Table("lines", "reason", "file")
    table.columns[0].justify = "right"
    for (file, reason, _), count in counts.most_common():
        table.add_row(f"{count:,}", Text(reason), Text(file))
    console.print(table)
    keys = sorted({key for _, _, key in counts})
    for key in keys:
        console.print(f"s3://{stack.bucket}/{key}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nThe first {len(first)} lines" if len(first) < total else "\nThe lines", style="bold")
    for line in itertools.islice(first, most):
        where = Text.assemble(
            (f"{line.file}:{line.line}", "bold"), f"  {line.reason}  ", (_printable(line.text), "dim")
        )
        where.truncate(console.width, overflow="ellipsis")
        console.print(where)
    if len(first) < total:
        console.print("--lines N shows more, --format csv or json all.", highlight=False)


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
