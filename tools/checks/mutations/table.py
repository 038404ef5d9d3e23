"""The table of the mutations in docs/checks.md."""

from __future__ import annotations

from pathlib import Path

from tools.checks.mutations.catching import SLOW_TOOLS, Found
from tools.paths import ROOT

DOCUMENT = ROOT / "docs" / "checks.md"
_BEGIN = "<!-- mutations: written by `make mutations` -->"
_END = "<!-- end of mutations -->"


def table(found: Found) -> str:
    """The mutations and the checks that detect them, as a Markdown table."""
    rows = [f"| {name} | {', '.join(checks)} |" for name, checks in found.items() if name]
    return "\n".join(["| mutation | detected by |", "|---|---|", *rows])


def written(document: Path = DOCUMENT) -> str:
    """The table in the document. Raises ValueError where there is none."""
    _, begin, rest = document.read_text().partition(_BEGIN)
    found, end, _ = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{document.name} has no table of mutations between {_BEGIN} and {_END}")
    return found.strip()


def renew(found: Found, document: Path = DOCUMENT) -> None:
    """Write the table to the document."""
    text, old = document.read_text(), written(document)
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    if old != table(found):
        document.write_text(f"{head}{_BEGIN}\n\n{table(found)}\n\n{_END}{tail}")


def stale(found: Found, document: Path = DOCUMENT) -> list[str]:
    """The rows that are missing or wrong in the document. Findings of slow tools are taken from the document."""
    old = set(_without_slow_tools(written(document)))
    return sorted(old ^ set(_without_slow_tools(table(found))))


def _without_slow_tools(text: str) -> list[str]:
    """Rows without the slow tools, except where only they detect the mutation."""
    rows = []
    for row in text.splitlines():
        _, name, checks, *_ = (cell.strip() for cell in row.split("|"))
        quick = [check for check in checks.split(", ") if not check.startswith(SLOW_TOOLS)]
        rows.append(f"| {name} | {', '.join(quick) or checks} |")
    return rows
