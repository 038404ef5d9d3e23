"""The difference between the local Athena's two engines and Trino: `make athena-difference`.

The corpus (packages/local-aws/tests/athena/corpus) has statements with what Trino answered. Each is put to both engines
of the local Athena, to Trino only where it is downloaded (make setup-trino). Every answer that is not the same is
printed, and the table in docs/local-aws.md is updated. Statements without an answer get that of `--trino URL`, a Trino
with the memory connector. `--random N` compares the default engine with that Trino on random expressions instead.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from local_aws.athena.trino.distribution import VERSION, TrinoMissingError, distribution
from local_aws_harness.athena_corpus import CLASSES, HONEST, SAME, Answer, areas, compare, record, recorded, statements
from local_aws_harness.athena_default import TABLES, default_engine, rows_sql
from local_aws_harness.athena_on_trino import on_trino
from local_aws_harness.athena_random import Expressions
from local_aws_harness.athena_service import ask_service, make_tables
from local_aws_harness.athena_trino import ask
from tools.paths import DOCS

PAGE = DOCS / "local-aws.md"
_BEGIN, _END = "<!-- athena-difference -->", "<!-- /athena-difference -->"
_AT_ONCE = 3
Compared = list[tuple[str, str, Answer, Answer]]
"""Class, statement, Trino's recorded answer and the engine's."""


def record_answers(address: str, area: str, *, again: bool) -> None:
    """Record Trino's answers to an area's statements: to those without one, or to all `again`."""
    known = {} if again else recorded(area)
    record(area, {sql: known.get(sql) or ask(address, sql) for sql in statements(area)})


def make_memory_tables(address: str) -> None:
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


def difference(chosen: Iterable[str], engine: Callable[[str], Answer], at_once: int = 1) -> Compared:
    """What an engine answers to the statements of some areas, compared with Trino's recorded answers."""
    asked = [(sql, answer) for area in chosen for sql, answer in recorded(area).items()]
    with ThreadPoolExecutor(at_once) as pool:
        answers = pool.map(engine, (sql for sql, _ in asked))
        return [
            (compare(sql, trino, other), sql, trino, other) for (sql, trino), other in zip(asked, answers, strict=True)
        ]


def random_difference(address: str, seed: int, number: int, engine: Callable[[str], Answer]) -> Compared:
    """What the default engine and Trino answer to random expressions."""
    chosen = list(dict.fromkeys(itertools.islice(Expressions(seed).statements(), number)))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = zip(chosen, pool.map(lambda sql: ask(address, sql), chosen), strict=True)
        found = [(sql, trino, engine(sql)) for sql, trino in answers]
    return [(compare(sql, trino, other), sql, trino, other) for sql, trino, other in found]


def tell(engine: str, found: Compared, hidden: Iterable[str]) -> Counter[str]:
    """Print what is not the same; the number of statements by class."""
    for kind, sql, trino, other in found:
        if kind not in hidden:
            sys.stdout.write(f"{kind}: {sql}\n  Trino:   {_told(trino)}\n  {engine}: {_told(other)}\n")
    total = Counter(kind for kind, *_ in found)
    sys.stdout.write(f"{engine}: " + ", ".join(f"{kind} {total[kind]}" for kind in CLASSES) + f", of {total.total()}\n")
    return total


def _told(answer: Answer) -> str:
    if answer.error:
        return f"{answer.error[0]}: {answer.error[1]}"
    return f"{[kind for _, kind in answer.columns]} {[list(row) for row in answer.rows]}"


def table(totals: dict[str, Counter[str]]) -> str:
    """The table of the page."""
    versions = f"Trino {VERSION}, DuckDB {version('duckdb')}, sqlglot {version('sqlglot')}"
    lines = [
        f"{datetime.date.today().isoformat()}, {versions}:",
        "",
        f"| engine | statements | {' | '.join(CLASSES)} |",
        f"|---|{'---|' * (len(CLASSES) + 1)}",
    ]
    for engine, total in totals.items():
        lines.append(f"| {engine} | {total.total()} | {' | '.join(str(total[kind]) for kind in CLASSES)} |")
    return "\n".join(lines)


def write_page(text: str) -> None:
    """Replace the table in docs/local-aws.md."""
    page = PAGE.read_text(encoding="utf-8")
    made = re.sub(rf"(?s){_BEGIN}.*{_END}", lambda _: f"{_BEGIN}\n{text}\n{_END}", page)
    PAGE.write_text(made, encoding="utf-8")


def main() -> None:
    """Record, compare, print, and update the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--trino", metavar="URL", help="a running Trino with the memory connector")
    options.add_argument("--again", action="store_true", help="record all answers again, not only missing ones")
    options.add_argument("--random", type=int, metavar="N", help="compare N random expressions; needs --trino")
    options.add_argument("--seed", type=int, default=0, help="of the random expressions")
    options.add_argument(
        "areas", nargs="*", help="areas of the corpus; all by default, and only then the page is written"
    )
    given = options.parse_args()
    chosen = given.areas or areas()
    if given.trino:
        make_memory_tables(given.trino)
    with tempfile.TemporaryDirectory() as folder, default_engine(Path(folder)) as engine:
        if given.random:
            tell("default", random_difference(given.trino, given.seed, given.random, engine.ask), HONEST)
            return
        if given.trino:
            for area in chosen:
                record_answers(given.trino, area, again=given.again)
        totals = {"default": tell("default", difference(chosen, engine.ask), (SAME,))}
    try:
        distribution()
        with tempfile.TemporaryDirectory() as folder, on_trino(Path(folder)) as service:
            make_tables(service)
            found = difference(chosen, lambda sql: ask_service(service, sql), _AT_ONCE)
            totals["`--athena trino`"] = tell("--athena trino", found, (SAME,))
    except TrinoMissingError as missing:
        sys.stdout.write(f"--athena trino is not compared: {missing}\n")
    if not given.areas and len(totals) > 1:
        write_page(table(totals))


if __name__ == "__main__":
    main()
