"""Tables of figures as Markdown, for the terminal and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: Collection[str] = ()) -> str:
    """A Markdown table, padded so that it is also readable as plain text.

    The first column and those in `words` are text, left-aligned; the others are figures, right-aligned.
    """
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    left = [not place or name in words for place, name in enumerate(head)]

    def padded(cells: Sequence[str]) -> str:
        fitted = (
            cell.ljust(width) if is_text else cell.rjust(width)
            for cell, width, is_text in zip(cells, widths, left, strict=True)
        )
        return "| " + " | ".join(fitted) + " |"

    rule = ["-" * width if is_text else "-" * (width - 1) + ":" for width, is_text in zip(widths, left, strict=True)]
    return "\n".join([padded(lines[0]), padded(rule), *(padded(line) for line in lines[1:])])


def megabytes(size: float) -> str:
    """Bytes as whole megabytes (10^6)."""
    return f"{size / 1e6:,.0f} MB"


def seconds(value: float) -> str:
    """Seconds with one decimal."""
    return f"{value:.1f} s"
