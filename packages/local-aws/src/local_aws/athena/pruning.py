"""Which partitions and columns a query reads.

DuckDB's optimizer decides: it plans the query over stand-ins of the partitions, and the scans that are left in the
plan, with their columns, are what the query needs. So a condition that the optimizer does not understand prunes
nothing, and is still obeyed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from local_aws.athena.catalog import Partition, Table
from local_aws.athena.duckdb_process import QueryConnection
from local_aws.athena.errors import from_duckdb
from local_aws.athena.prepared import Prepared
from local_aws.athena.scans import columns_of, key_constants, nothing, padded, partitions_of, stand_in

Scan = tuple[Partition, frozenset[str]]
"""A partition that is read, and the columns that are read in it."""


def needed_scans(prepared: Prepared, stub: Path, connection: QueryConnection) -> dict[Table, list[Scan]]:
    """For each table of the query the scans that are left in its plan, one for each time that a partition is read.

    `stub` is an empty file for the stand-ins. Raises QueryFailedError where a partition's value does not fit its key.
    """
    tables = list(prepared.tables.values())
    places = {table: place for place, table in enumerate(tables)}

    def whole(table: Table) -> str:
        return stand_in(table, stub, f"{places[table]}:0", {}, [column for column, _ in columns_of(table)])

    used: dict[Table, set[str]] = {table: set() for table in tables}
    for place, _, columns in _scans_in_plan(prepared, whole, connection):
        used[tables[place]].update(columns)
    # A query that does not look at the keys reads every partition alike: one stand-in serves for all.
    parted = {table for table in tables if any(key in used[table] for key, _ in table.keys)}

    def by_partition(table: Table) -> str:
        if table not in parted:
            return whole(table)
        scans = [
            stand_in(table, stub, f"{places[table]}:{part}", key_constants(table, partition, connection), used[table])
            for part, partition in enumerate(partitions_of(table))
        ]
        return padded(table, " UNION ALL ".join(scans), used[table]) if scans else nothing(table)

    needed: dict[Table, list[Scan]] = {table: [] for table in tables}
    for place, part, columns in _scans_in_plan(prepared, by_partition, connection):
        table = tables[place]
        found = partitions_of(table)
        needed[table] += [(one, columns) for one in (found[part : part + 1] if table in parted else found)]
    return needed


def _scans_in_plan(
    prepared: Prepared, body: Callable[[Table], str], connection: QueryConnection
) -> list[tuple[int, int, frozenset[str]]]:
    """The stand-ins that are left in the plan: (place of the table, number of the partition, columns)."""
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
