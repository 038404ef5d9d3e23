"""The difference between the local Athena's engines and Trino: `make athena-difference`.

Puts the corpus (packages/local-aws/tests/athena/corpus) to a real Trino, records its answers there, compares the
default engine's with them, prints every statement that is not the same, and updates the table in docs/local-aws.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from local_aws_harness.athena_corpus import CLASSES, SAME, Answer, areas, compare, record, recorded, statements
from local_aws_harness.athena_default import TABLES, Default, default_engine, rows_sql
from local_aws_harness.athena_trino import ask


def record_answers(address: str, area: str, *, again: bool) -> None:
    """Record Trino's answers to an area's statements: to those without one, or to all `again`."""
    known = {} if again else recorded(area)
    record(area, {sql: known.get(sql) or ask(address, sql) for sql in statements(area)})


def make_tables(address: str) -> None:
    """Create the corpus's tables in Trino's memory connector."""
    for name, (columns, _) in TABLES.items():
        typed = ", ".join(f'"{column}" {kind}' for column, _, kind in columns)
        for sql in (
            f"DROP TABLE IF EXISTS {name}",
            f"CREATE TABLE {name} ({typed})",
            f"INSERT INTO {name} {rows_sql(name)}",
        ):
            if error := ask(address, sql).error:
                raise SystemExit(f"Trino at {address} refuses the corpus's table {name}: {error}")


def difference(engine: Default, area: str) -> list[tuple[str, str, Answer, Answer]]:
    """Class, statement, Trino's answer and the default engine's, for each statement of an area."""
    answers = recorded(area)
    found = ((sql, answers[sql], engine.ask(sql)) for sql in statements(area))
    return [(compare(sql, trino, other), sql, trino, other) for sql, trino, other in found]


def main() -> None:
    """Record, compare and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--trino", metavar="URL", help="a running Trino with the memory connector")
    options.add_argument("--again", action="store_true", help="record all answers again, not only missing ones")
    options.add_argument("areas", nargs="*", help="areas of the corpus; all by default")
    given = options.parse_args()
    chosen = given.areas or areas()
    if given.trino:
        make_tables(given.trino)
        for area in chosen:
            record_answers(given.trino, area, again=given.again)
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, default_engine(Path(folder)) as engine:
        for area in chosen:
            found = difference(engine, area)
            for kind, sql, trino, other in found:
                if kind != SAME:
                    sys.stdout.write(f"{kind}: {sql}\n  Trino:   {_told(trino)}\n  default: {_told(other)}\n")
            total.update(kind for kind, *_ in found)
    sys.stdout.write(", ".join(f"{kind} {total[kind]}" for kind in CLASSES) + f", of {total.total()}\n")


def _told(answer: Answer) -> str:
    if answer.error:
        return f"{answer.error[0]}: {answer.error[1]}"
    return f"{[kind for _, kind in answer.columns]} {[list(row) for row in answer.rows]}"


if __name__ == "__main__":
    main()
