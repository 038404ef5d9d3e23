"""The tables of docs/cost.md. `python -m tools.cost.tables` prints them; with --write it updates the page."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence

from tools.cost.cost import (
    GB,
    HOUR,
    PRICES,
    Line,
    after_free_tier,
    crawler_line,
    dpus,
    function_lines,
    job_line,
    month,
    query_line,
    run,
    standing,
    total,
)
from tools.cost.stack import USAGE, Stack
from tools.paths import DOCS

PAGE = DOCS / "cost.md"
JOBS = ("ConvertParquetJob", "GlueTransformJob")


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def usd(amount: float) -> str:
    """An amount, to the cent from one dollar on."""
    if amount >= 1 or amount == 0:
        return f"{amount:,.2f}"
    return f"{amount:.5f}" if amount >= 0.00001 else "< 0.00001"


def number(quantity: float) -> str:
    """A quantity with at most six decimals, without trailing zeros."""
    return f"{quantity:,.6f}".rstrip("0").rstrip(".")


def costs(lines: Sequence[Line]) -> str:
    """The cost of each line, and the total."""
    free = after_free_tier(lines)
    rows = [
        (line.what, f"{number(line.quantity)} {PRICES['prices'][line.price]['unit']}", usd(line.usd), usd(less))
        for line, less in zip(lines, free, strict=True)
    ]
    rows.append(("**total**", "", f"**{usd(total(lines))}**", f"**{usd(sum(free))}**"))
    return markdown(("what", "how much", "USD", "USD after free tier"), rows)


def ranges(least: Sequence[Line], expected: Sequence[Line]) -> str:
    """The least and the expected cost of each line, and the total."""
    free = after_free_tier(expected)
    rows = []
    for one, other, less in zip(least, expected, free, strict=True):
        what = other.what.partition(":")[0] if " x " in other.what else other.what
        rows.append([what, _quantity(one), usd(one.usd), _quantity(other), usd(other.usd), usd(less)])
    totals = [f"**{usd(amount)}**" for amount in (total(least), total(expected), sum(free))]
    rows.append(["**total**", "", totals[0], "", *totals[1:]])
    return markdown(("what", "least", "USD", "expected", "USD", "USD after free tier"), rows)


def _quantity(line: Line) -> str:
    """The quantity as text: that of the line, or with the unit of the price."""
    if " x " in line.what:
        return line.what.partition(": ")[2]
    return f"{number(line.quantity)} {PRICES['prices'][line.price]['unit']}"


def summary(stack: Stack) -> str:
    """The summary of the page."""
    job = Stack(stack.template, stack.definition, **stack.parameters | {"CatalogRefresh": "Job"})
    cases = {
        "a run that computes everything": (run(stack, "full"), run(stack, "full", "expected")),
        "the same with `CatalogRefresh` Job, without a crawler": (run(job, "full"), run(job, "full", "expected")),
        "a run that finds nothing new": (run(stack, "unchanged"),) * 2,
        "a month without any run, one version and one snapshot stored": (standing(stack, 1),) * 2,
        "a month: 1 changed run, 29 that find nothing new": (month(stack, 1), month(stack, 1, "expected")),
        "a month: 30 changed runs": (month(stack, 30), month(stack, 30, "expected")),
        "the same with `CatalogRefresh` Job": (month(job, 30), month(job, 30, "expected")),
    }
    rows = [
        (what, usd(total(least)), usd(total(expected)), usd(sum(after_free_tier(expected))))
        for what, (least, expected) in cases.items()
    ]
    return markdown(("what", "USD, least", "USD, expected", "expected, after free tier"), rows)


def queries() -> str:
    """The cost of queries of the published snapshot."""
    rows = []
    for what, each in USAGE["queries"].items():
        line = query_line(what, each["bytes"])
        rows.append((what, f"{each['bytes'] / 1e6:.1f} MB", f"{line.quantity * 1e6:.1f} MB", usd(line.usd)))
    return markdown(("query", "scans", "billed", "USD"), rows)


def extras(stack: Stack) -> str:
    """Additional cost, per month."""
    version = USAGE["stored_bytes"]["version"]["bytes"] / GB
    rows = {
        "`DataKey` after its first rotation, and again after its second (not after later ones)": Line(
            "", "kms_key_month", len(stack.of_type("AWS::KMS::Key"))
        ),
        "the secret of `KaggleSecretArn`, where one is used": Line("", "secret_month", 1),
        "each further version of the dataset in which every file changed, in `raw/` and `stage/`": Line(
            "", "s3_gb_month", version
        ),
        "a hundred e-mails of the topic": Line("", "sns_email", 100),
        "a thousand messages through the dead-letter queue, each put, read and deleted": Line("", "sqs_request", 3000),
    }
    return markdown(("what", "USD per month"), [(what, usd(line.usd)) for what, line in rows.items()])


def bounds(stack: Stack) -> str:
    """The most that a day can cost: each part hangs until its limit."""
    states = stack.definition["States"]
    tries = 1 + sum(retry["MaxAttempts"] for retry in states["DownloadCSV"]["Retry"])
    timeout = stack.properties("DownloadFunction")["Timeout"]
    polled = max(choice.get("NumericGreaterThanEquals", 0) for choice in states[USAGE["polling"]["state"]]["Choices"])
    rows = [
        (
            f"`DownloadFunction` runs for its full {timeout} s in {tries} attempts",
            function_lines(stack, "DownloadFunction", tries * timeout),
        ),
        *[
            (f"`{job}` hangs until its Timeout, {minutes:g} minutes", [job_line(stack, job, minutes * 60)])
            for job in JOBS
            for minutes in [stack.properties(job)["Timeout"]]
        ],
        (
            f"`Crawler` still runs when the state machine stops waiting, after {polled / 60:g} minutes",
            [crawler_line(polled)],
        ),
    ]
    limit = stack.properties("WorkGroup")["WorkGroupConfiguration"]["BytesScannedCutoffPerQuery"]
    return markdown(
        ("what", "USD"),
        [
            *((what, usd(total(lines))) for what, lines in rows),
            ("**all of these in one day**", f"**{usd(sum(total(lines) for _, lines in rows))}**"),
            (f"one query cancelled at `MaxBytesScanned`, {limit / GB:,.1f} GB", usd(query_line("", limit).usd)),
        ],
    )


def levers(stack: Stack) -> str:
    """The cost of a full run with other settings."""
    shell = {"Command": {"Name": "pythonshell"}, "MaxCapacity": 0.0625}
    others = {
        "current settings": stack,
        "`CatalogRefresh` Job: the second job registers its partitions, no crawler runs": Stack(
            stack.template, stack.definition, **stack.parameters | {"CatalogRefresh": "Job"}
        ),
        "`GlueWorkers` 10, Glue's default number of DPUs": Stack(
            stack.template, stack.definition, **stack.parameters | {"GlueWorkers": 10}
        ),
        "`WorkerType: G.2X`": stack.with_properties(JOBS, WorkerType="G.2X"),
        "`ExecutionClass: FLEX`": stack.with_properties(JOBS, ExecutionClass="FLEX"),
        "Python shell, 1/16 DPU, if it took as long (this code needs Spark)": stack.with_properties(JOBS, **shell),
    }
    now = total(run(stack, "full", "expected"))
    rows = [(what, total(run(other, "full")), total(run(other, "full", "expected"))) for what, other in others.items()]
    job = stack.properties(JOBS[0])
    minute = Line("", "glue_dpu_hour", dpus(job) * 60 / HOUR).usd
    rows.append(("current settings, one job a minute longer", total(run(stack, "full")) + minute, now + minute))
    return markdown(
        ("setting", "USD per full run, least", "expected", "change of the expected"),
        [(what, usd(least), usd(expected), f"{expected - now:+.5f}") for what, least, expected in rows],
    )


def tables(stack: Stack) -> dict[str, str]:
    """Marker -> table."""
    return {
        "summary": summary(stack),
        "full run": ranges(run(stack, "full"), run(stack, "full", "expected")),
        "unchanged run": costs(run(stack, "unchanged")),
        "standing": costs(standing(stack, 1)),
        "month, 1 changed": ranges(month(stack, 1), month(stack, 1, "expected")),
        "month, 30 changed": ranges(month(stack, 30), month(stack, 30, "expected")),
        "extras": extras(stack),
        "queries": queries(),
        "bounds": bounds(stack),
        "levers": levers(stack),
    }


def page(text: str, stack: Stack) -> str:
    """The page with updated tables. Raises LookupError where the markers do not match the tables."""
    made = tables(stack)
    found = re.findall(r"<!-- table: (.+?) -->", text)
    if sorted(found) != sorted(made):
        raise LookupError(f"{PAGE.name}: expected a marker for each of {sorted(made)}, found {sorted(found)}")
    for name, table in made.items():
        text = re.sub(
            rf"(<!-- table: {re.escape(name)} -->\n).*?(\n<!-- end -->)",
            lambda match, table=table: f"{match[1]}\n{table}\n{match[2]}",  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
    return text


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page(PAGE.read_text(), Stack.read()))
    else:
        for name, table in tables(Stack.read()).items():
            print(f"{name}\n\n{table}\n")
