"""Tables of figures as Markdown, for the terminal and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures, padded so that it reads as plain text, too."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]

    def padded(cells: Sequence[str]) -> str:
        first, *others = (
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "| " + " | ".join([first, *others]) + " |"

    rule = [("-" * width if not place else "-" * (width - 1) + ":") for place, width in enumerate(widths)]
    return "\n".join([padded(lines[0]), padded(rule), *(padded(line) for line in lines[1:])])


def megabytes(size: float) -> str:
    """Bytes as whole megabytes (10^6)."""
    return f"{size / 1e6:,.0f} MB"


def seconds(value: float) -> str:
    """Seconds with one digit."""
    return f"{value:.1f} s"
