"""Pruning: the partitions and columns that a query reads.

DuckDB's optimizer plans the query on empty placeholders of the partitions. The scans that remain in the plan, with
their columns, are those that the query needs. A condition that the optimizer cannot use prunes nothing, but still
filters the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from local_aws.athena.catalog import Partition, Table
from local_aws.athena.duckdb_process import QueryConnection
from local_aws.athena.errors import from_duckdb
from local_aws.athena.prepared import Prepared
from local_aws.athena.scans import columns_of, key_constants, nothing, padded, partitions_of, stand_in

Scan = tuple[Partition, frozenset[str]]
"""A partition that is read, and its columns that are read."""

_PLANNED_AT_ONCE = 50


def needed_scans(prepared: Prepared, stub: Path, connection: QueryConnection) -> dict[Table, list[Scan]]:
    """The remaining scans of each table in the plan, one for each time that a partition is read.

    `stub` is an empty file for the placeholders. Raises QueryFailedError for an invalid partition value.
    """
    tables = list(prepared.tables.values())
    places = {table: place for place, table in enumerate(tables)}

    def whole(table: Table) -> str:
        return stand_in(table, stub, f"{places[table]}:0", {}, [column for column, _ in columns_of(table)])

    used: dict[Table, set[str]] = {table: set() for table in tables}
    at_first = _scans_in_plan(prepared, whole, connection)
    for place, _, columns in at_first:
        used[tables[place]].update(columns)
    # A query without conditions on the keys reads all partitions alike: one placeholder is enough.
    parted = {table for table in tables if any(key in used[table] for key, _ in table.keys)}

    def of(parts: range) -> Callable[[Table], str]:
        def by_partition(table: Table) -> str:
            if table not in parted:
                return whole(table)
            found = partitions_of(table)
            scans = [
                stand_in(
                    table, stub, f"{places[table]}:{part}", key_constants(table, found[part], connection), used[table]
                )
                for part in parts
                if part < len(found)
            ]
            return padded(table, " UNION ALL ".join(scans), used[table]) if scans else nothing(table)

        return by_partition

    needed: dict[Table, list[Scan]] = {table: [] for table in tables}
    for parts in _shares(max((len(partitions_of(table)) for table in parted), default=0), alone=len(at_first) == 1):
        for place, part, columns in _scans_in_plan(prepared, of(parts), connection):
            table = tables[place]
            found = partitions_of(table)
            needed[table] += [(one, columns) for one in (found[part : part + 1] if table in parted else found)]
    return needed


def _shares(partitions: int, *, alone: bool) -> Iterator[range]:
    """The numbers of the partitions that are planned together: all, or a share where the query reads nothing else.

    DuckDB's planning grows with the square of the placeholders. In a share of a query that reads more than one relation
    a partition might look needless because those that it is joined with are in another share.
    """
    share = _PLANNED_AT_ONCE if alone else max(partitions, 1)
    # The last come first, as in a plan of all.
    return (range(start, start + share) for start in reversed(range(0, max(partitions, 1), share)))


def _scans_in_plan(
    prepared: Prepared, body: Callable[[Table], str], connection: QueryConnection
) -> list[tuple[int, int, frozenset[str]]]:
    """The placeholders in the plan: (index of the table, number of the partition, columns)."""
    try:
        plan = connection.rows(f"EXPLAIN (FORMAT JSON) {prepared.sql(body)}")[0][1]
    except duckdb.Error as error:
        raise from_duckdb(error) from error
    tables = list(prepared.tables.values())
    found = []
    waiting: list[dict[str, Any]] = list(json.loads(plan))
    while waiting:
        node = waiting.pop()
        waiting += node["children"]
        shown = node.get("extra_info") or {}
        if shown.get("Function") != "READ_CSV":
            continue
        names = shown["Projections"]
        marks = [name.split(":") for name in ([names] if isinstance(names, str) else names)]
        place, part = int(marks[0][0]), int(marks[0][1])
        columns = columns_of(tables[place])
        found.append((place, part, frozenset(columns[int(column)][0] for _, _, column in marks if column)))
    return found
